"""A mistake is named where its numbers are the candidate's, and only there."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.candidate.check.wording import LIKELY, PROVEN
from convstep.candidate.operators.diagnose import diagnose
from convstep.candidate.operators.finding import Finding
from convstep.candidate.operators.matching import together
from convstep.candidate.operators.settled import settled
from convstep.candidate.operators.verdict import OperatorVerdict
from convstep.operators.mistake import Mistake, Variant
from convstep.operators.operator import Array, Operator
from convstep.operators.registry import operator_named, operators
from tests.candidate.operators.sweeping import swept
from tests.strategies import few, some

VARIANTS = [
    pytest.param(operator, mistake, variant, id=f"{operator.name}-{mistake.id}-{number}")
    for operator in operators()
    for mistake in operator.mistakes
    if mistake.variants
    for number, variant in enumerate(few(mistake.variants, len(mistake.variants), 3))
]


def found(operator: Operator, backward: Callable[..., Any]) -> tuple[Finding, ...]:
    return diagnose(settled(swept(operator, backward))[0])


@pytest.mark.parametrize("operator", operators(), ids=lambda operator: operator.name)
def test_the_readable_backward_has_no_mistake(operator: Operator) -> None:
    sweep = swept(operator, operator.backward)
    assert sweep.failing is None
    assert diagnose(sweep) == ()


@pytest.mark.parametrize(("operator", "mistake", "variant"), some(VARIANTS, 5))
def test_every_mistake_is_named_by_its_own_numbers(
    operator: Operator, mistake: Mistake, variant: Variant
) -> None:
    findings = found(operator, variant.backward)
    assert mistake.id in [finding.id for finding in findings]
    named = next(finding for finding in findings if finding.id == mistake.id)
    assert "unknown" not in [finding.id for finding in findings]
    assert named.alternative <= (findings[0].strength == LIKELY), "what is proven has no rival"


def test_two_mistakes_in_two_gradients_get_two_names() -> None:
    operator = operator_named("conv1d")
    dx, db = (operator.mistake(id).variants for id in ("overwrite-dx", "db-wrong-axis"))
    both = next(filter(None, itertools.starmap(together, itertools.product(dx, db))))
    assert {finding.id for finding in found(operator, both.backward)} == {"overwrite-dx", "db-wrong-axis"}


def test_two_mistakes_in_one_line_are_found_together() -> None:
    operator = operator_named("max-pool")
    overwrite, stride = operator.mistake("overwrite").variants, operator.mistake("stride-ignored").variants
    goes = next(one for one in stride if "i_h + k_h" in one.wrong)
    both = together(overwrite[0], goes)
    assert both is not None
    assert both.wrong == "dx_pad[i_n, i_c, i_h + k_h, i_w + k_w] = dout[i_n, i_c, i_h, i_w]"
    assert {finding.id for finding in found(operator, both.backward)} == {"overwrite", "stride-ignored"}
    assert together(goes, next(one for one in stride if "i_h * f_h + k_h, w" in one.wrong)) is None


def test_what_is_put_into_an_array_of_the_right_shape_is_spread_out() -> None:
    operator = operator_named("linear")

    def kept(dout: Array, x: Array, w: Array, b: Array) -> tuple[Array, ...]:
        dx, dw, db = operator.backward(dout, x, w, b)
        db[...] = dout.sum(axis=1)
        return dx, dw, db

    (finding,) = found(operator, kept)
    assert (finding.id, finding.strength) == ("db-wrong-axis", PROVEN)


def test_two_mistakes_in_one_gradient_are_found_together() -> None:
    operator = operator_named("batch-norm")
    one, other = (operator.mistake(id).variants[0] for id in ("gamma-missing", "mean-path-missing"))
    both = together(one, other)
    assert both is not None
    findings = found(operator, both.backward)
    assert {finding.id for finding in findings} == {"gamma-missing", "mean-path-missing"}
    assert all("together with" in finding.message for finding in findings)


def linear(dout: Array, x: Array, w: Array, b: Array) -> tuple[Array, Array, Array]:
    rows = x.reshape(len(x), -1)
    return (dout @ w.T).reshape(x.shape), rows.T @ dout, dout.sum(0)


def times(factor: Callable[..., Any]) -> Callable[..., Any]:
    """The right backward of a linear layer, its dw multiplied."""

    def backward(dout: Array, x: Array, w: Array, b: Array) -> tuple[Array, Array, Array]:
        dx, dw, db = linear(dout, x, w, b)
        return dx, dw * factor(dout, x, w), db

    return backward


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (lambda dout, x, w: 3.0, "times 3"),
        (lambda dout, x, w: -1.0, "opposite sign"),
        (lambda dout, x, w: dout.shape[1], "times M"),
        (lambda dout, x, w: 1 / dout.shape[1] ** 2, "divided by the square of M"),
    ],
)
def test_a_constant_ratio_is_said_with_what_it_is(factor: Callable[..., Any], words: str) -> None:
    (finding,) = found(operator_named("linear"), times(factor))
    assert (finding.gradients, finding.strength) == (("dw",), PROVEN)
    assert words in finding.message


def test_right_numbers_in_a_wrong_shape_are_said_to_be_that() -> None:
    def backward(dout: Array, x: Array, w: Array, b: Array) -> tuple[Array, Array, Array]:
        dx, dw, db = linear(dout, x, w, b)
        return dx, dw, db[None]

    (finding,) = found(operator_named("linear"), backward)
    assert finding.id == "wrong-shape"
    assert finding.gradients == ("db",)


def test_a_gradient_that_is_turned_over_is_said_to_be_that() -> None:
    operator = operator_named("conv1d")

    def backward(*arguments: Any) -> tuple[Array, Array, Array]:
        dx, dw, db = operator.backward(*arguments)
        return dx, np.ascontiguousarray(dw.transpose(2, 1, 0)), db

    backward.__signature__ = inspect.signature(operator.backward)  # type: ignore[attr-defined]
    (finding,) = found(operator, backward)
    assert (finding.id, finding.gradients) == ("transposed", ("dw",))


def test_what_writes_into_the_callers_array_is_said_to_return_the_right_gradients() -> None:
    def backward(dout: Array, x: Array) -> Array:
        dout[x <= 0] = 0
        return dout.copy()

    operator = operator_named("relu")
    sweep = swept(operator, backward)
    (finding,) = diagnose(sweep)
    assert (finding.id, finding.strength) == ("writes-into-dout", PROVEN)
    assert finding.message.startswith("the gradients are right, but it writes into dout")


@pytest.mark.parametrize("note", ["ties-share", "ties-last"])
def test_which_of_tied_maxima_gets_the_gradient_is_a_note(note: str) -> None:
    operator = operator_named("max-pool")
    variant = next(each for each in operator.also_right if each.id == note).variants[0]
    sweep, said = settled(swept(operator, variant.backward))
    assert sweep.failing is None
    assert diagnose(sweep) == ()
    assert [each.partition(":")[0] for each in said] == [note]


def clamp(dout: Array, x: Array) -> Array:
    dx = dout.copy()
    dx[x < 0] = 0
    return dx


@pytest.mark.parametrize(
    ("backward", "note"),
    [
        (clamp, "mask-includes-zero"),
        (lambda dout, x: dout * (x >= 0), "mask-includes-zero"),
        (lambda dout, x: dout * np.heaviside(x, 1), "mask-includes-zero"),
        (lambda dout, x: dout * np.heaviside(x, 0.5), "half-at-zero"),
    ],
)
def test_either_slope_at_the_corner_of_relu_is_right(backward: Callable[..., Array], note: str) -> None:
    sweep, said = settled(swept(operator_named("relu"), backward))
    assert sweep.failing is None
    assert [each.partition(":")[0] for each in said] == [note]


@pytest.mark.parametrize(
    "backward",
    [
        lambda dout, x: np.where(x < 0, 1, dout),
        lambda dout, x: np.where(x == 0, 2 * dout, dout * (x > 0)),
        lambda dout, x: np.where(x == 0, -dout, dout * (x > 0)),
        lambda dout, x: np.where(x == 0, 1, dout * (x > 0)),
    ],
)
def test_beyond_both_slopes_at_the_corner_of_relu_is_wrong(backward: Callable[..., Array]) -> None:
    sweep, _ = settled(swept(operator_named("relu"), backward))
    assert sweep.failing is not None


def test_a_mistake_beside_another_rule_for_ties_is_named() -> None:
    operator = operator_named("max-pool")
    last = next(each for each in operator.also_right if each.id == "ties-last").variants[0]
    overwrite = replace(
        last,
        hunks=(
            *last.hunks,
            (
                "dx_pad[i_n, i_c, h + k_h, w + k_w] += dout[i_n, i_c, i_h, i_w]",
                "dx_pad[i_n, i_c, h + k_h, w + k_w] = dout[i_n, i_c, i_h, i_w]",
            ),
        ),
    )
    assert "overwrite" in [finding.id for finding in found(operator, overwrite.backward)]


def test_what_is_no_known_mistake_says_where_it_is_wrong() -> None:
    def backward(dout: Array, x: Array) -> Array:
        dx = np.where(x > 0, dout, 0.0)
        dx[x > 1] += np.sin(dx[x > 1])
        return dx

    (finding,) = found(operator_named("relu"), backward)
    assert finding.id == "unknown"
    assert finding.message.startswith("not a known mistake: dx is wrong on ")


def test_what_raises_where_a_mistake_would_be_wrong_is_likely_that_mistake() -> None:
    operator = operator_named("max-pool")
    backward = operator.backward

    def square_only(dout: Array, x: Array, size: Any, stride: Any, padding: Any) -> Array:
        if size[0] != size[1]:
            raise IndexError("index 3 is out of bounds for axis 0 with size 3")
        made: Array = backward(dout, x, size, stride, padding)
        return made

    findings = found(operator, square_only)
    assert {finding.strength for finding in findings} == {LIKELY}
    assert "square-window-assumed" in [finding.id for finding in findings]


def test_what_raises_or_is_wrong_where_a_mistake_fails_and_nowhere_else_is_likely_that() -> None:
    operator = operator_named("avg-pool")

    def square(dout: Array, x: Array, size: tuple[int, int], *others: Any) -> Array:
        if size[0] != size[1] and 2 in size:
            raise ValueError(f"cannot reshape array into {size}")
        dx: Array = operator.backward(dout, x, size, *others)
        return dx * (1 if size[0] == size[1] else np.e)

    findings = found(operator, square)
    ids = [finding.id for finding in findings if finding.strength == LIKELY]
    assert "square-window-assumed" in ids
    assert "and on no others" in findings[-1].message


def test_what_is_summed_over_the_wrong_axis_and_kept_as_a_row_is_named_as_that_alone() -> None:
    operator = operator_named("batch-norm")

    def backward(*arguments: Any) -> tuple[Array, Array, Array]:
        dx, dgamma, _ = operator.backward(*arguments)
        rows = np.moveaxis(arguments[0], 1, -1).reshape(-1, len(dgamma))
        return dx, dgamma, rows.sum(axis=1)[np.newaxis]

    backward.__signature__ = inspect.signature(operator.backward)  # type: ignore[attr-defined]
    finding, *_ = found(operator, backward)
    assert (finding.id, finding.gradients) == ("wrong-axis", ("dbeta",))
    assert "of beta alone" in finding.message


AFFINE = """
import numpy as np

