from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from tests.strategies import problems


def geometry(**changes: Any) -> Geometry:
    fields: dict[str, Any] = {
        "batch": None,
        "input_shape": (7, 10, 3),
        "kernel_shape": (4, 3, 3, 3),
        "stride": (2, 2),
        "padding": ((1, 1), (1, 1)),
        "dilation": (1, 1),
        "groups": 1,
    }
    return Geometry(**(fields | changes))


@given(problems())
def test_index_at_is_the_inverse_of_step_at(problem: Problem) -> None:
    found = problem.geometry
    indices = [found.index_at(step) for step in range(found.total_steps)]
    assert [found.step_at(index) for index in indices] == list(range(found.total_steps))
    assert indices == [type(indices[0])(*place) for place in np.ndindex(found.samples, *found.output_shape)]


@given(problems())
def test_every_window_lies_inside_the_padded_input_and_has_the_kernels_shape(problem: Problem) -> None:
    found = problem.geometry
    _, f_h, f_w, c_k = found.kernel_shape
    for step in range(found.total_steps):
        i_n, rows, columns, channels = found.window(found.index_at(step))
        assert 0 <= i_n < found.samples
        for part, limit in zip((rows, columns, channels), found.padded_shape, strict=True):
            assert 0 <= part.start < part.stop <= limit
        ranges = [range(p.start, p.stop, p.step or 1) for p in (rows, columns, channels)]
        assert [len(r) for r in ranges] == [f_h, f_w, c_k]


@given(problems())
def test_steps_touching_a_padded_cell_are_those_whose_window_covers_it(problem: Problem) -> None:
    found = problem.geometry
    touching: dict[tuple[int, ...], list[int]] = {}
    for step in range(found.total_steps):
        i_n, rows, columns, channels = found.window(found.index_at(step))
        for row in range(rows.start, rows.stop, rows.step):
            for column in range(columns.start, columns.stop, columns.step):
                for channel in range(channels.start, channels.stop):
                    touching.setdefault((i_n, row, column, channel), []).append(step)
    for cell in np.ndindex(found.samples, *found.padded_shape):
        i_n, row, column, channel = cell
        assert found.steps_touching_padded(i_n, row, column, channel) == touching.get(cell, [])


@given(problems())
def test_steps_touching_a_filter_are_those_of_its_output_channel(problem: Problem) -> None:
    found = problem.geometry
    for i_c in range(found.kernel_shape[0]):
        expected = [step for step in range(found.total_steps) if found.index_at(step).i_c == i_c]
        assert list(found.steps_touching_filter(i_c)) == expected


@given(problems())
def test_output_channels_are_those_that_look_at_the_channel(problem: Problem) -> None:
    found = problem.geometry
    for channel in range(found.input_shape[2]):
        looking = [
            i_c
            for i_c in range(found.kernel_shape[0])
            if channel in range(found.channels(i_c).start, found.channels(i_c).stop)
        ]
        assert list(found.output_channels(channel)) == looking


@given(problems())
def test_remainder_counts_the_rows_and_columns_beyond_the_last_window(problem: Problem) -> None:
    found = problem.geometry
    h_out, w_out, _ = found.output_shape
    h_pad, w_pad, _ = found.padded_shape
    assert found.remainder == (h_pad - found.rows(h_out - 1).stop, w_pad - found.columns(w_out - 1).stop)
    assert all(0 <= left < s for left, s in zip(found.remainder, found.stride, strict=True))


@given(problems())
def test_crop_of_the_padded_input_is_the_input(problem: Problem) -> None:
    rows, columns = problem.geometry.crop
    assert problem.A_prev_pad[..., rows, columns, :].tobytes() == problem.A_prev.tobytes()
    assert problem.A_prev_pad.shape[-3:] == problem.geometry.padded_shape


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ({}, (4, 5, 4)),
        ({"stride": (1, 1)}, (7, 10, 4)),
        ({"stride": (3, 2), "padding": ((0, 0), (0, 0))}, (2, 4, 4)),
        ({"dilation": (2, 3), "stride": (1, 1)}, (5, 6, 4)),
        ({"kernel_shape": (2, 1, 1, 3), "stride": (3, 3), "padding": ((0, 0), (0, 0))}, (3, 4, 2)),
        ({"kernel_shape": (1, 7, 10, 3), "padding": ((0, 0), (0, 0))}, (1, 1, 1)),
    ],
)
def test_output_shape_is_the_one_torch_documents(changes: dict[str, Any], output: tuple[int, ...]) -> None:
    assert geometry(**changes).output_shape == output


def test_a_cell_in_a_gap_of_the_stride_is_touched_by_no_step() -> None:
    found = geometry(kernel_shape=(4, 1, 1, 3), padding=((0, 0), (0, 0)))
    assert found.steps_touching_padded(0, 1, 0, 0) == []
    assert found.steps_touching_padded(0, 2, 0, 0) == [20, 21, 22, 23]
