from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.view.numbers.big_digits import LINES, columns_of, drawn
from convstep.view.panels.stage import Stage
from convstep.view.scene.sentence import BIG, draw_banner, draw_sentence

TIMELINE = Timeline(catalog.load("digit"))
TIMELINE.seek(137)
SCENE = Stage(TIMELINE).scene()


@pytest.mark.parametrize(
    ("width", "sentence"),
    [
        (118, "dz = dZ[4, 2, 0] = -0.16   ✓ dW[0] += x * dz   ✓ dA_prev_pad[4:7, 2:5] += w * dz   "
              "✓ db[0] += dz"),
        (92, "dz = dZ[4, 2, 0] = -0.16   ✓ dW[0] += x * dz   ✓ dA_prev_pad[…] += w * dz   ✓ db[0] += dz"),
        (78, "dz = -0.16   ✓ dW[0] += x * dz   ✓ dA_prev_pad[…] += w * dz   ✓ db[0] += dz"),
        (58, "dz = -0.16   ✓ dW += x * dz   ✓ dA_prev_pad += w * dz"),
        (5, "dz = -0.16"),
    ],
)  # fmt: skip
def test_indices_and_then_additions_are_left_out_for_room(width: int, sentence: str) -> None:
    assert draw_sentence(SCENE, width).plain == sentence


def test_what_is_still_to_come_is_dim() -> None:
    timeline = Timeline(catalog.load("digit"))
    timeline.next_write()
    sentence = draw_sentence(Stage(timeline).scene(), 118)
    assert "✓ dW[0]" in sentence.plain
    assert "▶ dA_prev_pad" in sentence.plain
    assert [str(span.style) for span in sentence.spans] == ["bold", "bold", "not bold dim"]


@given(st.integers(58, 220), st.sampled_from(["", "copied: convstep open digit", "word " * 60]))
def test_a_banner_fits_its_lines_and_always_has_the_value_in_the_same_place(width: int, said: str) -> None:
    lines = draw_banner(SCENE, width, said).plain.split("\n")
    assert len(lines) == LINES
    assert all(cell_len(line) <= width for line in lines)
    assert said.split(" ")[0] in "".join(lines)
    label = "dz = dZ[4, 2, 0] = " if width >= 100 else "dz = "
    assert lines[LINES // 2].startswith(label)
    assert [line[len(label) : len(label) + BIG] for line in lines] == [*drawn("-0.16", BIG)]


@pytest.mark.parametrize(
    ("value", "words"),
    [(math.nan, "nan"), (-math.inf, "-∞"), (0.0, "0"), (-1.2345e-7, "-1.23e-7"), (7e8, "7e8")],
)
def test_whatever_the_value_is_it_is_written_big(value: float, words: str) -> None:
    problem = catalog.load("one-window")
    given = Problem(problem.A_prev, problem.W, problem.b, np.full_like(problem.dZ, value, np.float64))
    scene = Stage(Timeline(given, 0)).scene()
    lines = draw_banner(scene, 78).plain.split("\n")
    wide = max(BIG, columns_of(words, BIG))
    assert [line[5 : 5 + wide] for line in lines] == [*drawn(words, wide)]


def test_of_many_additions_those_around_the_last_made_are_seen() -> None:
    many = tuple(replace(SCENE.additions[1], number=number, target=f"t{number}") for number in range(9))
    for made in range(10):
        event = replace(SCENE.event, made=made)
        text = draw_banner(replace(SCENE, additions=many, event=event), 118).plain
        assert {f"t{max(made - 1, 0)}", f"t{min(made, 8)}"} <= set(text.split())
