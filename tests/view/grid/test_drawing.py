from __future__ import annotations

import math
import re
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from convstep.view.grid import drawing
from convstep.view.grid.colours import Colours, contrast
from convstep.view.grid.drawing import MODES, WAITING, Look, draw_header, draw_line, draw_note
from convstep.view.grid.faces import face
from convstep.view.grid.panel import WRITES, Cell, Panel, Span
from convstep.view.grid.places import GridLayout, lay_out, lay_out_in_unit
from convstep.view.numbers.big_digits import LEAST_BIG, LINES, BigFormat, inked, written
from convstep.view.numbers.scale import Scale, round_limit
from tests.view.random_panels import insides, panels, spans

ROLES = {
    "window": Style(bold=True),
    "changed": Style(underline=True),
    "now": Style(reverse=True),
    "cursor": Style(strike=True),
    "todo": Style(dim=True),
    "frame": Style(blink=True),
    "crop": Style(italic=True),
}
"""Each role with an attribute of its own."""

PLAIN = Look(ROLES)
LOOKS = st.builds(
    Look, st.just(ROLES), st.sampled_from(MODES), st.booleans(), st.booleans(),
    st.none() | st.builds(Cell, st.integers(0, 9), st.integers(0, 9)), colours=st.sampled_from(Colours),
)  # fmt: skip


def text(segments: list[Segment]) -> str:
    return "".join(segment.text for segment in segments)


def drawn(panel: Panel, layout: GridLayout, look: Look = PLAIN) -> list[str]:
    """Every line below the header, whole."""
    return [
        text(draw_line(panel, layout, y, 0, layout.width, look)) for y in range(layout.header, layout.height)
    ]


def style_of(panel: Panel, layout: GridLayout, cell: Cell, look: Look = PLAIN) -> Style:
    """How a cell's number is drawn."""
    at, x = 0, layout.gutter(cell.column) + 1
    for segment in draw_line(panel, layout, layout.y_of(cell.row), 0, layout.width, look):
        if at <= x < at + len(segment.text):
            return segment.style or Style()
        at += len(segment.text)
    raise AssertionError(cell)


def number(panel: Panel, layout: GridLayout, cell: Cell, look: Look = PLAIN) -> str:
    line = text(draw_line(panel, layout, layout.y_of(cell.row), 0, layout.width, look))
    return line[layout.gutter(cell.column) + 1 : layout.gutter(cell.column + 1)]


@given(
    panels(),
    LOOKS,
    st.integers(1, 120),
    st.integers(1, 30),
    st.integers(0, 60),
    st.integers(-4, 6),
    st.booleans(),
)
def test_every_line_is_exactly_as_wide_as_asked(
    panel: Panel, look: Look, width: int, height: int, left: int, precision: int, large: bool
) -> None:
    layout = lay_out(panel, width, height, precision=precision, large=large)
    lines = [
        draw_line(panel, layout, y, left, width, look, cut=y % 5 == 0)
        for y in range(layout.header, layout.height + 3)
    ]
    for segments in [*lines, draw_header(panel, layout, left, width, look)]:
        assert len(text(segments)) == width
        assert all(cell_len(character) == 1 for character in text(segments))


@given(panels(), LOOKS, st.integers(1, 120), st.integers(0, 60), st.booleans())
def test_scrolled_line_is_part_of_the_whole_and_shows_no_number_in_part(
    panel: Panel, look: Look, width: int, left: int, large: bool
) -> None:
    layout = lay_out(panel, width, 30, large=large)
    left, margin = min(left, layout.width - layout.margin - 1), layout.margin
    for y in range(layout.header, layout.height):
        whole = list(text(draw_line(panel, layout, y, 0, layout.width, look)).ljust(left + width))
        line = layout.line(y)
        assert line is not None
        for column in range(layout.columns):
            first, beyond = layout.gutter(column) + 1, layout.gutter(column + 1)
            if first - margin < left or beyond > left + width:
                whole[first:beyond] = " " * layout.text
        label, cells = "".join(whole[:margin]), "".join(whole[margin + left :])
        assert text(draw_line(panel, layout, y, left, width, look)) == (label + cells)[:width]
        if line.middle and width >= margin:
            assert label.strip("[] ") == (str(line.row) if margin else "")


