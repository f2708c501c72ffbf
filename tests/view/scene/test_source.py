from __future__ import annotations

import inspect
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv import backward
from convstep.conv.problem import Problem
from convstep.examples import catalog
from convstep.view.grid.look import NOW, READS, WRITES
from convstep.view.panels.conv2d import source_lines
from convstep.view.scene.scene import Scene
from convstep.view.scene.source import draw_source
from tests.view.scene.test_card import scene_at

DIGIT = catalog.load("digit")
BATCH = Problem(np.ones((2, 7, 9, 4)), np.ones((6, 2, 3, 2)), None, None, (2, 3), 1, (2, 1), 2)
LAST = [f"{count - 1}/{count}" for count in (BATCH.geometry.samples, *BATCH.geometry.output_shape)]
NO_BIAS = Problem(DIGIT.A_prev, DIGIT.W, None, DIGIT.dZ, 1, 1)


def drawn(scene: Scene, width: int = 60, height: int = 30) -> list[str]:
    return draw_source(scene, width, height).plain.split("\n")


def marked(scene: Scene) -> dict[str, str]:
    """The mark before each line that has one, by the line's code."""
    return {
        re.split("  ", line[1:].strip())[0]: line[0]
        for line in drawn(scene, width=120)
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
    assert [line.reads for line in lines if line.reads] == ["input_slice", "kernel_slice", "dz"]
    assert [line.writes for line in lines if line.writes] == ["dW", "dA_prev_pad", "db"]
    assert [line.rests for line in lines] == [False] * (len(lines) - 1) + [True]


DW, DB = "dW[i_c] += x * dz", "db[i_c] += dz"
DA = "dA_prev_pad[h_lower:h_upper:d_h, w_lower:w_upper:d_w, group[i_c]] += w * dz"
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
    assert counters == ["4/8", "2/8", "0/4"]
    assert [line.split()[-1] for line in drawn(scene_at(BATCH, BATCH.total_steps)) if " for " in line] == LAST


def test_every_line_is_whole_and_has_its_value_beside_it() -> None:
    scene = scene_at_once(137, 0)
    bare = replace(scene, source=tuple(replace(line, note="") for line in scene.source))
    for width in range(34, 121):
        text = "".join("".join(drawn(bare, width)).split())
        for line in source_lines()[2:]:
            assert "".join(line.code.split()) in text, (width, line.code)
    lines = [line.strip() for line in drawn(scene_at_once(137, 0), 120)]
    for said in (
        "h_lower = i_h * s_h  = 4", "h_upper = h_lower + f_h  = 7", "w_lower = i_w * s_w  = 2",
        "w_upper = w_lower + f_w  = 5", "w = kernel_slice = W[i_c]  3x3x1",
        "dz = dZ[i_h, i_w, i_c]  = -0.1596",
    ):  # fmt: skip
        assert said in lines
    assert any(line.endswith("group[i_c]]  3x3x1") for line in lines)


def test_the_loop_stands_whole_beside_the_step_at_120_by_40() -> None:
    for scene in SCENES.values():
        assert len(drawn(scene, 40, 100)) <= 21


def test_lines_that_read_and_lines_that_write_have_a_hue_each() -> None:
    text = draw_source(scene_at_once(137, 0), 120, 40)
    hues = {text.plain[span.start : span.end].strip(): str(span.style) for span in text.spans}
    assert hues["w = kernel_slice = W[i_c]"] == READS
    assert hues["= -0.1596"] == NOW
    assert hues[DA] == f"bold {WRITES}"


def test_values_are_those_of_the_arrays_with_stride_dilation_and_groups() -> None:
    scene = scene_at(BATCH, BATCH.total_steps)
    notes = {line.code.split(" =")[0]: line.note for line in scene.source if line.note}
    x = scene.event.read("x")
    assert x.value.shape == (2, 3, 2)
    assert notes["x"] == "input_slice 2x3x2"
    _, rows, columns, _ = x.region
    assert isinstance(rows, slice)
    assert isinstance(columns, slice)
    for name, value in zip(("h_lower", "h_upper", "w_lower", "w_upper"),
                           (rows.start, rows.stop, columns.start, columns.stop), strict=True):  # fmt: skip
        assert notes[name] == f"{name} = {value}"


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