def affine_backward(dout, cache):
    x, w, b = cache
    rows = x.reshape(len(x), -1)
    return (dout @ w.T){shape}, rows.T @ dout{scaled}, dout.sum(axis=0)
"""


def affine(folder: Path, shape: str, scaled: str) -> OperatorVerdict:
    (folder / "affine.py").write_text(AFFINE.format(shape=shape, scaled=scaled))
    verdict = convstep.check(f"{folder}/affine.py:affine_backward")
    assert isinstance(verdict, OperatorVerdict)
    return verdict


def test_the_lines_shown_are_those_of_the_gradients_that_are_wrong(tmp_path: Path) -> None:
    verdict = affine(tmp_path, ".reshape(x.shape)", " / len(x)")
    (found,) = verdict.diagnosis
    assert found.gradients == ("dw",)
    assert found.lines == ("dw = rows.T @ dout / len(x)", "dw = rows.T @ dout")


def test_of_ways_with_the_same_numbers_the_plainest_is_named(tmp_path: Path) -> None:
    (found,) = affine(tmp_path, "", "").diagnosis
    assert found.message.startswith("dx has the shape of the flattened x, in dx")


def test_in_another_layout_the_report_says_whose_lines_it_shows(tmp_path: Path) -> None:
    (tmp_path / "linear.py").write_text(
        """
import numpy as np

def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(axis=0, keepdims=True) / m
"""
    )
    said = " ".join(str(convstep.check(f"{tmp_path}/linear.py:linear_backward")).split())
    assert "laid out as coursera" in said
    assert "lines are as `convstep open linear` has them: x of (N, *)" in said
    assert "dw is divided by the number of samples" in said
