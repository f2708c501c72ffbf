"""Where a view lies in the array that owns its memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.recording.log import View
from convstep.recording.placing import placed
from tests.strategies import tried

Array = npt.NDArray[Any]


def _address(array: Array) -> int:
    place: int = array.__array_interface__["data"][0]
    return place


@st.composite
def views(draw: st.DrawFn) -> tuple[Array, Array]:
    """An owner of any order and sign of strides, and a view of it got by slicing, reshaping and turning."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    owner = np.arange(np.prod(shape), dtype=np.float64)
    order = draw(st.permutations(range(len(shape))))
    owner = owner.reshape([shape[axis] for axis in order]).transpose(np.argsort(order))
    owner = owner[tuple(slice(None, None, draw(st.sampled_from([1, -1]))) for _ in shape)]
    view = owner
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["slice", "turn", "reshape", "pick"]))
        if kind == "slice":
            steps = st.builds(
                slice,
                st.none() | st.integers(0, 2),
                st.none() | st.integers(1, 4),
                st.sampled_from([1, 2, -1]),
            )
            view = view[tuple(draw(steps) for _ in range(view.ndim))]
        elif kind == "turn":
            view = view.transpose(draw(st.permutations(range(view.ndim))))
        elif kind == "reshape" and view.flags.c_contiguous and view.size:
            view = view.reshape(-1)
        elif kind == "pick" and view.ndim and view.shape[0]:
            view = view[draw(st.integers(0, view.shape[0] - 1))]
        view = np.asarray(view)
    return owner, view


@settings(max_examples=tried(300))
@given(views())
def test_the_region_and_its_mask_are_the_cells_of_the_view(pair: tuple[Array, Array]) -> None:
    owner, view = pair
    low = min(_address(owner[tuple(at)]) for at in np.ndindex(owner.shape)) if owner.size else 0
    if not np.shares_memory(owner, view) or not view.size:
        return
    part, whole = (
        View(0, _address(one) - low, one.shape, one.strides, one.dtype.str) for one in (view, owner)
    )
    found = placed(part, whole)
    touched = np.zeros(owner.shape, bool)
    box = touched[found.region]
    if found.cells is None:
        touched[found.region] = True
    else:
        box[found.cells] = True
    assert np.array_equal(np.sort(owner[touched]), np.unique(view))