@given(panels(), LOOKS, st.data())
def test_a_cell_looks_as_if_no_other_had_been_drawn_before_it(
    panel: Panel, look: Look, data: st.DataObject
) -> None:
    rows, columns = panel.face.shape
    cells = st.builds(Cell, st.integers(0, rows - 1), st.integers(0, columns - 1))
    for _ in range(3):
        panel = replace(
            panel,
            used=data.draw(st.none() | spans(rows, columns)),
            changed=data.draw(st.none() | spans(rows, columns)),
            inside=data.draw(st.none() | insides(rows, columns)),
            now=data.draw(st.none() | cells),
            done=data.draw(st.none() | st.integers(0, rows * columns)),
            stops=frozenset(data.draw(st.sets(cells, max_size=2))),
            marks=dict.fromkeys(data.draw(st.sets(cells, max_size=1)), "*"),
        )
        layout = lay_out(panel, 90, 30)
        for y in range(layout.header, layout.height):
            line = draw_line(panel, layout, y, 0, 90, look)
            with mock.patch.object(drawing, "_special", return_value=range(columns)):
                assert line == draw_line(panel, layout, y, 0, 90, look)


@given(panels(), st.integers(1, 120), st.integers(0, 60))
def test_header_scrolls_with_the_columns(panel: Panel, width: int, left: int) -> None:
    layout = lay_out(panel, 60, 30)
    whole = list(text(draw_header(panel, layout, 0, layout.width, PLAIN)).ljust(left + width))
    for column in range(layout.columns):
        first, beyond = layout.gutter(column) + 1, layout.gutter(column + 1)
        assert "".join(whole[first:beyond]).strip() == str(column)
        if first - layout.margin < left or beyond > left + width:  # 1 would be read for 10
            whole[first:beyond] = " " * layout.text
    shown = text(draw_header(panel, layout, left, width, PLAIN))
    assert shown == "".join(whole[: layout.margin] + whole[layout.margin + left :])[:width]


@given(panels(), st.integers(20, 120), st.booleans())
def test_only_zero_looks_like_zero_and_only_minus_has_a_sign(
    panel: Panel, width: int, coloured: bool
) -> None:
    panel = replace(panel, inside=None)
    layout, look = lay_out(panel, width, 30), Look(ROLES, coloured=coloured)
    for (row, column), value in np.ndenumerate(panel.face.values):
        shown = number(panel, layout, Cell(row, column), look).strip().lstrip("!?∞░▒▓█" if value else "")
        shown = shown or "∞"  # that of the number itself
        assert (shown == "0") == (value == 0), (shown, value)
        assert (shown.startswith("-") or shown == "<<") == (value < 0), (shown, value)
        assert (shown == "nan") == bool(np.isnan(value))


@given(panels())
def test_untouched_padding_is_a_dot_and_touched_padding_a_number(panel: Panel) -> None:
    layout = lay_out(panel, 60, 30)
    for (row, column), value in np.ndenumerate(panel.face.values):
        outside = panel.inside is not None and (row, column) not in panel.inside
        dot = number(panel, layout, Cell(row, column)).strip() == "·"
        assert dot == (outside and value == 0)


def sides(lines: list[str], layout: GridLayout, block: Span) -> list[str]:
    """What stands left and right of a block's rows, from top to bottom."""
    first, beyond = (layout.y_of(row) - layout.header for row in (block.top, block.bottom + 1))
    gutters = layout.gutter(block.left), layout.gutter(block.right + 1)
    return ["".join(line[gutter] for line in lines[first:beyond]) for gutter in gutters]


def upright(corners: str, lines: int) -> str:
    """One side of a bracket over so many lines."""
    top, middle, bottom, alone = [*corners]
    return alone if lines == 1 else top + middle * (lines - 2) + bottom


