"""A window forward above backward: the bits of both passes, in any room, lit as the additions are made."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from convstep.conv.forward import conv2d_forward
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.language import speak
from convstep.view.numbers.text import short
from convstep.view.panels.stage import Stage
from convstep.view.scene.cards import STEP, WINDOW, Cards
from convstep.view.scene.scene import Scene
from convstep.view.scene.window import RULES, Window, draw_window
from tests.strategies import problems, tried
from tests.view.scene.test_card import NUMBER, number, spoiled


def seen(problem: Problem, position: int, additions: int = 0) -> tuple[Scene, Window]:
    timeline = Timeline(problem)
    timeline.seek(position)
    for _ in range(additions):
        timeline.next_write()
    stage = Stage(timeline)
    scene = stage.scene()
    return scene, stage.window(scene)


def rows_below(lines: list[str], words: str, count: int) -> list[list[float]]:
    """The next rows of nothing but numbers below a line."""
    start = next(n for n, line in enumerate(lines) if words in line)
    rows = [line.split() for line in lines[start + 1 :]]
    return [[number(text) for text in row] for row in rows if row and all(map(NUMBER.fullmatch, row))][:count]


@settings(max_examples=tried(120))
@given(problems(), st.data())
def test_y_is_the_cell_of_z_to_the_bit_and_x_and_w_are_what_the_step_reads(
    problem: Problem, data: st.DataObject
) -> None:
    geometry = problem.geometry
    forward = conv2d_forward(
        problem.A_prev,
        problem.W,
        problem.b,
        problem.stride,
        problem.padding,
        problem.dilation,
        problem.groups,
    )
    position = data.draw(st.integers(0, problem.total_steps))
    scene, window = seen(problem, position, data.draw(st.integers(0, 1)) * (position < problem.total_steps))
    cell = geometry.index_at(scene.event.index)
    index = cell if geometry.batch is not None else cell[1:]
    assert window.cell == f"Z[{', '.join(map(str, index))}]"
    assert np.float64(window.y).tobytes() == np.float64(forward["Z"][tuple(index)]).tobytes()
    k, count = window.channels
    assert count == problem.W.shape[-1]
    for kept, name in ((window.x, "x"), (window.w, "w")):
        np.testing.assert_array_equal(kept, np.asarray(scene.event.read(name).value)[..., k])
    with np.errstate(all="ignore"):
        total = problem.W.dtype.type(window.total)
        made = total if window.bias is None else total + problem.W.dtype.type(window.bias)
    assert float(made) == window.y


@settings(max_examples=tried(120))
@given(problems(), st.data())
def test_the_three_rules_have_the_numbers_that_the_step_adds(problem: Problem, data: st.DataObject) -> None:
    scene, window = seen(problem, data.draw(st.integers(0, problem.total_steps)))
    lines = draw_window(scene, window, 90, 30).plain.split("\n")
    rows, columns = window.x.shape
    k, _ = window.channels
    found = rows_below(lines, RULES[0], rows)
    factor_line = lines[next(n for n, line in enumerate(lines) if RULES[0] in line) + 1]
    for at, write in enumerate(scene.event.writes[:2]):
        added = np.asarray(write.value)[..., k]
        start = columns * at
        shown = np.array([row[start : start + columns] for row in found])
        factors = re.findall(r"×(\S+)", factor_line)
        close = any(
            shown * float(factor) == pytest.approx(added, rel=2e-3, abs=float(np.abs(added).max()) / 500)
            for factor in (*factors, 1)
        )
        assert close, (shown, added, factor_line)
    text = "\n".join(lines)
    assert f"dy = {scene.upstream} = {short(scene.dz, 5)}" in text
    if problem.b is not None:
        assert np.asarray(scene.event.writes[2].value) == scene.event.read("dz").value
        assert text.count(short(scene.dz, 5)) >= 2
    else:
        assert RULES[2] not in text


@given(
    st.sampled_from(["digit", "rectangle", "dilated", "stride-2", "same", "one-window"]),
    st.integers(28, 110),
    st.integers(4, 40),
    st.integers(0, 3),
)
def test_it_fits_its_room_and_lights_the_three_as_the_additions_are_made(
    name: str, width: int, height: int, made: int
) -> None:
    problem = catalog.load(name)
    scene, window = seen(problem, problem.total_steps // 2, made)
    drawn = draw_window(scene, window, width, height)
    lines = drawn.plain.split("\n")
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    text = drawn.plain
    marks = [text[text.index(rule) - 2] for rule in RULES if rule in text]
    assert marks == ["✓" if n < scene.made else "▶" if n == scene.made else " " for n in range(len(marks))]
    assert len(marks) == 3 or height < 7
    assert "y = sum(x * w) + b" in text


def test_a_part_of_a_large_window_says_so_and_holds_its_numbers() -> None:
    rng = np.random.default_rng(2)
    problem = Problem(rng.random((9, 9, 2)), rng.random((2, 7, 6, 2)), None, None)
    scene, window = seen(problem, 5)
    lines = draw_window(scene, window, 31, 21).plain.split("\n")
    said = re.search(r"\[(\d+):(\d+), (\d+):(\d+)\], a part of 7x6", "\n".join(lines))
    assert said is not None
    top, bottom, left, right = map(int, said.groups())
    found = np.array(rows_below(lines, "w[…, 0]", bottom - top))
    part = np.hstack([window.w[top:bottom, left:right], window.x[top:bottom, left:right]])
    scale = np.abs(found).max() / np.abs(part).max()
    assert found == pytest.approx(
        part * 10.0 ** round(float(np.log10(scale))), rel=0.2, abs=0.1 * found.max()
    )
    assert "y sums all 2 channels" in "\n".join(lines)


def test_a_question_does_not_answer_itself_and_what_is_not_made_is_a_dot() -> None:
    scene, window = seen(catalog.load("one-window"), 0)
    asked = Cards(replace(scene, additions=()), window, WINDOW, hidden=True, beside=False).draw(70, 14).plain
    assert "y = sum(x * w) + b = …" in asked
    assert short(window.y, 3) not in asked
    assert asked.count("·") == 2 * window.x.size + 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 5e-324, 1e308])
def test_any_dz_is_shown(value: float) -> None:
    scene, window = seen(spoiled(value), 1)
    for size in ((31, 21), (70, 8), (30, 4)):
        assert "dy = " in draw_window(scene, window, *size).plain


def test_both_stand_together_only_where_all_of_both_has_room() -> None:
    scene, window = seen(catalog.load("digit"), 137)
    cards = {chosen: Cards(scene, window, chosen) for chosen in ("", STEP, WINDOW)}
    for size in ((51, 31), (118, 20)):
        both = cards[""].draw(*size).plain
        assert "before" in both
        assert "y = sum(x * w) + b" in both
        assert cards[""].shows_window(*size)
        lines = both.split("\n")
        assert len(lines) <= size[1]
        assert max(map(cell_len, lines)) <= size[0]
    for size in ((31, 21), (44, 7)):
        assert "y = sum" not in cards[""].draw(*size).plain
        assert not cards[""].shows_window(*size)
        assert "y = sum" in cards[WINDOW].draw(*size).plain
        assert "before" not in cards[WINDOW].draw(*size).plain
    assert "y = sum" not in cards[STEP].draw(51, 31).plain
    assert not cards[STEP].shows_window(51, 31)


def test_the_window_is_chinese_where_it_has_words() -> None:
    speak("zh")
    scene, window = seen(catalog.load("rectangle"), 50)
    assert "y 是全部 3 个通道之和" in draw_window(scene, window, 44, 18).plain


def test_no_row_moves_from_step_to_step() -> None:
    problem = catalog.load("digit")
    places = set[tuple[int, ...]]()
    for position in range(133, 141):  # dz is 0 at some of them, and what is added has a factor at others
        lines = draw_window(*seen(problem, position), 31, 21).plain.split("\n")
        rule = next(n for n, line in enumerate(lines) if RULES[0] in line)
        places.add((rule, *(n for n, line in enumerate(lines) if len(re.findall(r"-?[\d.]+", line)) == 6)))
    assert len(places) == 1
    assert len(places.pop()) == 7
