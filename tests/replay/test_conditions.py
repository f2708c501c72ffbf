from __future__ import annotations

import builtins
import contextlib
import dataclasses
import itertools
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.backward import conv2d_backward_steps
from convstep.conv.problem import Problem
from convstep.conv.step import Step, quiet
from convstep.conv.step_values import StepValues
from convstep.expr.language import FUNCTIONS
from convstep.expr.text import ExpressionError
from convstep.replay.conditions import Condition
from convstep.steps.cells import Array
from convstep.steps.event import Access, Event, Loop
from convstep.steps.layout import Layout
from convstep.steps.nest import Nest
from tests.replay.stopping import values_at
from tests.strategies import problems

PAIRS: dict[str, Callable[[Any], Any]] = {
    "abs(dz) > 0.1 and i_c == 2": lambda s: abs(s.dz) > 0.1 and s.i_c == 2,
    "isnan(dA)": lambda s: np.isnan(s.dA).any(),
    "not isnan(dA)": lambda s: not np.isnan(s.dA).any(),
    "max(abs(dW)) > 1": lambda s: np.abs(s.dW).max() > 1,
    "dA > 1": lambda s: (s.dA > 1).any(),
    "all(dA > 0)": lambda s: (s.dA > 0).all(),
    "any(x == 0)": lambda s: (s.x == 0).any(),
    "0 < dA < 0.5": lambda s: ((s.dA > 0) & (s.dA < 0.5)).any(),
    "-0.1 < x * w < 0.1 and dz": lambda s: (np.abs(s.x * s.w) < 0.1).any() and s.dz != 0,
    "sum(x * w) > 0 or i_h == 0": lambda s: (s.x * s.w).sum() > 0 or s.i_h == 0,
    "mean(w) < 0": lambda s: s.w.mean() < 0,
    "min(dW) < -1": lambda s: s.dW.min() < -1,
    "db > 0.5": lambda s: s.db > 0.5,
    "isinf(dz) or isinf(db)": lambda s: np.isinf(s.dz) or np.isinf(s.db),
    "all(isfinite(dW))": lambda s: np.isfinite(s.dW).all(),
    "isfinite(dz) == 0": lambda s: not np.isfinite(s.dz),
    "x[0, 0, 0] > w[-1, -1, -1]": lambda s: s.x[0, 0, 0] > s.w[-1, -1, -1],
    "x[0][0, 0] > dA": lambda s: (s.x[0, 0, 0] > s.dA).any(),
    "(x + w)[0] > dA": lambda s: ((s.x + s.w)[0] > s.dA).any(),
    "step % 3 == 1": lambda s: s.index % 3 == 1,
    "position // 4 == 2": lambda s: (s.index + 1) // 4 == 2,
    "dz ** 2 > 1": lambda s: s.dz * s.dz > 1,
    "dz ** -1 > 1": lambda s: np.divide(1, s.dz) > 1,
    "size(x) > 5 and size(dz) == 1 and dz > 0": lambda s: s.x.size > 5 and s.dz > 0,
    "dz / 0 == inf": lambda s: s.dz > 0,
    "sum(dz > 0) == 1": lambda s: s.dz > 0,
    "(dz > 0) + (i_c > 0) == 2": lambda s: s.dz > 0 and s.i_c > 0,
    "+dz > - - 1e-3": lambda s: s.dz > 1e-3,
    "dz == nan": lambda s: False,
    "i_n == 1 or 1 <= i_w < 3 and not i_h": lambda s: s.i_n == 1 or (1 <= s.i_w < 3 and s.i_h == 0),
    "dz": lambda s: s.dz != 0,
    "dW": lambda s: (s.dW != 0).any(),
}