@given(panels(plain=True), st.integers(10, 100), st.booleans(), st.booleans(), st.data())
def test_a_frame_is_a_pair_of_brackets_beside_the_window_s_rows_and_nothing_else(
    panel: Panel, width: int, large: bool, coloured: bool, data: st.DataObject
) -> None:
    window = data.draw(spans(*panel.face.shape))
    panel = replace(panel, framed=True, window=window, cropped=False)
    layout = lay_out(panel, width, 100, large=large)
    lines = drawn(panel, layout, Look(ROLES, "numbers", coloured=coloured))
    count = (window.bottom - window.top + 1) * layout.lines
    left, right = ("┏┃┗[", "┓┃┛]") if coloured else ("[[[[", "]]]]")
    assert sides(lines, layout, window) == [upright(left, count), upright(right, count)]
    without = drawn(replace(panel, window=None, used=None), layout, Look(ROLES, "numbers", coloured=coloured))
    assert ["".join(" " if one in left + right else one for one in line) for line in lines] == [
        "".join(" " if at in (layout.gutter(window.left), layout.gutter(window.right + 1))
                and shown in left + right else one for at, (one, shown) in enumerate(zip(*pair, strict=True)))
        for pair in zip(without, lines, strict=True)
    ]  # fmt: skip


@given(panels(plain=True), st.integers(10, 100), st.booleans(), st.data())
def test_the_crop_line_stands_beside_its_rows_but_for_what_stands_on_it(
    panel: Panel, width: int, large: bool, data: st.DataObject
) -> None:
    inside = data.draw(insides(*panel.face.shape))
    panel = replace(panel, cropped=True, inside=inside)
    layout = lay_out(panel, width, 100, large=large)
    lines = drawn(panel, layout)
    count = (inside.bottom - inside.top + 1) * layout.lines
    expected = [upright(corners, count) for corners in ("┌│└│", "┐│┘│")]
    over = "" if panel.block is None and panel.now is None else "┏┃┗┓┛[]▸◂"
    for shown, side in zip(sides(lines, layout, inside), expected, strict=True):
        assert all(s == e or s in over for s, e in zip(shown, side, strict=True))
    everything = "".join(lines)
    assert sum(everything.count(one) for one in "┌│└┐┘") <= 2 * count


@given(panels(), st.booleans(), st.sampled_from(Colours))
def test_between_the_window_s_cells_is_a_ground_of_the_hue_of_what_the_step_does(
    panel: Panel, coloured: bool, colours: Colours
) -> None:
    grounds = {"reads-ground": Style(bgcolor="#005048"), "writes-ground": Style(bgcolor="#4a1242")}
    layout = lay_out(panel, 90, 30)
    look = Look(ROLES | grounds, "numbers", coloured=coloured, colours=colours)
    tinted = coloured and colours is not Colours.SIXTEEN and bool(panel.use)
    for row, column in np.ndindex(panel.face.shape):
        ground = style_of(panel, layout, Cell(row, column), look).bgcolor
        within = panel.block is not None and (row, column) in panel.block
        assert ground == (grounds[panel.ground].bgcolor if tinted and within else None)


@given(panels())
def test_marks_stand_on_exactly_their_cells(panel: Panel) -> None:
    layout = lay_out(panel, 90, 30)
    look = Look(ROLES, mode="numbers", cursor=Cell(1, 1))
    columns = panel.face.shape[1]
    for row, column in np.ndindex(panel.face.shape):
        cell = Cell(row, column)
        style = style_of(panel, layout, cell, look)
        written = panel.now == cell and panel.use == WRITES
        assert bool(style.bold) == (written or (panel.block is not None and cell in panel.block))
        assert bool(style.underline) == (panel.changed is not None and cell in panel.changed)
        assert bool(style.reverse) == (panel.now == cell and not written), "only what is taken is reversed"
        assert bool(style.strike) == (cell == (1, 1))
        waiting = panel.done is not None and row * columns + column >= panel.done and panel.now != cell
        assert bool(style.dim) == waiting


