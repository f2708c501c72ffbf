"""The one small language: what it computes is what Python and NumPy would, for whatever names there are."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.expr.language import FUNCTIONS, Expression, read_expression
from convstep.expr.text import ExpressionError
from tests.strategies import tried

RNG = np.random.default_rng(0)
VALUES: dict[str, Any] = {
    "pool": RNG.standard_normal((3, 4)).astype(np.float32),
    "taps": RNG.integers(-4, 5, (2, 3, 4)),
    "row": RNG.standard_normal(4),
    "k": 2,
    "late.k": 10**20 + 1,
    "g": np.float32(0.1),
}
SHAPES = {name: np.shape(value) for name, value in VALUES.items()}


class _Late:
    k = VALUES["late.k"]


PYTHON = VALUES | {name: getattr(np, name) for name in FUNCTIONS} | {"late": _Late}


def read(text: str, **names: Any) -> Expression:
    return read_expression(text, SHAPES | names, "it looks like k", deepest=250)


NUMBERS = st.sampled_from(["k", "late.k", "g", "3", "0.5", "10", "row[k]", "taps[0, 1, -1]", "pool.shape[1]"])
ARRAYS = st.sampled_from(["pool", "taps", "row", "taps[k - 1]", "pool[::2, 1:]", "pool[:, k]", "taps[0][1:]"])


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Terms made of terms; `* 1`, because to NumPy two truths add up to a truth."""
    signs = st.sampled_from(["+", "-", "*", "/", "//", "%", "<", ">=", "==", "!="])
    pairs = st.tuples(inner, signs, inner).map(lambda t: f"(({t[0]} {t[1]} {t[2]}) * 1)")
    called = st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda t: f"({t[0]}({t[1]}) * 1)")
    return pairs | called | inner.map(lambda t: f"(-{t})") | inner.map(lambda t: f"({t} + 0).shape[0]")


@given(st.recursive(NUMBERS | ARRAYS, combined, max_leaves=6))
@settings(max_examples=tried(200))
def test_a_single_value_is_the_one_that_python_and_numpy_compute(text: str) -> None:
    with np.errstate(all="ignore"):
        try:
            wanted = eval(text, {"__builtins__": {}}, PYTHON)
        except (TypeError, ValueError, ArithmeticError, IndexError, AttributeError):
            return  # shapes that do not fit, a number without a shape
        found = read(text).value(VALUES)
    np.testing.assert_array_equal(found, wanted)
    if not any(truth in text for truth in ("<", "=", "is", "any", "all")):
        assert np.asarray(found).dtype == np.asarray(wanted).dtype


CHAINS = ["{0} > 1", "not {0} > 1", "0 < {0} < 1", "{0} and k", "{0} > 9 or all({0} < 9)", "{0} ** 3 > {0}"]


@given(
    st.recursive(st.sampled_from(["pool", "row", "g", "k"]), combined, max_leaves=4), st.sampled_from(CHAINS)
)
@settings(max_examples=tried(100))
def test_many_steps_at_once_hold_as_every_step_alone_does(inner: str, form: str) -> None:
    text = form.format(inner.replace(".shape[0]", ""))
    rng = np.random.default_rng(len(text))
    many = {"pool": rng.standard_normal((5, 1, 3, 4)), "row": rng.standard_normal((5, 2, 4))}
    many |= {"g": rng.standard_normal((1, 2)), "k": rng.standard_normal((5, 1))}
    names = {name: value.shape[2:] for name, value in many.items()}
    whole = read_expression(text, names, "", many=True, deepest=250)
    spread = {name: np.broadcast_to(value, (5, 2, *value.shape[2:])) for name, value in many.items()}
    with np.errstate(all="ignore"):
        held = np.broadcast_to(whole.truth(many), (5, 2))
        for at in np.ndindex(5, 2):
            one = {name: value[at][np.newaxis, np.newaxis] for name, value in spread.items()}
            assert held[at] == whole.truth(one)[0, 0]


def test_a_condition_takes_no_index_that_changes_from_step_to_step() -> None:
    for text, says in [
        ("row[k] > 1", "column 5, 'k': an index is a whole number"),
        ("pool[0:1] > 1", "a slice is not allowed"),
        ("pool.shape[0] > k", "attributes are not allowed"),
        (
            "row[0, 0] > 1",
            "it has 2 indices and may have 1; a name means the cells of one step",
        ),
        ("pool[3, 0] > 1", "index 3 does not exist; it goes from 0 to 2"),
    ]:
        with pytest.raises(ExpressionError, match=says):
            read_expression(text, SHAPES, "", many=True)


def test_the_names_are_those_of_whoever_reads() -> None:
    assert read("max(pool) - late.k").names == {"pool", "late.k"}
    for text, says in [
        ("pol", "did you mean 'pool'"),
        ("zzz", "there are pool, taps, row, k, late.k, g, bias, abs"),
        ("max", "like max\\(pool\\)"),
        ("bias + 1", "column 1, 'bias': this one has no bias"),
        ("late", "no such name"),
        ("late.q", "column 1, 'late.q': no such name; did you mean 'late.k'"),
        ("1 +", "it ends too early; it looks like k"),
        ("(pool\n  + k\n  + q)", "column 17, 'q': no such name"),
    ]:
        with pytest.raises(ExpressionError, match=says):
            read(text, bias="this one has no bias")


def test_an_index_that_is_computed_is_checked_when_it_is() -> None:
    assert read("row[k + 1]").value(VALUES) == operator.getitem(VALUES["row"], 3)
    with pytest.raises(
        ExpressionError, match=r"column 5, 'k \* 2': index 4 does not exist; it goes from 0 to 3"
    ):
        read("row[k * 2]").value(VALUES)
    for text in ("row[g]", "row[pool]", "row[nan]", "row[row[:0]]"):
        with pytest.raises(ExpressionError, match="an index is a whole number"):
            read(text).value(VALUES)


def test_a_text_as_long_as_it_may_be_can_be_a_sum() -> None:
    text = "1+" * 249 + "1"
    assert read(text).value({}) == 250
    with pytest.raises(ExpressionError, match="nested more than 40 deep"):
        read_expression(text, {}, "", many=True)
