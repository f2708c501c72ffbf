"""How a gradient of the wrong size is cropped and brought to the input's, held against what people write."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
from convstep.candidate.diagnose.known_bugs.cropping import Buffer, cropped, refitted
from convstep.candidate.diagnose.known_bugs.mistakes import Crop, Mistakes, Refit

from convstep.conv.geometry import Padding, Pair
from convstep.conv.problem import Problem

Array = npt.NDArray[Any]

PADDING: Padding = ((1, 2), (3, 0))
GEOMETRY = Problem(np.ones((2, 4, 5, 3)), np.ones((1, 2, 2, 3)), None, None, padding=PADDING).geometry
"""An input of 4 rows and 5 columns."""


def numbered(rows: int, columns: int) -> Array:
    """A gradient of which no two cells are alike, nor zero."""
    return np.arange(1.0, 2 * rows * columns * 3 + 1).reshape(2, rows, columns, 3)


def around(dA: Array, rows: Pair, columns: Pair) -> Array:
    return np.pad(dA, ((0, 0), rows, columns, (0, 0)))


@pytest.mark.parametrize(
    ("refit", "three", "one", "two", "four"),
    [
        ("zeros after", (0, 3), (0, 1), (0, 2), (0, 4)),
        ("zeros before", (3, 0), (1, 0), (2, 0), (4, 0)),
        ("zeros around", (1, 2), (0, 1), (1, 1), (2, 2)),
    ],
)
def test_what_is_missing_is_filled_up_with_zeros(
    refit: Refit, three: Pair, one: Pair, two: Pair, four: Pair
) -> None:
    small = numbered(1, 4)
    np.testing.assert_array_equal(refitted(small, GEOMETRY, refit), around(small, three, one))
    # one axis may have too much, of which the first cells are kept, while the other has too little
    wide, high = numbered(2, 7), numbered(6, 1)
    np.testing.assert_array_equal(refitted(wide, GEOMETRY, refit), around(wide[:, :, :5], two, (0, 0)))
    np.testing.assert_array_equal(refitted(high, GEOMETRY, refit), around(high[:, :4], (0, 0), four))


def test_what_is_assigned_has_the_right_shape_or_is_spread_or_raises() -> None:
    whole = numbered(4, 5)
    np.testing.assert_array_equal(refitted(whole, GEOMETRY, "assigned"), whole)
    row = numbered(1, 5)
    np.testing.assert_array_equal(refitted(row, GEOMETRY, "assigned"), np.repeat(row, 4, axis=1))
    with pytest.raises(ValueError, match="broadcast"):
        refitted(numbered(3, 5), GEOMETRY, "assigned")
    assert refitted(row, GEOMETRY, "") is row
    assert refitted(row, GEOMETRY, "rows before") is row


def crop(dA: Array, mistakes: Mistakes, believed: Padding = PADDING) -> Array:
    return cropped(Buffer(dA, believed, GEOMETRY), mistakes)


BUFFER = numbered(4 + 3, 5 + 3)


CROPS: dict[Crop, Array] = {
    "": BUFFER[:, 1:5, 3:8],
    "none": BUFFER,
    "[p:-p]": BUFFER[:, 1:-2, 3:-0],
    "[p:-p] on H": BUFFER[:, 1:-2, 3:8],
    "[p:-p] on W": BUFFER[:, 1:5, 3:-0],
    "[p:size-p]": BUFFER[:, 1:5, 3:8],
    "outer [p:-p]": BUFFER[:, 1:-2, 3:-0],
    "outer [p:size-p]": BUFFER[:, 1:5, 3:8],
    "[:H]": BUFFER[:, :4, :5],
    "[:H] on H": BUFFER[:, :4, 3:8],
    "[:H] on W": BUFFER[:, 1:5, :5],
    "[-H:]": BUFFER[:, -4:, -5:],
    "[-H:] on H": BUFFER[:, -4:, 3:8],
    "[-H:] on W": BUFFER[:, 1:5, -5:],
    "[p:]": BUFFER[:, 1:, 3:],
    "[1:-1]": BUFFER[:, 1:-1, 1:-1],
    "H and W swapped": BUFFER[:, 1:6, 3:7],
    "axes N, H": BUFFER[1:-2, 3:-0],
    "axes W, C": BUFFER[:, :, 1:-2, 3:-0],
    "axes C, H": BUFFER[:, 3:-0, :, 1:-2],
    "axes N, C": BUFFER[1:-2, :, :, 3:-0],
}
"""By what somebody writes, what is left of the buffer."""


@pytest.mark.parametrize("form", CROPS)
def test_crops_are_the_slices_that_people_write(form: Crop) -> None:
    np.testing.assert_array_equal(crop(BUFFER, Mistakes(crop=form)), CROPS[form])


def test_crops_along_other_axes_may_be_guarded_or_have_a_length() -> None:
    others = [form for form in get_args(Crop) if form.startswith("axes") and form not in CROPS]
    for form in others:
        plain, how = form.rsplit(" ", 1)
        along = ["NHWC".index(letter) for letter in plain.removeprefix("axes ").split(", ")]
        (top, bottom), (left, _) = PADDING
        end = (-bottom, None) if how == "guarded" else (top + 4, left + 5)
        expected = [slice(None)] * 4
        for axis, first, last in zip(along, (top, left), end, strict=True):
            expected[axis] = slice(first, last)
        np.testing.assert_array_equal(crop(BUFFER, Mistakes(crop=form)), BUFFER[tuple(expected)], form)
    assert others
    assert {*CROPS, *others} | {form for form in get_args(Crop) if "assigned" in form} == {*get_args(Crop)}


def test_who_believes_in_another_padding_crops_by_it_unless_the_crop_is_by_the_real_one() -> None:
    believed: Padding = ((2, 1), (0, 1))
    np.testing.assert_array_equal(crop(BUFFER, Mistakes(crop="[p:]"), believed), BUFFER[:, 2:])
    np.testing.assert_array_equal(
        crop(BUFFER, Mistakes(crop="outer [p:size-p]"), believed), BUFFER[:, 1:5, 3:8]
    )
    # a padding that is larger than what there is leaves nothing
    assert crop(BUFFER, Mistakes(crop="[p:size-p]"), ((0, 9), (0, 0))).shape == (2, 0, 8, 3)


def test_rows_that_the_buffer_lacks_come_before_it_and_are_cropped_then() -> None:
    small = numbered(5, 6)
    whole = around(small, (2, 0), (2, 0))
    np.testing.assert_array_equal(crop(small, Mistakes(refit="rows before")), whole[:, 1:5, 3:8])
    np.testing.assert_array_equal(crop(BUFFER, Mistakes(refit="rows before")), BUFFER[:, 1:5, 3:8])
    np.testing.assert_array_equal(crop(small, Mistakes(refit="rows before", crop="none")), whole)


def test_a_crop_that_is_assigned_is_spread_or_raises_where_its_shape_is_another() -> None:
    spread = crop(BUFFER, Mistakes(crop="[p:-p] assigned"), ((3, 3), (1, 2)))
    np.testing.assert_array_equal(spread, np.repeat(BUFFER[:, 3:4, 1:-2], 4, axis=1))
    with pytest.raises(ValueError, match="broadcast"):
        crop(BUFFER, Mistakes(crop="[1:-1] assigned"))