@given(panels(plain=True))
def test_pointers_stand_on_both_sides_of_the_current_cell(panel: Panel) -> None:
    panel = replace(panel, framed=False, window=None)
    lines = "".join(drawn(panel, lay_out(panel, 90, 30)))
    expected = (0, 0) if panel.now is None else (1, 1)
    assert (lines.count("▸"), lines.count("◂")) == expected


def test_list_marks_its_current_row() -> None:
    panel = Panel("db", face("db", np.arange(3.0), (None,)), 4.0, now=Cell(1, 0), listed=True)
    assert [line.rstrip() for line in drawn(panel, lay_out(panel, 20, 9))] == [
        "[0]       0", "[1]  1.0000◂", "[2]  2.0000"
    ]  # fmt: skip


@given(panels(), st.sampled_from(["both", "heat"]), st.booleans(), st.sampled_from(Colours))
def test_colour_is_the_scale_s_own(panel: Panel, mode: str, dark: bool, colours: Colours) -> None:
    layout, look = lay_out(panel, 90, 30), Look(ROLES, mode, dark, colours=colours)
    scale = Scale(panel.limit, dark, colours)
    for (row, column), value in np.ndenumerate(panel.face.values):
        style = style_of(panel, layout, Cell(row, column), look)
        waiting = WAITING in number(panel, layout, Cell(row, column), look)
        if style.dim or style.reverse or value == 0:  # waiting, the current one, nothing
            assert style.bgcolor is None
        else:
            shown = style.color if waiting else style.bgcolor
            assert shown is not None
            assert shown.name == scale.background(float(value))


@given(panels(), st.booleans())
def test_on_heat_the_ink_is_the_scale_s_whatever_the_roles_say(panel: Panel, dark: bool) -> None:
    inks = {role: style + Style(color="#123456") for role, style in ROLES.items()}
    layout, look = lay_out(panel, 90, 30), Look({**inks, "padding": Style(color="#654321")}, dark=dark)
    for (row, column), value in np.ndenumerate(panel.face.values):
        style = style_of(panel, layout, Cell(row, column), look)
        if style.bgcolor is not None:
            assert style.color is not None
            assert style.color.name == Scale(panel.limit, dark).foreground(float(value))


def test_the_current_cell_and_the_cursor_look_the_same_whatever_their_values() -> None:
    values = np.array([[0.001, 1.0, -1.0, 0.0]])
    looks = set()
    for column in range(4):
        for mode in MODES:
            panel = Panel("t", face("t", values, (None, None)), 1.0, now=Cell(0, column))
            looks.add(style_of(panel, lay_out(panel, 60, 30), Cell(0, column), Look(ROLES, mode)))
            assert number(panel, lay_out(panel, 60, 30), Cell(0, column), Look(ROLES, mode)).strip()
    assert looks == {Style(reverse=True)}


@given(panels(), st.sampled_from(MODES))
def test_without_colour_no_colour_is_drawn(panel: Panel, mode: str) -> None:
    layout, look = lay_out(panel, 90, 30), Look(ROLES, mode, coloured=False)
    for y in range(layout.header, layout.height):
        for segment in draw_line(panel, layout, y, 0, layout.width, look):
            assert segment.style is None or segment.style.color is segment.style.bgcolor is None


@pytest.mark.parametrize("coloured", [True, False])
def test_without_colour_magnitudes_are_shades_beside_the_numbers(coloured: bool) -> None:
    values = np.array([[0.0, 0.05, 0.2, 0.4, 1.0], [-0.0, -0.05, -0.2, -0.4, -1.0]])
    panel = Panel("t", face("t", values, (None, None)), 1.0)
    lines = drawn(panel, lay_out(panel, 60, 30), Look(ROLES, coloured=coloured))
    for line in lines:
        assert [character for character in line if character in "░▒▓█"] == ([] if coloured else list("░▒▓█"))


