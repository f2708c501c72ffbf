"""Somebody's own lines on the screen: whole, with what a step made of them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from convstep.steps.event import Subscript
from convstep.steps.number_text import short
from convstep.view.grid.look import NOW
from convstep.view.numbers.big_digits import drawn
from convstep.view.panels.recording import RecordingStage
from convstep.view.scene.card import draw_card
from convstep.view.scene.numbered import numbered
from convstep.view.scene.own_lines import draw_own, note_forms, value_text
from convstep.view.scene.scene import Scene, SourceLine
from convstep.view.scene.sentence import draw_banner, draw_sentence
from convstep.view.scene.source import draw_source
from tests.view.recorded import FUNCTIONS, recorded


def scene_of(name: str, position: int, writes: int = 0) -> Scene:
    run = recorded(name).scout()
    run.seek(min(position, run.total))
    for _ in range(writes):
        run.next_write()
    return RecordingStage(run).scene()


SCENES = {
    f"{one.__name__} {position}": scene_of(one.__name__, position)
    for one in FUNCTIONS
    for position in (0, 1, 4, 8, 13, 40)
} | {"half": scene_of("odds_and_ends", 6, 1)}
NAMES = st.sampled_from(sorted(SCENES))


def plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


def without_notes(text: Text) -> str:
    """The lines alone: a value may stand beside any row of a broken one."""
    notes = [span for span in text.spans if str(span.style) in ("italic", NOW)]
    return "".join(
        letter for at, letter in enumerate(text.plain) if not any(n.start <= at < n.end for n in notes)
    )


@given(NAMES, st.integers(32, 60), st.integers(6, 60))
def test_lines_fit_their_room_and_one_of_them_is_the_current_one(name: str, width: int, height: int) -> None:
    lines = draw_source(SCENES[name], width, height).plain.split("\n")
    assert len(lines) <= height
    assert all(cell_len(line.rstrip()) <= width for line in lines)
    assert sum(bool(re.match(r" *\d* ?▶", line)) for line in lines) == 1


@given(NAMES, st.integers(32, 60))
def test_what_is_said_of_a_line_later_moves_none(name: str, width: int) -> None:
    lines = SCENES[name].source
    marked = [replace(line, said="≠") if at % 2 else line for at, line in enumerate(lines)]
    drawn_marked = draw_own(marked, width, 500)
    assert drawn_marked.plain.replace("≠", " ") == draw_own(lines, width, 500).plain
    agreeing = draw_own([replace(line, said="✓", done=True) for line in lines], width, 500)
    green = [agreeing.plain[span.start : span.end] for span in agreeing.spans if span.style == "bold green"]
    assert green == ["✓"] * len(lines), "not the ✓ beside it, which says that the line has run"


@given(NAMES, st.integers(32, 60))
@example("norm_backward 4", 32)
def test_no_line_is_cut(name: str, width: int) -> None:
    scene = SCENES[name]
    drawn = plain(without_notes(draw_source(scene, width, 500)))
    for line in scene.source:
        assert plain(line.code) in drawn, line.code


def test_values_stand_beside_their_lines() -> None:
    scene = scene_of("pool_backward", 9)
    drawn = draw_source(scene, 60, 40).plain
    assert "mask 2x2" in drawn
    chained = SourceLine(0, "x = piece = a[0:3]", 0, note="piece 3x3")
    assert note_forms(chained) == ("3x3",)  # beside its own name the name would stand twice
    assert plain("dx[0, 0, 4:6, 2:4] += mask * dout[0, 0, 2, 1]") in plain(drawn)
    start = scene_of("norm_backward", 1)
    assert re.search(r"N = len\(x\) +(N )?= 4\n", draw_source(start, 60, 40).plain)
    before = draw_source(scene_of("norm_backward", 0), 60, 40).plain
    assert "= 4" not in before  # nothing is executed yet


@given(st.integers(20, 70))
@example(34)
def test_no_assignment_stands_within_a_broken_line(width: int) -> None:
    code, note = "k_h, k_w = np.unravel_index(window.argmax(), window.shape)", "k_h = 1, k_w = 2"
    rows = draw_own((SourceLine(7, code, 0, current=True, note=note),), width, 12).plain.splitlines()
    code_ends = next(at for at, row in enumerate(rows) if "shape)" in row)
    assert all("= 1" not in row for row in rows[:code_ends])
    assert plain(note) in plain(" ".join(rows))


@given(NAMES, st.integers(28, 60), st.integers(3, 40))
def test_a_recorded_step_s_card_fits_its_room(name: str, width: int, height: int) -> None:
    lines = draw_card(SCENES[name], width, height).plain.split("\n")
    assert len(lines) <= height
    assert all(cell_len(line.rstrip()) <= width for line in lines)


def test_a_card_has_the_statement_what_it_reads_and_before_and_after() -> None:
    scene = scene_of("pool_backward", 9)
    words = draw_card(scene, 60, 40).plain
    (addition,) = (one for one in scene.additions if one.cells.name == "dx")
    assert "dx[0, 0, 4:6, 2:4] += mask * dout[0, 0, 2, 1]" in words
    assert re.search(r"dout\[0, 0, 2, 1\] = -?\d", words)
    assert "before" in words
    assert "after" in words
    assert "new: mask 2x2" in words
    assert np.count_nonzero(addition.after - addition.before) == 1


def test_scattered_cells_that_are_not_written_are_dots() -> None:
    scene = scene_of("odds_and_ends", 4)
    (addition,) = scene.additions
    assert addition.known is not None
    words = draw_card(scene, 60, 40).plain
    assert words.count("·") == 2 * int((~addition.known).sum())
    dout = next(panel for panel in scene.panels if panel.face.name == "dout")
    assert dout.changed is not None
    seen = {tuple(cell) for cell in np.argwhere(addition.known).tolist()}
    offset = {(row - addition.span.top, column - addition.span.left) for row, column in np.ndindex(4, 5)
              if (row, column) in dout.changed}  # fmt: skip
    assert offset == seen


@given(NAMES, st.integers(10, 200))
def test_the_sentence_of_a_step_fits(name: str, width: int) -> None:
    assert cell_len(draw_sentence(SCENES[name], width).plain) <= width
    least = 58  # no screen is narrower
    banner = draw_banner(SCENES[name], least + width).plain.split("\n")
    assert len(banner) == 3
    assert all(cell_len(line) <= least + width for line in banner)


def test_a_banner_names_the_single_value_that_a_recorded_step_reads() -> None:
    scene = scene_of("pool_backward", 9)
    lines = draw_banner(scene, 118).plain.split("\n")
    value = next(read for read in scene.event.reads if read.array == "dout")
    index = ", ".join(map(str, value.region))
    assert lines[1].startswith(f"dout[{index}] = ")
    assert [line[len(f"dout[{index}] = ") :][:20] for line in lines] == [*drawn(short(value.value, 3), 20)]
    assert lines[1].split("   ")[-1].startswith("✓ dx[")


def test_loops_are_turns_or_values() -> None:
    assert SCENES["pool_backward 4"].place == "n 0/2, c 0/2, h 0/3, w = 4 (turn 2/3)"
    assert SCENES["pool_backward 4"].brief_place == "0/2, 0/2, 0/3, 2/3"
    assert SCENES["odds_and_ends 8"].place == "while 2/3"
    assert SCENES["norm_backward 4"].place == f"line {SCENES['norm_backward 4'].event.line}"


ROW = Subscript("x", "x[i]", "2")


@pytest.mark.parametrize(
    ("text", "subscripts", "said"),
    [
        ("dx[n, c] += 1", [Subscript("dx", "", "0, 1")], "dx[0, 1] += 1"),
        ("y = x[i] * x[i]", [ROW, ROW], "y = x[2] * x[2]"),
        ("y = [x[i] for i in k]", [ROW, ROW._replace(numbers="3")], "y = [x[i] for i in k]"),
        ("y = x[i][j]", [Subscript("x[i]", "x[i][j]", "5"), ROW], "y = x[2][5]"),
        ("y = w[x[i]]", [ROW, Subscript("w", "w[x[i]]", "7")], "y = w[7]"),
        ("ü[i], ü[j] = a", [Subscript("ü", "", "0"), Subscript("ü", "", "1")], "ü[0], ü[1] = a"),
        ("for a in x[i]:", [ROW], "for a in x[2]:"),
        ("y = x[(i)]", [ROW._replace(text="x[i]")], "y = x[(2)]"),
        ("y = x[(i, j)]", [Subscript("x", "x[i, j]", "2, 3")], "y = x[(2, 3)]"),
        ("print 'no Python 3' x[i]", [ROW], "print 'no Python 3' x[i]"),
    ],
)
def test_indices_are_those_that_were_evaluated(text: str, subscripts: list[Subscript], said: str) -> None:
    assert numbered(text, subscripts) == said


def test_values_of_any_kind_are_a_few_characters() -> None:
    for value in (
        None,
        True,
        3,
        1e300,
        "x" * 500,
        [1] * 900,
        (np.ones(2),) * 90,
        np.float32("nan"),
        np.ones(()),
    ):
        assert len(value_text(value)) <= 60