WRONG = """
__import__('os').system('true') | open('/etc/passwd') | exec('print(1)') | eval('1') | print(dz)
().__class__.__bases__ | dz.real | dz.__class__ | x.T > 1 | (lambda: dz)() | lambda: dz | breakpoint()
[dz for dz in x] | {dz for dz in x} | {dz: 1 for dz in x} | any(dz for dz in x) | [dz] | {dz} | {} | (dz,)
()
'dz' | "dz" > dz | b'dz' | f'{dz}' | f'{dz!r:>{step}}' | (dz := 1) | dz = 1 | dz += 1 | i_c = 2
dz if dz else x | dz is None | dz in x | dz == None | dz == True | dz == 1j | ... | dz == ...
x[0:1] | x[:] | x[dz] | x[True] | x[1.0] | x[...] | x[None] | x[()] | x[0, 0, 0, 0] | dz[0] | x[[0]]
x[0,] [0][0][0]
x[9, 0, 0] | x[0, 9] | w[0, 0, 9] | x[-9] | x[99999999999999999999]
max() | max(x, w) | max(x, key=abs) | max(*x) | max(**x) | max | isnan | abs(x, 1) | x(dz) | max(dz)(dz)
step()
9**9**9 > dz | dz ** 0.5 | dz ** i_c | dz ** 9 | dz ** -9 | dz ** 99999999999 | dz ** (2) ** 3
dq > 1 | dx | abz(dz) | maximum(dW) | dA_prev_pad > 0 | I_C == 1 | numpy | __builtins__ | __name__
dz & 1 | dz|1 | ~dz | dz ^ 1 | dz << 1 | dz @ x | dz && x | dz || x | !dz | dz === 1 | dz <> 1 | dz =! 1
dz > | > dz | dz dz | (dz | dz) | dz) or (dz | 1 2 | and | not | dz and | dz > 1; x | import os | del dz
dz # x
yield dz | await dz | *dz | **dz | return | assert dz | pass | dz: int | @dz | `dz` | $dz | ? | \\ | dz \\ x
€
1 | 1 > 0 | abs(-3) | inf | nan == nan | 1_000 | 0x10 | 1e999 | 007 > dz | 1__0 > dz | 3dz
"""
CORPUS = [line.strip() for part in WRONG.strip().splitlines() for line in part.split(" | ") if line.strip()]
CORPUS += [
    "",
    "   ",
    "\n",
    "dz\n> 0",
    "dz\0",
    "\x00",
    "dz > 0\r",
    "\ud800",
    "é > dz",
    "dz" * 300,
    "9" * 400 + " > dz",
    "(" * 400,
    "(" * 240 + "dz" + ")" * 240,
    "[" * 200 + "{" * 200,
    "not " * 120 + "dz",
    "-" * 490 + "dz",
    "dz" + "+1" * 240,
    "x" + "[0]" * 100,
    "dz" + "**1" * 100,
    "max(" * 100 + "dz" + ")" * 100,
    "dz" + " if dz else dz" * 30,
    "lambda: " * 60 + "dz",
    "dz" + ".a" * 200,
    "x" + "()" * 200,
    "{a:" * 150,
    "f'{" * 100,
]


def small(**changes: Any) -> Problem:
    rng = np.random.default_rng(2)
    arrays: dict[str, Any] = {
        "A_prev": rng.standard_normal((2, 4, 5, 4)),
        "W": rng.standard_normal((4, 2, 3, 2)),
        "b": rng.standard_normal(4),
        "dZ": None,
        "padding": 1,
        "groups": 2,
    }
    return Problem(**(arrays | changes))


def poisoned(dtype: Any = np.float64) -> Problem:
    """NaN and infinities in every array."""
    rng = np.random.default_rng(3)
    fresh = small()
    arrays = {name: np.array(getattr(fresh, name), dtype) for name in ("A_prev", "W", "dZ")}
    for values in arrays.values():
        values.flat[rng.integers(0, values.size, 4)] = (np.nan, np.inf, -np.inf, 0)
    return small(**arrays, b=np.zeros(4, dtype))


class Seen:
    """A step as the pairs above see it: plain arrays in float64."""

    def __init__(self, step: Step) -> None:
        self.step = step

    def __getattr__(self, name: str) -> Any:
        step = self.step
        match name:
            case "x" | "w":
                return np.asarray(step.input_slice if name == "x" else step.kernel, float)
            case "dW" | "db":
                return np.asarray(getattr(step, name)[step.i_c], float)
            case "dA":
                whole = step.dA_prev_pad if step.dA_prev_pad.ndim == 4 else step.dA_prev_pad[np.newaxis]
                return np.asarray(whole[step.window], float)
            case "dz":
                return np.float64(step.dz)
        return getattr(step, name)


def steps_of(problem: Problem) -> Iterator[Step]:
    return conv2d_backward_steps(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )


def scanned(condition: Condition, problem: Problem, channels: range | None = None) -> Array:
    """What a scan makes of a condition at all steps of the channels, `(places, channels)`."""
    c_out = problem.geometry.kernel_shape[0]
    channels = channels or range(c_out)
    places = np.arange(problem.total_steps // c_out)
    held = condition.holds(StepValues(problem).read(condition.names, places, channels))
    return np.broadcast_to(held, (len(places), len(channels)))


@pytest.mark.parametrize("text", PAIRS)
@pytest.mark.parametrize(
    "problem", [small(), poisoned(), poisoned(np.float32)], ids=["plain", "nan", "float32"]
)
def test_a_condition_means_what_its_python_counterpart_says(text: str, problem: Problem) -> None:
    condition = Condition.parse(text, problem.layout)
    with quiet():
        for step in steps_of(problem):
            assert condition.true_of(values_at(step)) == bool(PAIRS[text](Seen(step))), step


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("text", CORPUS)
def test_what_is_not_a_condition_is_refused_in_one_sentence_with_its_place(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    for name in ("eval", "exec", "print", "open", "breakpoint", "input"):
        monkeypatch.setattr(builtins, name, lambda *_, name=name, **__: called.append(name))
    with pytest.raises(ExpressionError) as caught:
        Condition.parse(text, SMALL.layout)
    monkeypatch.undo()
    message = str(caught.value)
    assert called == []
    if text.strip(" \t"):
        assert 1 <= caught.value.column <= len(text) + 1
        assert message.startswith(f"column {caught.value.column}")
    else:
        assert (caught.value.column, message[:18]) == (0, "nothing was typed;")
    assert "\n" not in message
    assert ". " not in message
    assert len(message) < 200


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("abs(dq) > 1", 5, "'dq': no such name; did you mean 'dz'?"),
        ("  dx > 1", 3, "'dx': no such name"),
        ("dz > 1 and dv > 0", 12, "'dv'"),
        ("isnam(dA)", 1, "'isnam': no such function; did you mean 'isnan'?"),
        ("dz.real > 1", 1, "'dz.real': attributes are not allowed"),
        ("i_c = 2", 5, "compare with =="),
        ("dz > 0 && i_c", 8, "use and"),
        ("(dz > 0) & (i_c == 1)", 1, "use and instead of &"),
        ("dz >", 5, "it ends too early"),
        ("dz > 1 (2", 8, "'(2': this bracket is never closed"),
        ("dz > 1]", 7, "']': this bracket is never opened"),
        ("(dz > 1]", 8, "']': this bracket closes one of another kind"),
        ("max(dz 2) > 1", 5, "'dz 2) > 1': an operator is missing between these"),
        ("dz > 0.1.2", 9, "this cannot be read; a condition looks like abs(dz) > 0.1 and i_c == 2"),
        ("dz > 1x", 6, "this number cannot be read"),
        ("dz == 'a", 7, "text in quotes is not allowed"),
        ("max(x, w)", 1, "max takes 1 argument, not 2"),
        ("x[0, 3, 0] > 1", 6, "index 3 does not exist; it goes from 0 to 2"),
        ("dW[i_c] > 1", 4, "an index is a whole number"),
        ("dz > 9**9**9", 9, "an exponent is a whole number from -8 to 8"),
        ("dz" * 300, 501, "it has 600 characters; at most 500 are allowed"),
    ],
)
def test_an_error_says_where_and_what_was_meant(text: str, column: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Condition.parse(text, small().layout)
    assert caught.value.column == column
    assert says in str(caught.value)


TOKENS = [
    "dz",
    "x",
    "dA",
    "i_c",
    "max",
    "(",
    ")",
    "[",
    "]",
    "0",
    "1e-3",
    "9",
    "**",
    "*",
    "-",
    "==",
    "<",
    "and",
]
TOKENS += [
    "or",
    "not ",
    "if",
    "else",
    "lambda",
    ":",
    ",",
    ".",
    "'",
    "=",
    "in",
    "is",
    "{",
    "}",
    "#",
    "\\",
    "\n",
    "é",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=25), st.sampled_from(["", " "]))
def test_no_text_at_all_raises_anything_but_a_condition_error(tokens: list[str], between: str) -> None:
    text = between.join(tokens)
    try:
        condition = Condition.parse(text, SMALL.layout)
    except ExpressionError as error:
        column = error.column
    else:
        column = 1
        assert Condition.parse(str(condition), SMALL.layout) == condition
    assert bool(text.strip()) <= column <= len(text) + 1


