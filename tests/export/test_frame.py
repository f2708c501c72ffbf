from __future__ import annotations

import itertools

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from convstep.export.frame import Frame, Look, _fitting, _look, _row

PLAIN = Look((200, 200, 200), (10, 10, 10))


def test_every_row_fills_the_screen_and_wide_characters_take_two_cells(chinese: Frame) -> None:
    assert chinese.size == (32, 10)
    assert len(chinese.rows) == 10
    assert {sum(cell_len(run.text) for run in row) for row in chinese.rows} == {32}
    assert chinese.lines[1] == "│卷积 dW                     │"
    assert chinese.lines[0] == "┌" + "─" * 28 + "┐"


def test_neighbours_that_look_alike_are_one_run(chinese: Frame) -> None:
    for row in chinese.rows:
        assert all(one.look != other.look for one, other in itertools.pairwise(row))


def test_colours_come_from_the_app_and_reverse_turns_them(chinese: Frame) -> None:
    assert chinese.rows[0][0].look == Look((0, 255, 0), (16, 24, 32))
    (turned,) = [run for run in chinese.rows[3] if "反" in run.text]
    assert turned.look == Look((16, 24, 32), (240, 240, 240))


def test_a_frame_of_the_debugger_says_where_it_is(walk: list[Frame]) -> None:
    assert [frame.position for frame in walk] == [0, 1, 2, 3]
    assert walk[0].caption.startswith("before step 1 of 80 (i_h 0, i_w 0, i_c 0): dW[0] += x * ")
    assert walk[3].caption.startswith("step 3 of 80 (i_h 0, i_w 0, i_c 2): dW[2] += x * ")
    assert {frame.title for frame in walk} == {"convstep rectangle"}
    assert [frame.seconds for frame in walk] == [0.5, 0.5, 0.5, 2.0]
    assert "step 3/80" in walk[3].lines[0]


def test_rows_that_stay_are_kept_once(walk: list[Frame]) -> None:
    assert any(one is other for one, other in zip(walk[1].rows, walk[2].rows, strict=True))


def test_a_row_is_cut_and_filled_to_its_columns() -> None:
    assert _fitting("ab中", 3) == ("ab ", 0)
    row = _row([Segment("ab", Style(bold=True)), Segment("中文字")], PLAIN, 5)
    assert "".join(run.text for run in row) == "ab中 "
    assert "".join(run.text for run in _row([], PLAIN, 3)) == "   "


def test_dim_and_hidden_text_are_worked_into_the_colours() -> None:
    dim = _look(Style(dim=True, color="#c8c8c8"), PLAIN)
    assert 10 < dim.foreground[0] < 200
    assert _look(Style(conceal=True), PLAIN).foreground == PLAIN.background
    assert _look(None, PLAIN) == PLAIN
