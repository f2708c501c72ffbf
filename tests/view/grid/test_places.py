from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.view.grid.faces import face
from convstep.view.grid.panel import Cell, Panel
from convstep.view.grid.places import LEAST_TEXT, PRECISE_TEXT, Rect, lay_out
from convstep.view.numbers.big_digits import DIGIT, LEAST_BIG, LINES
from convstep.view.panels.stage import Stage
from tests.view.random_panels import panels, spans

WIDTHS, HEIGHTS, LARGE = st.integers(1, 100), st.integers(1, 40), st.booleans()


@given(panels(plain=True), WIDTHS, HEIGHTS, LARGE)
def test_cell_at_is_the_inverse_of_where_a_cell_stands(
    panel: Panel, width: int, height: int, large: bool
) -> None:
    layout = lay_out(panel, width, height, large=large)
    for row in range(layout.rows):
        for column in range(layout.columns):
            for x in range(layout.gutter(column), layout.gutter(column + 1)):
                for y in range(layout.y_of(row), layout.y_of(row) + layout.lines):
                    assert layout.cell_at(x, y) == Cell(row, column)


@given(panels(plain=True), WIDTHS, HEIGHTS, LARGE)
def test_no_cell_stands_on_labels_or_beyond(panel: Panel, width: int, height: int, large: bool) -> None:
    layout = lay_out(panel, width, height, large=large)
    found = {layout.cell_at(x, y) for y in range(layout.height) for x in range(layout.width)} - {None}
    assert len(found) == layout.rows * layout.columns
    rows = {layout.y_of(row) + part for row in range(layout.rows) for part in range(layout.lines)}
    for y in set(range(layout.height + 3)) - rows:
        assert all(layout.cell_at(x, y) is None for x in range(layout.width))
    assert all(layout.cell_at(x, min(rows)) is None for x in range(layout.margin))


@given(panels(plain=True), WIDTHS, HEIGHTS, LARGE)
def test_rows_stand_below_each_other_and_every_line_is_one_thing(
    panel: Panel, width: int, height: int, large: bool
) -> None:
    layout = lay_out(panel, width, height, large=large)
    places = [layout.y_of(row) for row in range(layout.rows)]
    assert places == sorted(set(places))
    lines = [layout.line(y) for y in range(layout.header, layout.height)]
    assert None not in lines
    parts = [(row, part, layout.lines) for row in range(layout.rows) for part in range(layout.lines)]
    assert lines == parts
    assert layout.line(layout.height) is None
    assert all(layout.line(y) == (row, 0, layout.lines) for row, y in enumerate(places))
    assert sum(line.middle for line in lines if line) == layout.rows, "labels and marks stand once"


@given(panels(plain=True), WIDTHS, HEIGHTS, st.data())
def test_nothing_that_a_step_does_moves_a_cell(
    panel: Panel, width: int, height: int, data: st.DataObject
) -> None:
    rows, columns = panel.face.shape
    cells = st.builds(Cell, st.integers(0, rows - 1), st.integers(0, columns - 1))
    used = replace(
        panel,
        window=None if panel.window is None else data.draw(spans(rows, columns)),
        changed=data.draw(st.none() | spans(rows, columns)),
        now=data.draw(st.none() | cells),
        inside=data.draw(st.none() | spans(rows, columns)),
        cropped=data.draw(st.booleans()),
        use=data.draw(st.sampled_from(["", "reads", "writes"])),
    )
    assert lay_out(panel, width, height) == lay_out(replace(used, window=panel.window), width, height)
    if lay_out(panel, width, height).width <= width:  # one that scrolls is as wide as its windows need
        assert lay_out(panel, width, height) == lay_out(used, width, height)
    assert lay_out(panel, width, height).height == panel.face.shape[0] + (height > 1)


@given(panels(plain=True), WIDTHS, HEIGHTS, LARGE, st.data())
def test_rect_is_the_cells_of_a_span_with_the_gutters_beside_them(
    panel: Panel, width: int, height: int, large: bool, data: st.DataObject
) -> None:
    layout = lay_out(panel, width, height, large=large)
    span = data.draw(spans(layout.rows, layout.columns))
    rect = layout.rect(span)
    for row in span.rows:
        for column in span.columns:
            cell = Rect(layout.gutter(column), layout.y_of(row), layout.text + 2, layout.lines)
            assert rect.union(cell) == rect
    assert rect.height == layout.lines * (span.bottom - span.top + 1)


@given(panels(plain=True), WIDTHS, st.integers(-5, 120))
def test_snapping_begins_with_a_whole_cell_or_at_the_end(panel: Panel, width: int, x: int) -> None:
    layout = lay_out(panel, width, 20)
    place = layout.snap(x, width)
    most = max(layout.width - width, 0)
    assert place >= 0
    assert place in {0, most, *(layout.gutter(c) - layout.margin for c in range(layout.columns + 1))}
    if x <= most and x > 0:
        assert place >= min(x, most)


@given(panels(), st.integers(4, 100), st.integers(2, 40), st.integers(-12, 12), LARGE)
def test_rows_and_columns_are_numbered_at_every_size(
    panel: Panel, width: int, height: int, more: int, large: bool
) -> None:
    layout = lay_out(panel, width, height, precision=more, large=large)
    assert layout.margin == len(str(panel.face.shape[0] - 1)) + (2 if panel.listed else 0)
    assert layout.header == (0 if panel.listed else 1)


@given(panels(), st.integers(12, 100), HEIGHTS, st.integers(0, 12), LARGE)
def test_however_much_precision_is_asked_for_a_whole_cell_fits(
    panel: Panel, width: int, height: int, more: int, large: bool
) -> None:
    layout = lay_out(panel, width, height, precision=more, large=large)
    assert layout.margin + layout.text + 2 <= width


