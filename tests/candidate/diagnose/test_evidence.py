"""What is seen in wrong numbers that nothing reproduces, each on arrays made for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep.candidate.call.call import Call
from convstep.candidate.call.outcome import RETURNED, Outcome
from convstep.candidate.check.cases import Case, Right, right_of
from convstep.candidate.check.grade import Result, grade
from convstep.candidate.diagnose.evidence import facts, observations

PAD1 = ((1, 1), (1, 1))
CASES = [
    Case((5, 6), (3, 3), (1, 1), PAD1, 2, 3),
    Case((6, 5), (2, 2), (1, 1), ((0, 0), (0, 0)), 3, 2),
    Case((7, 8), (3, 3), (2, 2), PAD1, 2, 2, 2),
]
SQUARE = [Case((6, 6), (3, 3), (1, 1), PAD1, 2, 3), Case((5, 5), (2, 2), channels=2)]


def seen(name: str, change: Callable[[Any, Right], Any], cases: list[Case] | None = None) -> list[str]:
    """What is seen where a gradient is what `change` makes of the right one."""
    return facts(name, made_of(name, change, cases))


def made_of(name: str, change: Callable[[Any, Right], Any], cases: list[Case] | None = None) -> list[Result]:
    """The results where a gradient is what `change` makes of the right one."""
    results = []
    for case in cases or CASES:
        right = right_of(case)
        gradients = {key: value.copy() for key, value in right.gradients.items()}
        changed = change(gradients.pop(name), right)
        if changed is not None:
            gradients[name] = changed
        results.append(grade(case, right, Outcome(RETURNED, gradients=gradients)))
    return results


@pytest.mark.parametrize("name", ["dW", "db", "dA_prev"])
def test_zeros_and_ratios(name: str) -> None:
    assert seen(name, lambda a, right: 0 * a) == [f"{name} is all zeros"]
    assert seen(name, lambda a, right: 2.5 * a) == [f"{name} is 2.5 times the right values"]
    assert seen(name, lambda a, right: -a) == [f"{name} is -1 times the right values"]
    found = seen(name, lambda a, right: a / right.problem.dZ.size)
    assert found[0].startswith(
        f"{name} is a constant times the right values, but the constant depends on the problem: 0.01"
    )


@pytest.mark.parametrize(("name", "axes"), [("dW", (1, 2)), ("dA_prev", (-3, -2))])
def test_turned_flipped_and_transposed(name: str, axes: tuple[int, int]) -> None:
    assert seen(name, lambda a, right: np.flip(a, axes)) == [f"{name} has the right numbers, rotated by 180°"]
    assert seen(name, lambda a, right: np.flip(a, axes[0])) == [
        f"{name} has the right numbers, flipped along H"
    ]
    assert seen(name, lambda a, right: np.flip(a, axes[1])) == [
        f"{name} has the right numbers, flipped along W"
    ]
    assert seen(name, lambda a, right: np.swapaxes(a, *axes), SQUARE) == [
        f"{name} has the right numbers with H and W swapped"
    ]


def test_the_right_numbers_in_other_places() -> None:
    def shuffled(array: Any, right: Right) -> Any:
        return np.roll(array.reshape(-1), 1).reshape(array.shape)

    assert seen("db", lambda a, right: a[::-1]) == ["db has the right numbers in the wrong places"]
    assert seen("dW", shuffled) == ["dW has the right numbers in the wrong places"]


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        (1, 0, "down 1 row"),
        (0, -1, "left 1 column"),
        (1, 1, "down 1 row and right 1 column"),
        (-2, 1, "up 2 rows and right 1 column"),
    ],
)
def test_a_shift_is_said_with_its_direction(rows: int, columns: int, words: str) -> None:
    def moved(array: Any, right: Right) -> Any:
        around = np.pad(array, [(0, 0)] * (array.ndim - 3) + [(2, 2), (2, 2), (0, 0)])
        height, width = array.shape[-3:-1]
        return around[..., 2 - rows : 2 - rows + height, 2 - columns : 2 - columns + width, :]

    assert seen("dA_prev", moved) == [f"dA_prev is shifted {words}"]


def test_wrong_at_the_border_only() -> None:
    def border(array: Any, right: Right) -> Any:
        array[..., 0, 1, :] += 3
        array[..., -1, :] += 1
        return array

    assert "dA_prev is wrong only in the cells at its border" in seen("dA_prev", border)


def test_wrong_where_windows_overlap_only() -> None:
    case = Case((7, 7), (3, 3), (2, 2), channels=2)  # rows and columns 2 and 4 are shared

    def shared(array: Any, right: Right) -> Any:
        array[2, :] += 1
        array[:, 4, 0] *= 2
        return array

    assert seen("dA_prev", shared, [case]) == ["dA_prev is wrong only in cells that several windows share"]
    case = Case((6, 6), (2, 2), (2, 2))
    assert "share" not in " ".join(seen("dA_prev", lambda a, right: a + a**2, [case]))


def test_one_channel_or_one_sample_only() -> None:
    def channel(of: int, axis: int) -> Callable[[Any, Right], Any]:
        def change(array: Any, right: Right) -> Any:
            values = np.moveaxis(array, axis, 0)
            values[of] += values[of] ** 2 + 1
            return array

        return change

    assert seen("dA_prev", channel(1, -1)) == ["dA_prev is wrong only in input channel 1"]
    assert seen("dA_prev", channel(-1, -1)) == ["dA_prev is wrong only in the last input channel"]
    for name in ("dW", "db"):
        assert f"{name} is wrong only in output channel 0" in seen(name, channel(0, 0))
    assert seen("dA_prev", channel(1, 0), CASES[2:]) == [
        "dA_prev is wrong only in sample 1 of 2, counted from 0"
    ]


def test_right_in_one_channel_only() -> None:
    def change(array: Any, right: Right) -> Any:
        array[1:] += array[1:] ** 2 + 1
        return array

    assert "dW is right only in output channel 0" in seen("dW", change)


def test_without_any_sign_the_cells_are_counted() -> None:
    found = seen("dW", lambda a, right: a + a**2 + 1)
    total = sum(right_of(case).gradients["dW"].size for case in CASES)
    assert found == [f"dW is wrong in {total} of {total} cells"]
    results = made_of("dW", lambda a, right: a + a**2 + (right.problem.geometry.stride == (1, 1)))
    assert observations("dW", results)[0].startswith("on 3 problems, dW")


def test_another_shape() -> None:
    found = observations("dA_prev", made_of("dA_prev", lambda a, right: a[..., 1:, :, :]))
    assert found == ["dA_prev has another shape on 3 problems, for example 4x6x2 instead of 5x6x2"]
    found = observations("db", made_of("db", lambda a, right: a.sum()))
    assert found == ["db has another shape on 3 problems, for example scalar instead of 3"]


def test_another_shape_is_written_in_the_author_s_layout() -> None:
    results = made_of("dA_prev", lambda a, right: a[..., 1:, :, :], CASES[2:])
    (found,) = observations("dA_prev", results, Call("cs231n"))
    assert found.endswith("on 1 problem, for example 2x2x6x8 instead of 2x2x7x8")


def test_it_is_said_of_how_many_problems_a_sentence_is() -> None:
    """Who is right elsewhere is not "twice the right values on every problem"."""
    results = made_of("dW", lambda a, right: a * (2 if right.problem.geometry.stride == (1, 1) else 1))
    assert observations("dW", results) == ["on 2 problems, dW is 2 times the right values"]


def test_a_penalty_on_the_weights_is_no_lack_of_precision() -> None:
    assert seen("dW", lambda a, right: a + 2e-3 * right.problem.W) == [
        "dW is right but for 0.002 times W, as a penalty on weights adds"
    ]
    assert "precision" in seen("dA_prev", lambda a, right: a + 1e-4 * np.sign(a))[0]


def test_where_every_cell_is_shared_or_at_the_border_that_is_no_sign() -> None:
    case = Case((3, 2), (5, 5), (1, 1), ((2, 2), (2, 2)), 2, 2)
    found = " ".join(seen("dA_prev", lambda a, right: a + a**2, [case]))
    assert "share" not in found
    assert "border" not in found


@pytest.mark.parametrize("spoiled", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("error")
def test_nan_and_inf_are_wrong_cells_like_others(spoiled: float) -> None:
    def change(array: Any, right: Right) -> Any:
        array.reshape(-1)[-1] = spoiled
        return array

    for name in ("dW", "db", "dA_prev"):
        assert seen(name, change)
        assert seen(name, lambda a, right: np.full_like(a, spoiled))
