from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.view.grid.faces import face
from convstep.view.grid.overview import MARK, Overview
from convstep.view.grid.panel import Panel, Span
from convstep.view.numbers.scale import CLIP_MARGIN
from convstep.view.numbers.statistics import Statistics
from tests.view.random_panels import STRANGE, drawn, panels, spans

Array = npt.NDArray[Any]


@st.composite
def faces(draw: st.DrawFn) -> Array:
    """A face of up to 40x40 cells with some strange values."""
    rows, columns = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    values = np.random.default_rng(draw(st.integers(0, 99))).standard_normal((rows, columns))
    for value in draw(st.lists(st.sampled_from(STRANGE), max_size=4)):
        values[draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))] = value
    return values


def panel_of(values: Array, window: Span | None = None) -> Panel:
    return Panel(key="any", face=face("t", values, (None, None)), limit=2.0, window=window)


@given(faces(), st.integers(1, 20), st.integers(1, 12), st.data())
def test_an_update_of_a_block_is_as_good_as_a_new_one(
    values: Array, width: int, height: int, data: st.DataObject
) -> None:
    kept, statistics = Overview(width, height), Statistics()
    kept.update(values, None)
    statistics.update(values, None)
    for _ in range(2):
        span = data.draw(spans(*values.shape))
        cells = np.ix_(span.rows, span.columns)
        values[cells] = data.draw(st.sampled_from((*STRANGE, 0.5, -3.0)))
        kept.update(values, span)
        statistics.update(values, span)
    fresh, counted = Overview(width, height), Statistics()
    fresh.update(values, None)
    counted.update(values, None)
    np.testing.assert_array_equal(kept._pixels, fresh._pixels)
    assert statistics.text() == counted.text()
    panel = panel_of(values)
    for coloured in (True, False):
        assert drawn(kept, panel, coloured=coloured) == drawn(fresh, panel, coloured=coloured)


@given(faces(), st.integers(1, 20), st.integers(1, 12))
@example(np.array([[1.0, np.nan, 3.0, -4.0]] * 3), 2, 1)
def test_a_pixel_is_the_largest_magnitude_of_its_block(values: Array, width: int, height: int) -> None:
    overview = Overview(width, height)
    overview.update(values, None)
    pixels = overview._pixels
    assert pixels is not None
    down, right = -(-values.shape[0] // (2 * height)), -(-values.shape[1] // width)
    assert pixels.shape == (-(-values.shape[0] // down), -(-values.shape[1] // right))
    for y, x in np.ndindex(pixels.shape):
        block = values[y * down : (y + 1) * down, x * right : (x + 1) * right]
        if np.isnan(block).any():
            assert np.isnan(pixels[y, x])
        else:
            assert abs(pixels[y, x]) == np.abs(block).max()
            assert pixels[y, x] in block


@given(faces(), st.integers(1, 20), st.integers(1, 12), st.booleans(), st.data())
def test_the_picture_fills_its_lines_and_marks_the_window(
    values: Array, width: int, height: int, coloured: bool, data: st.DataObject
) -> None:
    overview = Overview(width, height)
    overview.update(values, None)
    window = data.draw(spans(*values.shape))
    panel = panel_of(values, window)
    lines = drawn(overview, panel, dark=True, coloured=coloured).split("\n")
    pixels = overview._pixels
    assert pixels is not None
    assert len(lines) == (len(pixels) + 1) // 2 <= height
    assert {len(line) for line in lines} == {pixels.shape[1]}
    assert pixels.shape[1] <= width
    down, right = -(-values.shape[0] // (2 * height)), -(-values.shape[1] // width)
    marks = {(y, x) for y, line in enumerate(lines) for x, c in enumerate(line) if c in MARK + "┏┓┗┛┃━"}
    assert marks
    for y, x in marks:
        assert window.top // (2 * down) <= y <= window.bottom // (2 * down)
        assert window.left // right <= x <= window.right // right
    unmarked = drawn(overview, replace(panel, window=None), dark=True, coloured=coloured)
    assert set(unmarked) <= set("▀\n" if coloured else " ░▒▓█?∞!\n")
    if not coloured:  # without colours NaN shows in either half
        assert unmarked.count("?") <= np.isnan(pixels).sum()
        assert ("?" in unmarked) == any(
            np.isnan(pixels[2 * y, x])
            or (2 * y + 1 < len(pixels) and np.isnan(pixels[2 * y + 1, x]) and not _strange(pixels[2 * y, x]))
            for y in range((len(pixels) + 1) // 2)
            for x in range(pixels.shape[1])
        )


def _strange(value: float) -> bool:
    return bool(abs(value) > 2.0 * CLIP_MARGIN)


@given(panels())
def test_any_panel_can_be_drawn(panel: Panel) -> None:
    overview = Overview(7, 3)
    overview.update(panel.face.values, None)
    for coloured in (True, False):
        assert drawn(overview, panel, dark=False, coloured=coloured)
