from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.grid.faces import Fixed, face


@st.composite
def fixed_axes(draw: st.DrawFn) -> tuple[tuple[int, ...], Fixed]:
    """A shape of up to 6 axes and a way to look at it."""
    shape = tuple(draw(st.lists(st.integers(1, 3), max_size=6)))
    axes = st.integers(0, len(shape) - 1) if shape else st.nothing()
    free = draw(st.sets(axes, max_size=min(2, len(shape))))
    return shape, tuple(None if n in free else draw(st.integers(0, d - 1)) for n, d in enumerate(shape))


@given(fixed_axes())
def test_every_cell_leads_to_the_tensor_s_own_value(drawn: tuple[tuple[int, ...], Fixed]) -> None:
    shape, fixed = drawn
    tensor = np.arange(float(np.prod(shape))).reshape(shape)
    seen = face("t", tensor, fixed)
    lengths = [length for length, held in zip(shape, fixed, strict=True) if held is None]
    assert seen.shape == (*lengths, *[1] * (2 - len(lengths)))
    for row in range(seen.shape[0]):
        for column in range(seen.shape[1]):
            index = seen.index(row, column)
            assert tensor[index] == seen.values[row, column]
            assert seen.cell(row, column) == (f"t[{', '.join(map(str, index))}]" if shape else "t")
            assert seen.find(index) == (row, column)


@given(fixed_axes())
def test_only_what_is_on_the_face_is_found(drawn: tuple[tuple[int, ...], Fixed]) -> None:
    shape, fixed = drawn
    seen = face("t", np.zeros(shape), fixed)
    on_face = {seen.index(row, column) for row, column in np.ndindex(seen.shape)}
    assert {index for index in np.ndindex(shape) if seen.find(index) is not None} == on_face
    assert seen.find((*next(iter(on_face)), 0)) is None


@given(fixed_axes())
def test_face_is_a_view_of_the_live_tensor(drawn: tuple[tuple[int, ...], Fixed]) -> None:
    shape, fixed = drawn
    tensor = np.zeros(shape)
    seen = face("t", tensor, fixed)
    tensor[seen.index(0, 0)] = 7.0
    assert seen.values[0, 0] == 7.0


@pytest.mark.parametrize(
    ("shape", "fixed", "label"),
    [
        ((4,), (None,), "t"),
        ((4, 5), (None, None), "t"),
        ((8, 8, 4), (None, None, 2), "t[:, :, 2]"),
        ((8, 8, 1), (None, None, 0), "t[:, :, 0]"),
        ((2, 8, 8, 3), (1, None, None, 0), "t[1, :, :, 0]"),
        ((4, 3, 3, 2), (3, None, None, 1), "t[3, :, :, 1]"),
        ((4, 3, 3, 1), (3, None, None, 0), "t[3]"),
        ((4, 5), (2, None), "t[2]"),
    ],
)
def test_labels_are_written_as_numpy_writes_them(shape: tuple[int, ...], fixed: Fixed, label: str) -> None:
    assert face("t", np.zeros(shape), fixed).label == label


@given(fixed_axes())
def test_label_evaluates_to_the_face(drawn: tuple[tuple[int, ...], Fixed]) -> None:
    shape, fixed = drawn
    tensor = np.arange(float(np.prod(shape))).reshape(shape)
    seen = face("t", tensor, fixed)
    assert np.array_equal(eval(seen.label, {"t": tensor}).reshape(seen.shape), seen.values)