def test_a_shade_stands_directly_before_its_own_number_and_off_the_one_before() -> None:
    values = np.array([[0.0, 0.5, -0.7, 1.0, 0.0], [1.0, 0.0, 0.2, -1.0, 0.9]])
    panel = Panel("t", face("t", values, (None, None)), 1.0)
    for layout in (lay_out(panel, 60, 30), lay_out(panel, 32, 30)):
        for row in range(2):
            line = text(
                draw_line(panel, layout, layout.y_of(row), 0, layout.width, Look(ROLES, coloured=False))
            )
            words = line[layout.margin :].split()
            assert len(words) == 5, "each number apart from the next"
            for word, value in zip(words, values[row], strict=True):
                assert (word[0] in "░▒▓█") == (value != 0), line
                assert float(word.lstrip("░▒▓█")) == pytest.approx(value)


@given(panels())
def test_strange_values_have_a_mark_whatever_the_mode(panel: Panel) -> None:
    panel = replace(panel, framed=False, window=None, used=None, now=None, cropped=False, listed=False)
    layout = lay_out(panel, 90, 30)
    for mode in MODES:
        for (row, column), value in np.ndenumerate(panel.face.values):
            line = text(draw_line(panel, layout, layout.y_of(row), 0, layout.width, Look(ROLES, mode)))
            mark = line[layout.gutter(column) : layout.gutter(column + 1)].strip()[:1]
            if not np.isfinite(value):
                assert mark == ("?" if np.isnan(value) else "∞"), (mode, value)
            else:
                assert mark not in ("?", "∞"), (mode, value)


@given(panels(), st.sampled_from(MODES), st.booleans())
def test_shades_are_drawn_only_where_there_is_no_colour(panel: Panel, mode: str, large: bool) -> None:
    layout = lay_out(panel, 90, 30, large=large)
    shades = "░▒▓" if layout.lines == LINES else "░▒▓█"  # big digits are of full blocks themselves
    assert not set("".join(drawn(panel, layout, Look(ROLES, mode)))) & set(shades)


def test_heat_in_colour_is_blocks_alone_half_high_where_a_step_is_to_come() -> None:
    values = np.array([[1.0, -0.5, 0.25, 0.0], [-1.0, 0.5, 0.0, np.nan]])
    panel = Panel("t", face("t", values, (None, None)), 1.0, now=Cell(0, 3), done=3)
    layout = lay_out(panel, 60, 30)
    shown = [
        [number(panel, layout, Cell(row, column), Look(ROLES, "heat")).strip() for column in range(4)]
        for row in range(2)
    ]
    block = WAITING * layout.text
    assert shown == [["", "", "", "0"], [block, block, "", "?nan"]]
    style = style_of(panel, layout, Cell(1, 0), Look(ROLES, "heat"))
    assert style.bgcolor is None
    assert style.color is not None
    assert style.color.name == Scale(1.0).background(-1.0)


