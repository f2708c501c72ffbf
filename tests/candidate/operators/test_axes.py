"""Arrays laid as somebody else has them come back as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.candidate.operators.axes import Unsayable, layouts, ours, reduced, sizes, theirs, told
from convstep.operators.operator import Convention
from convstep.operators.registry import operator_named, operators

LETTERS = "NCHW"


@given(st.permutations(LETTERS), st.lists(st.integers(0, 4), max_size=2), st.data())
def test_what_is_laid_otherwise_comes_back(order: list[str], ones: list[int], data: st.DataObject) -> None:
    shape = tuple(data.draw(st.integers(1, 3)) for _ in LETTERS)
    array = np.arange(np.prod(shape)).reshape(shape)
    other = [*order]
    for at in ones:
        other.insert(at, "1")
    laid = theirs(array, LETTERS, "".join(other))
    assert laid.ndim == len(other)
    np.testing.assert_array_equal(ours(laid, LETTERS, "".join(other), shape), array)


@pytest.mark.parametrize(("own", "other", "shape", "laid"), [
    ("N*", "DN", (2, 3), (3, 2)), ("NC*", "N*C", (2, 3, 4, 5), (2, 4, 5, 3)), ("NC*", "CN", (2, 3), (3, 2)),
    ("NCHW", "HW", (1, 1, 4, 5), (4, 5)), ("M", "1M", (3,), (1, 3)), ("*D", "1*D", (2, 3), (1, 2, 3)),
])  # fmt: skip
def test_axes_are_spelled_out(own: str, other: str, shape: tuple[int, ...], laid: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape)).reshape(shape)
    assert theirs(array, own, other).shape == laid
    np.testing.assert_array_equal(ours(theirs(array, own, other), own, other, shape), array)


@pytest.mark.parametrize(("own", "other", "shape"), [
    ("N*", "DN", (2, 3, 4)), ("NCHW", "CHW", (2, 3, 4, 5)), ("NC*", "CN", (2, 3, 4)),
])  # fmt: skip
def test_what_they_have_no_axis_for_cannot_be_said(own: str, other: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(Unsayable):
        theirs(np.zeros(shape), own, other)


def test_a_gradient_of_another_shape_stays_as_it_came() -> None:
    assert ours(np.zeros((3, 1, 1)), "M", "M1", (3,)).shape == (3, 1, 1)
    assert ours(np.zeros((3, 2)), "M", "M1", (3,)).shape == (3, 2)


@pytest.mark.parametrize("operator", operators(), ids=lambda operator: operator.name)
def test_every_layout_says_the_operators_problem_or_that_it_cannot(operator) -> None:  # type: ignore[no-untyped-def]
    problem = operator.small()
    listed = [each for each in layouts(operator) if each is None or each.lay is None]
    assert listed[0] is None
    bare = Convention("")
    told_apart = {
        str(({**operator.axes, **one.axes, **one.joined}, one.blocks, one.made))
        for one in (each or bare for each in listed)
    }
    assert len(told_apart) == len(listed)
    for each in listed:
        found = told(operator, problem, each)
        assert found is None or found.keys() == {*problem.arrays, *problem.upstream}


def test_a_problem_without_samples_is_the_first_sample() -> None:
    operator = operator_named("max-pool")
    problem = next(operator.problems(np.random.default_rng(0)))
    one = reduced(operator, problem, "NC")
    assert sizes(operator, one) == {**sizes(operator, problem), "N": 1, "C": 1}
    np.testing.assert_array_equal(one.arrays["x"], problem.arrays["x"][:1, :1])
    np.testing.assert_array_equal(operator.run(one)["out"].shape, one.upstream["dout"].shape)
