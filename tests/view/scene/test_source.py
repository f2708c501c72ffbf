from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv import backward
from convstep.conv.problem import Problem
from convstep.examples import catalog
from convstep.view.panels.conv2d import source_lines
from convstep.view.scene.scene import Scene
from convstep.view.scene.source import draw_source
from tests.view.scene.test_card import scene_at

DIGIT = catalog.load("digit")
NO_BIAS = Problem(DIGIT.A_prev, DIGIT.W, None, DIGIT.dZ, 1, 1)


def drawn(scene: Scene, width: int = 60, height: int = 30) -> list[str]:
    return draw_source(scene, width, height).plain.split("\n")


def marked(scene: Scene) -> dict[str, str]:
    """The mark before each line that has one, by the line's code."""
    codes = [line.code for line in source_lines()]
    return {
        code: line[0]
        for code, line in zip(codes, drawn(scene, width=90), strict=True)
        if line[0] != " "
    }  # fmt: skip


def test_lines_are_the_loop_that_runs() -> None:
    running = [line.strip() for line in inspect.getsource(backward._loop).splitlines()]
    codes = [line.code for line in source_lines()]
    start = running.index(codes[0])
    assert running[start : start + len(codes)] == codes


def test_lines_hold_every_loop_every_addition_and_where_it_rests() -> None:
    lines = source_lines()
    assert [line.loop for line in lines if line.loop] == ["i_n", "i_h", "i_w", "i_c"]
    assert [line.addition for line in lines if line.addition] == ["dW", "dA_prev_pad", "db"]
    assert [line.rests for line in lines] == [False] * (len(lines) - 1) + [True]
    assert lines[0].depth == 0


DW, DA, DB = "dW[i_c] += x * dz", "dA_prev_pad[at] += w * dz", "db[i_c] += dz"
REST = source_lines()[-1].code


@pytest.mark.parametrize(
    ("scene", "marks"),
    [
        (scene_at(DIGIT, 0), {DW: "▶"}),
        (scene_at(DIGIT, 9, 1), {DW: "✓", DA: "▶"}),
        (scene_at(DIGIT, 9, 2), {DW: "✓", DA: "✓", DB: "▶"}),
        (scene_at(DIGIT, 9), {DW: "✓", DA: "✓", DB: "✓", REST: "▶"}),
        (scene_at(DIGIT, 256), {DW: "✓", DA: "✓", DB: "✓", REST: "▶"}),
        (scene_at(NO_BIAS, 0), {DW: "▶"}),
        (scene_at(NO_BIAS, 9, 1), {DW: "✓", DA: "▶"}),
        (scene_at(NO_BIAS, 9), {DW: "✓", DA: "✓", REST: "▶"}),
    ],
    ids=["start", "dW made", "dA made", "whole step", "end", "no bias start", "no bias dW", "no bias whole"],
)
def test_marks_say_what_is_done_and_what_is_next(scene: Scene, marks: dict[str, str]) -> None:
    assert marked(scene) == marks


def test_loops_say_how_far_they_are() -> None:
    lines = drawn(scene_at(DIGIT, 137))
    counters = [line.split()[-1] for line in lines if " for " in line]
    assert counters == ["0/1", "4/8", "2/8", "0/4"]


@given(st.integers(24, 100), st.integers(1, 40), st.integers(0, 256), st.integers(0, 2))
def test_source_fits_its_room_and_shows_where_it_stands(
    width: int, height: int, position: int, additions: int
) -> None:
    lines = drawn(scene_at_once(position, additions), width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert sum(line.startswith("▶") for line in lines) == 1


SCENES = {(p, a): scene_at(DIGIT, p, a) for p in (0, 137, 255) for a in (0, 1, 2)}


def scene_at_once(position: int, additions: int) -> Scene:
    """One of a few scenes, made beforehand."""
    return SCENES[0 if position < 80 else 137 if position < 200 else 255, additions]