@given(panels())
def test_heat_without_colour_shows_the_sign_and_the_shade(panel: Panel) -> None:
    layout, look = lay_out(panel, 90, 30), Look(ROLES, "heat", coloured=False)
    scale = Scale(panel.limit)
    for (row, column), value in np.ndenumerate(panel.face.values):
        shown = number(panel, layout, Cell(row, column), look)
        if shown.strip() == "·" or not np.isfinite(value) or panel.now == (row, column):
            continue
        assert shown[0] == ("-" if value < 0 else "+" if value > 0 else " ")
        assert shown[1:] == scale.shade(float(value)) * (layout.text - 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("coloured", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_a_cell_whose_value_is_not_known_is_blank(mode: str, coloured: bool, large: bool) -> None:
    values = np.array([[1.0, np.nan], [np.nan, -2.0]])
    panel = Panel("difference", face("error", values, (None, None)), 2.0, known=np.isfinite(values))
    look = Look(ROLES, mode, coloured=coloured)
    layout, lines = tall(panel, look) if large else (lay_out(panel, 30, 9), [])
    shown = "".join(lines or drawn(panel, layout, look))
    assert not set(shown) & set("na?"), "NaN here is not a number to show"
    for cell in (Cell(0, 1), Cell(1, 0)):
        assert style_of(panel, layout, cell, look).bgcolor is None
    assert style_of(panel, layout, Cell(0, 0), look).bgcolor is not None or not coloured or mode == "numbers"


def test_beyond_the_face_nothing_is_drawn() -> None:
    panel = Panel("t", face("t", np.ones((2, 2)), (None, None)), 1.0, window=Span(range(1), range(1)))
    layout = lay_out(panel, 30, 30)
    assert text(draw_line(panel, layout, layout.height, 0, 30, PLAIN)) == " " * 30


def test_a_mark_touches_the_digits_of_its_own_cell_and_no_others() -> None:
    window = Span(range(1, 3), range(1, 3))
    values = np.array([[0, -6, 12, 3], [1, -2, 33, 0], [0, 0, 0, 0]], float)
    panel = Panel("t", face("t", values, (None, None)), 33.0, framed=True, window=window, whole=True)
    marked = replace(panel, marks={(row, column): "●" for row in range(3) for column in range(4)})
    layout = lay_out(marked, 40, 30)
    rows = [text(draw_line(marked, layout, layout.y_of(row), 0, layout.width, PLAIN)) for row in range(3)]
    assert rows[0].split() == ["0", "●0", "●-6", "●12", "●3"]
    assert rows[1].split() == ["1", "●1┏", "●-2", "●33┓", "●0"]
    assert all("●" not in row[layout.gutter(column)] for row in rows for column in range(4))


def test_what_differs_is_marked_off_the_frame_s_side_where_its_cell_has_a_blank() -> None:
    values = np.array([[0.25, 0.5, 0.0], [0.5, math.nan, 1.0]])
    panel = Panel("t", face("t", values, (None, None)), 1.0, framed=True, window=Span(range(2), range(1, 3)),
                  differing=values > 0.3)  # fmt: skip
    for coloured, left in ((True, "┏┗"), (False, "[[")):
        layout = lay_out(panel, 60, 30)
        lines = drawn(panel, layout, Look(ROLES, coloured=coloured))
        assert "".join(line[layout.gutter(1)] for line in lines) == left
        assert ["≠" in line[layout.gutter(n) : layout.gutter(n + 1)] for line in lines for n in range(3)] == [
            False, True, False, True, False, True,
        ]  # fmt: skip


def test_where_digits_fill_a_cell_its_mark_stands_left_of_it_even_in_the_frame_s_side() -> None:
    window = Span(range(1, 3), range(1, 3))
    panel = Panel(
        "t", face("t", np.full((4, 4), -0.123456789), (None, None)), 1.0, framed=True, window=window
    )
    marks = {(1, 1): "›", (0, 3): "●", (3, 0): "✗", (2, 2): "○", (9, 9): "●"}
    marked = replace(panel, marks=marks, stops=frozenset({(1, 1)}), differing=np.ones((4, 4), bool))
    layout, look = lay_out(marked, 60, 30), Look(ROLES | {"marked": Style(overline=True)})
    assert layout == lay_out(panel, 60, 30)
    for row, column in np.ndindex(4, 4):
        line = text(draw_line(marked, layout, layout.y_of(row), 0, layout.width, look))
        assert line[layout.gutter(column)] == marks.get((row, column), "≠")
        assert bool(style_of(marked, layout, Cell(row, column), look).overline) == ((row, column) in marks)


def tall(panel: Panel, look: Look = PLAIN, lines: int = 3) -> tuple[GridLayout, list[str]]:
    """A face in tall cells."""
    layout = lay_out(panel, 60, 100 if lines == 3 else 12, large=True)
    assert layout.lines == lines
    return layout, drawn(panel, layout, look)


@given(panels())
def test_big_numbers_stand_in_their_cells(panel: Panel) -> None:
    layout = lay_out(panel, 90, 60, large=True)
    number = BigFormat.fitting(inked(max(layout.text, LEAST_BIG)), panel.limit, power=panel.power)
    lines = drawn(panel, layout)
    for (row, column), value in np.ndenumerate(panel.face.values if layout.lines == 3 else np.zeros((0, 0))):
        first, beyond = layout.gutter(column) + 1, layout.gutter(column + 1)
        place = layout.y_of(row) - layout.header
        shown = tuple(line[first:beyond] for line in lines[place : place + 3])
        empty = panel.inside is not None and (row, column) not in panel.inside and value == 0
        big = written("·", layout.text) if empty else number.lines(float(value))
        assert shown == tuple(line.rjust(layout.text) for line in big)
        # the gutter alone would not keep two numbers apart
        assert layout.text == LEAST_BIG or all(line[0] == " " for line in shown)


def test_marks_stand_once_beside_a_tall_cell_and_its_sides_run_along_it() -> None:
    values = face("t", np.full((3, 3), 0.5), (None, None))
    window = Span(range(2), range(1, 3))
    panel = Panel(
        "t", values, 1.0, framed=True, window=window, changed=window, stops=frozenset({(2, 1)}),
        marks={(0, 1): "›"}, now=Cell(2, 0),
    )  # fmt: skip
    look = Look(ROLES | {"mark": Style(overline=True)})
    layout, lines = tall(panel, look)
    left, right = layout.gutter(1), layout.gutter(3)
    assert [line[left] for line in lines] == [*" › ┃┃┗ ◆ "]
    assert [line[right] for line in lines] == [*"┓┃┃┃┃┛   "]
    assert [line[layout.gutter(0)] for line in lines] == [*"       ▸ "]
    marked = [
        segment.style.overline
        for y in range(3)
        for segment in draw_line(panel, layout, layout.header + y, 0, layout.width, look)
        if segment.style is not None and segment.style.overline
    ]
    assert len(marked) == 3, "the mark's colour runs along the cell, its character stands once"
    underlined = []
    for y in range(layout.header, layout.height):
        segments = draw_line(panel, layout, y, 0, layout.width, look)
        underlined.append(sum(bool(segment.style and segment.style.underline) for segment in segments))
    assert underlined == [0, 0, 2, 0, 0, 2, 0, 0, 0], "only below the digits"


@pytest.mark.parametrize("dark", [True, False])
def test_big_ink_stands_out_from_its_cell_and_from_the_screen(dark: bool) -> None:
    """Black ink at the edge of a bright cell would flow into a dark screen: -2.5 is then read as anything."""
    values = np.array([[-4.0, -1.0, -0.1], [4.0, 1.0, 0.1]])
    panel = Panel("t", face("t", values, (None, None)), 4.0, now=Cell(0, 1), marks={(1, 1): "›"})
    roles = ROLES | {"now": Style(reverse=True), "cursor": Style(reverse=True),
                     "marked": Style(bgcolor="#ffd83d", color="#000000")}  # fmt: skip
    screen = "#121212" if dark else "#e0e0e0"
    for look in (Look(roles, dark=dark), Look(roles, dark=dark, cursor=Cell(1, 2))):
        layout, _ = tall(panel, look)
        for row, column in np.ndindex(2, 3):
            segments = draw_line(panel, layout, layout.y_of(row), 0, layout.width, look)
            style = segments[1 + 2 * column + bool(layout.margin)].style
            assert style is not None
            assert style.color is not None
            assert style.bgcolor is not None
            assert not style.reverse
            ink, ground = style.color.name, style.bgcolor.name
            assert contrast(ink, ground) >= 4.5
            assert contrast(ink, screen) >= 4.5


def test_without_colour_no_shade_touches_a_big_digit() -> None:
    panel = Panel("t", face("t", np.array([[0.5, -1.0, math.nan]]), (None, None)), 1.0)
    layout, lines = tall(panel, Look(ROLES, coloured=False))
    gutters = {line[layout.gutter(column)] for line in lines for column in range(3)}
    assert gutters == {" ", "?"}, "the mark of NaN stays"


def test_tall_cells_are_roomy_where_digits_cannot_be_big() -> None:
    panel = Panel("t", face("t", np.full((4, 9), 0.5), (None, None)), 1.0, changed=Span(range(1), range(9)))
    layout, lines = tall(panel, lines=2)
    assert [line.strip() != "" for line in lines] == [True, False] * 4
    segments = draw_line(panel, layout, layout.header, 0, 60, PLAIN)
    assert sum(bool(segment.style and segment.style.underline) for segment in segments) == 9
    assert layout.height <= 12


def test_without_colour_a_shade_of_a_roomy_row_stands_by_its_number_alone() -> None:
    """On the line below, which has no digits, it would be under the neighbour's."""
    panel = Panel("t", face("t", np.full((4, 9), 0.5), (None, None)), 1.0)
    _, lines = tall(panel, Look(ROLES, coloured=False), lines=2)
    assert [line.count("▓") for line in lines] == [9, 0] * 4


def test_heat_fills_a_tall_cell_and_shows_the_sign_once() -> None:
    panel = Panel("t", face("t", np.array([[-1.0, 1.0]]), (None, None)), 1.0)
    layout, lines = tall(panel, Look(ROLES, mode="heat", coloured=False))
    text_columns = layout.text - 1
    first = [line[layout.gutter(0) + 1 :][: layout.text] for line in lines]
    assert first == [" " + "█" * text_columns, "-" + "█" * text_columns, " " + "█" * text_columns]


def test_a_row_that_is_only_partly_in_sight_has_no_numbers_and_no_label() -> None:
    panel = Panel("t", face("t", np.ones((2, 2)), (None, None)), 1.0, framed=True,
                  window=Span(range(2), range(2)))  # fmt: skip
    layout = lay_out(panel, 40, 30, large=True)
    y = layout.y_of(0)
    for look in (PLAIN, Look(ROLES, coloured=False)):
        shown = text(draw_line(panel, layout, y, 0, layout.width, look, cut=True))
        assert shown.replace(" ", "") == ("┏┓" if look.coloured else "[]")
        labelled = text(draw_line(panel, layout, y + LINES // 2, 0, layout.width, look, cut=True))
        assert labelled.replace(" ", "") == ("┃┃" if look.coloured else "[]")


@given(st.sampled_from(("its shape is 0x0x1, not 4x5x1", "形状是 0x0x1，而不是 4x5x1")), st.integers(4, 40))
def test_every_line_of_a_note_is_exactly_as_wide_as_asked(note: str, width: int) -> None:
    lines = [draw_note(note, y, width, Look({})) for y in range(20)]
    assert {sum(cell_len(segment.text) for segment in line) for line in lines} == {width}
    shown = "".join(segment.text for line in lines for segment in line)
    assert "".join(shown.split()) == "".join(note.split())


@given(st.floats(1e-12, 1e12) | st.floats(0.05, 1500), st.booleans(), st.booleans())
@example(3.4e-7, True, True)
def test_a_wider_panel_never_has_fewer_digits(limit: float, coloured: bool, signed: bool) -> None:
    values = np.linspace(-limit if signed else 0.0, limit, 9).reshape(3, 3)
    panel = Panel("t", face("t", values, (None, None)), round_limit(limit), reach=limit, signed=signed)
    before, look = [0] * 9, Look({}, coloured=coloured)
    for width in range(15, 40):
        shown, layout = lay_out_in_unit(panel, width, 9, shaded=not coloured)
        lines = [text(draw_line(shown, layout, y, 0, width, look)) for y in range(1, 4)]
        words = [word for line in lines for word in re.split("[ ░▒▓█]+", line[layout.margin :]) if word]
        assert len({len(word.partition(".")[2]) for word in words if word != "0"}) == 1, "the same decimals"
        for word, value in zip(words, values.flat, strict=True):
            unit = 10.0 ** (shown.power - len(word.partition(".")[2]))
            assert float(word) * 10.0**shown.power == pytest.approx(value, rel=1e-9, abs=0.501 * unit)
        digits = [len(word.strip("+-").replace(".", "").lstrip("0")) for word in words]
        assert all(now >= then for now, then in zip(digits, before, strict=True)), (width, words)
        before = digits