@given(panels(plain=True), st.integers(12, 100), st.integers(2, 40), st.integers(-4, 9), LARGE, st.data())
def test_following_shows_the_span_or_its_beginning_and_then_rests(
    panel: Panel, width: int, height: int, more: int, large: bool, data: st.DataObject
) -> None:
    layout = lay_out(panel, width, height, precision=more, large=large)
    span = data.draw(spans(layout.rows, layout.columns))
    start = data.draw(st.tuples(st.integers(0, 200), st.integers(0, 200)))
    x, y = layout.scrolled_to(span, start, width, height)
    assert 0 <= x <= max(layout.width - width, 0)
    assert 0 <= y <= max(layout.height - height, 0)
    assert layout.scrolled_to(span, (x, y), width, height) == (x, y)
    wide, high = width - layout.margin, height - layout.header
    columns = [layout.gutter(column) - layout.margin for column in (span.left, span.right + 1)]
    rows = [layout.y_of(span.top) - layout.header, layout.y_of(span.bottom) - layout.header + layout.lines]
    assert x <= columns[0]
    assert columns[0] + layout.text + 2 <= x + wide, "at least the first column"
    if columns[1] + 1 - columns[0] <= wide:
        assert columns[1] + 1 <= x + wide
    if layout.lines == 1:
        assert y <= rows[0] < y + high
        if rows[1] - rows[0] <= high:
            assert rows[1] <= y + high


@given(panels(plain=True), WIDTHS, HEIGHTS, st.integers(-12, 12))
def test_numbers_keep_their_least_and_most_columns(panel: Panel, width: int, height: int, more: int) -> None:
    layout = lay_out(panel, width, height, precision=more)
    assert LEAST_TEXT <= layout.text <= PRECISE_TEXT
    usual = lay_out(panel, width, height)
    assert (layout.text - usual.text) * more >= 0
    if usual.width > width:  # where it does not fit whole, numbers are as narrow as is of use
        assert usual.text <= 5


@given(panels(plain=True), WIDTHS)
def test_wider_rooms_never_narrow_the_numbers_of_a_face_that_fits(panel: Panel, width: int) -> None:
    layout, wider = lay_out(panel, width, 30), lay_out(panel, width + 1, 30)
    if layout.width <= width and layout.margin == wider.margin:
        assert wider.text >= layout.text


@given(panels(plain=True), HEIGHTS)
def test_a_list_has_no_header(panel: Panel, height: int) -> None:
    assert lay_out(replace(panel, listed=True), 60, height).header == 0


def test_union_is_the_smallest_block_around_both() -> None:
    assert Rect(1, 2, 3, 4).union(Rect(10, 0, 1, 1)) == Rect(1, 0, 10, 6)


ROOMY = Panel("t", face("t", np.zeros((2, 5)), (None, None)), 1.0)
"""At 30x20 too wide for big numbers, and with room for two lines a row."""


@given(panels(plain=True), WIDTHS, HEIGHTS)
@example(ROOMY, 30, 20)
def test_numbers_are_big_wherever_the_face_or_its_window_fits_with_them(
    panel: Panel, width: int, height: int
) -> None:
    layout, rows, columns = lay_out(panel, width, height, large=True), *panel.face.shape
    if panel.window is not None:
        rows = panel.window.bottom - panel.window.top + 1
        columns = panel.window.right - panel.window.left + 1
    narrowest = layout.margin + columns * (LEAST_BIG + 1) + 1
    assert (layout.lines == LINES) == (narrowest <= width and layout.header + LINES * rows <= height)
    if layout.lines == LINES:
        assert layout.text >= LEAST_BIG
        assert layout.margin + columns * (layout.text + 1) + 1 <= width
    if layout.lines == 2:
        assert layout.width <= width
        assert layout.height <= height


@given(panels(plain=True), st.integers(20, 100), HEIGHTS, st.data())
def test_a_scroll_place_begins_with_a_whole_row_and_cut_rows_are_known(
    panel: Panel, width: int, height: int, data: st.DataObject
) -> None:
    layout = lay_out(panel, width, height, large=True)
    room = height - layout.header
    most = max(layout.height - height, 0)
    y = layout.snap_down(data.draw(st.integers(0, most)), room)
    line = layout.line(layout.header + y)
    assert y == most or (line is not None and line.part == 0)
    top = layout.header + y
    for place in range(top, top + room):
        if (line := layout.line(place)) is not None:
            first = layout.y_of(line.row)
            whole = top <= first and first + layout.lines <= top + room
            assert layout.is_cut(place, top, room) == (not whole)


def test_more_precision_makes_big_numbers_a_digit_wider() -> None:
    panel = Panel("t", face("t", np.zeros((2, 2)), (None, None)), 1.0)
    usual, more, fewer = (lay_out(panel, 30, 20, precision=n, large=True) for n in (0, 1, -4))
    assert (usual.lines, more.text - usual.text, fewer.text) == (LINES, DIGIT, LEAST_BIG)


@given(st.sampled_from(["digit", "same", "dilated", "no-padding"]), st.integers(20, 70), st.integers(4, 40))
def test_before_a_class_what_is_read_and_what_is_written_stand_level(
    name: str, width: int, height: int
) -> None:
    timeline = Timeline(catalog.load(name))
    timeline.seek(timeline.total // 2)
    read, written = Stage(timeline).scene().panels[:2]
    layouts = [lay_out(panel, width, height, large=True) for panel in (read, written)]
    assert len({(layout.header, layout.lines, layout.height) for layout in layouts}) == 1
    assert len({tuple(map(layout.y_of, range(layout.rows))) for layout in layouts}) == 1