SCALAR_TERMS = st.sampled_from(["dz", "step", "i_c", "i_h", "2", "0.5", "3e1", "0"])


def expressions(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Random arithmetic over the terms, brackets everywhere."""
    return st.recursive(
        terms,
        lambda inner: (
            st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
                lambda t: f"({' '.join(t)})"
            )
            | inner.map(lambda t: f"(-{t})")
            | inner.map(lambda t: f"abs({t})")
        ),
        max_leaves=6,
    )


@given(
    expressions(SCALAR_TERMS), st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), expressions(SCALAR_TERMS)
)
def test_arithmetic_on_single_numbers_is_that_of_python_floats(left: str, operator: str, right: str) -> None:
    text = f"{left} {operator} {right} and step >= 0"
    condition, problem = Condition.parse(text, SMALL.layout), SMALL
    for step in list(steps_of(problem))[::7]:
        names = {"dz": float(step.dz), "step": step.index, "i_c": step.i_c, "i_h": step.i_h}
        floats = {name: np.float64(value) for name, value in names.items()}
        for literal in ("2", "0.5", "3e1", "0"):
            floats[f"n{literal}".replace(".", "_")] = np.float64(literal)
        with np.errstate(all="ignore"):
            expected = eval(_numpy_literals(text), {"__builtins__": {}, "abs": abs}, floats)
        assert condition.true_of(values_at(step)) == bool(expected)


def _numpy_literals(text: str) -> str:
    """Division by a literal 0 must give inf or nan, so literals become names of NumPy numbers."""
    return re.sub(r"(?<![\w.])(2|0\.5|3e1|0)(?![\w.])", lambda m: "n" + m[0].replace(".", "_"), text)


SMALL = small()
CELL_TERMS = st.sampled_from(
    ["x", "w", "dz", "x[0]", "w[0, 0]", "x[0, 0, 0]", "i_c", "i_w", "0.5", "2", "step"]
)


@given(
    problems(),
    expressions(CELL_TERMS),
    st.sampled_from(["{0} > 0", "sum({0}) > 0.1", "all({0} < 1)", "mean({0}) < max({0}) / 2", "0 < {0} < 1"]),
    st.booleans(),
)
def test_a_scan_of_many_steps_says_what_every_single_step_says(
    problem: Problem, expression: str, form: str, nan: bool
) -> None:
    text = form.format(expression) + " or step < 0"
    condition = Condition.parse(text, problem.layout)
    if nan:
        dZ = np.array(problem.dZ)
        dZ.flat[:: max(dZ.size // 3, 1)] = np.nan
        given = (problem.stride, problem.padding, problem.dilation, problem.groups)
        problem = Problem(problem.A_prev, problem.W, problem.b, dZ, *given)
    with quiet():
        expected = [condition.true_of(values_at(step)) for step in steps_of(problem)]
    assert scanned(condition, problem).ravel().tolist() == expected
    part = range(len(problem.W) // 2, len(problem.W))
    assert scanned(condition, problem, part).tolist() == scanned(condition, problem)[:, part.start :].tolist()


BOUND = st.tuples(
    st.sampled_from(["i_n", "i_h", "i_w", "i_c", "step", "position"]),
    st.sampled_from(["==", "<", "<=", ">", ">="]),
    st.sampled_from(["-1", "0", "1", "2", "1.5", "3", "9", "inf", "nan", "i_c"]),
    st.booleans(),
).map(lambda t: f"{t[0]} {t[1]} {t[2]}" if t[3] else f"{t[2]} {t[1]} {t[0]}")


@given(
    problems(),
    st.lists(BOUND, min_size=1, max_size=3),
    st.sampled_from(["", "0 <= i_h <= 1", "(i_w < 2 or dz > 0)"]),
)
def test_places_leave_out_no_step_at_which_the_condition_holds(
    problem: Problem, bounds: list[str], more: str
) -> None:
    condition = Condition.parse(" and ".join([*bounds, *([more] if more else [])]), problem.layout)
    places = condition.ranges(problem.layout.counts).values()
    for step, held in enumerate(scanned(condition, problem).ravel()):
        index = (*problem.geometry.index_at(step), step)
        inside = all(value in allowed for value, allowed in zip(index, places, strict=True))
        assert inside or not held
        plain = not more and not any(odd in bound for bound in bounds for odd in ("inf", "nan", "i_c"))
        assert not plain or inside == held  # and for bounds alone they say it all


def test_places_of_a_narrow_condition_are_narrow() -> None:
    condition = Condition.parse(
        "isnan(dA) and i_h == 1 and (0 < i_c and 2 >= i_c) and step >= 10", SMALL.layout
    )
    places = condition.ranges(SMALL.layout.counts)
    assert tuple(places.values()) == (
        range(2),
        range(1, 2),
        range(5),
        range(1, 3),
        range(10, small().total_steps),
    )


def test_a_condition_says_which_names_it_uses() -> None:
    assert Condition.parse("abs(dz) > inf and i_c == 2", SMALL.layout).names == {"dz", "i_c"}


def test_equal_conditions_read_the_same_whatever_their_spaces() -> None:
    assert Condition.parse("abs( dz )>0.1", SMALL.layout) == Condition.parse(" abs(dz) > 0.10 ", SMALL.layout)
    assert Condition.parse("dz > 1", SMALL.layout) != Condition.parse("dz > 2", SMALL.layout)
    assert len({Condition.parse("dz>1", SMALL.layout), Condition.parse("dz > 1", SMALL.layout)}) == 1
    assert str(Condition.parse(" abs( dz )>0.1 ", SMALL.layout)) == "abs( dz )>0.1"


def test_a_condition_on_db_needs_a_bias() -> None:
    with pytest.raises(ExpressionError, match="no bias"):
        Condition.parse("db > 0", small(b=None).layout)


def test_nan_and_infinity_never_warn() -> None:
    texts = [
        "dz / 0 > 1",
        "dz % 0 > 1",
        "sum(x * inf) > 0",
        "mean(dA) / dz > 1",
        "dz // 0 > 1",
        "dz ** -2 > 1e300 * 1e300",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for step in itertools.islice(steps_of(SMALL), 3):
            for text in texts:
                Condition.parse(text, SMALL.layout).true_of(values_at(step))


def test_there_is_a_pair_for_every_function() -> None:
    used = " ".join(PAIRS)
    assert all(f"{name}(" in used for name in FUNCTIONS)


def test_a_condition_speaks_of_whatever_a_step_reads_and_writes() -> None:
    patch, before = np.array([[1.0, 5.0], [2.0, 3.0]]), np.zeros((2, 2))
    after = before + (patch == 5) * 0.5
    step = Event(
        7,
        (Loop("h", 1, 4), Loop("w", 3, 4)),
        (
            Access("A", (slice(2, 4), slice(6, 8)), "reads", "patch", patch),
            Access("dout", (1, 3), "reads", "dy", np.float32(0.5)),
            Access("dA", (slice(2, 4), slice(6, 8)), "adds", "mask * dy", after - before, before, after),
        ),
        1,
    )
    layout = Layout(Nest(("h", "w"), (4, 4)), {"dA": (8, 8)}, None, {}, "dy > 0")
    values = layout.values(step)
    names = {name: np.shape(value) for name, value in values.items()}
    layout = dataclasses.replace(layout, names=names)
    assert {name for name, shape in names.items() if shape} == {"patch", "dA"}
    for text, holds in [
        ("max(patch) == 5 and dy == 0.5", True),
        ("dA[0, 1] == dy and sum(dA) == dy", True),
        ("patch[-1, 0] == 2 and h == 1 and w == 3 and position == 8", True),
        ("isnan(dA) or w < 3", False),
    ]:
        condition = Condition.parse(text, layout)
        assert condition.true_of(values) is holds
    narrow = Condition.parse("w >= 2 and h == 1 and dy", layout)
    assert narrow.ranges({"h": 4, "w": 4, "step": 16}) == {
        "h": range(1, 2),
        "w": range(2, 4),
        "step": range(16),
    }
    for text, says in [
        ("dz > 0", "column 1, 'dz': no such name; did you mean 'dy'?"),
        ("patch[2, 0] > 0", "index 2 does not exist; it goes from 0 to 1"),
        ("h", ""),
        ("3 > 2", "it is the same at every step; a condition looks like dy > 0"),
    ]:
        with contextlib.nullcontext() if not says else pytest.raises(ExpressionError, match=re.escape(says)):
            Condition.parse(text, layout)
