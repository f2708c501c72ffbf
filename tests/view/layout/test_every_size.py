"""Every size from nothing to the largest screen: nothing raises, and nothing is placed outside the room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from convstep.candidate.check.cases import Right
from convstep.candidate.step.stepping import Beside
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.view.candidate.candidate_panels import KEYS, keys_of
from convstep.view.candidate.compare_card import draw_shares
from convstep.view.candidate.stage import CandidateStage
from convstep.view.grid.drawing import draw_header, draw_line
from convstep.view.grid.look import MODES, Look
from convstep.view.grid.overview import Overview
from convstep.view.grid.panel import Panel, title_of
from convstep.view.grid.places import lay_out_in_unit
from convstep.view.layout.arrange import CARD, MOST, SOURCE, Plan, arrange
from convstep.view.layout.candidate import DIAGNOSIS, arrange_candidate
from convstep.view.layout.lesson import arrange_all, for_marking, narration_room, panels_room, with_narration
from convstep.view.layout.present import arrange_presented, present_rows
from convstep.view.panels.stage import Stage
from convstep.view.scene.card import draw_card
from convstep.view.scene.scene import Scene
from convstep.view.scene.sentence import draw_sentence
from convstep.view.scene.source import draw_source
from convstep.view.text.lines import key_places, tab_line, title_line
from tests.strategies import random_problem


def made(
    size: tuple[int, int], kernel: tuple[int, int], channels: tuple[int, int], groups: int = 1
) -> Problem:
    c_in, c_out = channels
    return Problem(
        np.ones((*size, c_in)), np.ones((c_out, *kernel, c_in // groups)), np.ones(c_out), None, groups=groups
    )


def scene_of(problem: Problem) -> Scene:
    return Stage(Timeline(problem)).scene()


SCENES = {
    "a single cell": scene_of(made((1, 1), (1, 1), (1, 1))),
    "one row": scene_of(made((1, 200), (1, 3), (4, 2))),
    "one column": scene_of(made((200, 1), (1, 1), (1, 1))),
    "groups": scene_of(made((6, 5), (2, 3), (6, 4), 2)),
    "many filters": scene_of(made((5, 5), (3, 3), (2, 300))),
    "large kernel": scene_of(made((40, 40), (31, 31), (1, 2))),
    **{f"random {seed}": scene_of(random_problem(np.random.default_rng(seed))) for seed in range(6)},
}
WIDTHS, HEIGHTS = st.integers(1, MOST[0]), st.integers(1, MOST[1])
NAMES = st.sampled_from(sorted(SCENES))
CORNERS = [(1, 1), (1, MOST[1]), (MOST[0], 1), MOST, (59, 15), (60, 13), (107, 32), (108, 31), (170, 42)]


def plans(width: int, height: int, scene: Scene) -> dict[str, Plan]:
    """Everything that is arranged, in a room of this size."""
    panels = scene.panels
    sums = [panel for panel in panels if panel.running]
    triples, rest = [[panel] * 3 for panel in sums], [panel for panel in panels if panel not in sums]
    narration = narration_room(width, height, 50)
    room = panels_room(width, height, narration)
    found = {
        "plain": arrange(width, height, panels, panels[-1].key),
        "presented": arrange_presented(width, height, panels),
        "rows": present_rows(width, height, triples, 1),
        "candidate": arrange_candidate(width, height, triples, rest, len(sums) - 1, DIAGNOSIS),
        "marking": for_marking(arrange(width, height, panels), panels[0], width, height),
    }
    if room.width > 0 and room.height > 0:
        below = arrange_all(room.width, room.height, panels, SOURCE)
        found["lesson"] = with_narration(below or arrange(room.width, room.height, panels), narration, room)
    return found


def check(width: int, height: int, name: str) -> None:
    for kind, plan in plans(width, height, SCENES[name]).items():
        assert plan.places, kind
        for key, place in plan.places.items():
            assert min(place.x, place.y, place.width, place.height) >= 0, (kind, key, place)
            assert place.x + place.width <= width, (kind, key, place)
            assert place.y + place.height <= height, (kind, key, place)


@given(WIDTHS, HEIGHTS, NAMES)
def test_whatever_is_arranged_lies_in_the_room(width: int, height: int, name: str) -> None:
    check(width, height, name)


@pytest.mark.parametrize("size", CORNERS)
def test_so_it_does_where_another_arrangement_begins(size: tuple[int, int]) -> None:
    for name in SCENES:
        check(*size, name)


@given(WIDTHS, HEIGHTS, NAMES, st.sampled_from(MODES), st.integers(-4, 9), st.booleans())
@example(1, 1, "a single cell", "both", 0, True)
@example(1, 1, "one row", "numbers", 9, False)
def test_a_panel_is_drawn_in_any_room(
    width: int, height: int, name: str, mode: str, precision: int, large: bool
) -> None:
    for panel in SCENES[name].panels:
        title_of(panel, width - 4, brief=large)
        drawn, plan = lay_out_in_unit(panel, width, height, precision=precision, large=large)
        look = Look({}, mode)
        scrolled = max(plan.width - width, 0)
        lines = [draw_line(drawn, plan, y, scrolled, width, look) for y in (0, height - 1, plan.height - 1)]
        for segments in (draw_header(drawn, plan, scrolled, width, look), *lines):
            assert sum(cell_len(segment.text) for segment in segments) <= max(width, plan.width)
        overview = Overview(width, height)
        overview.update(panel.face.values, None)
        overview.line(overview.lines - 1, panel, look)


@given(st.integers(-6, MOST[0]), st.integers(-3, MOST[1]), NAMES)
@example(-6, -3, "groups")
@example(0, 0, "large kernel")
@example(1, 1, "one row")
def test_words_are_written_in_any_room(width: int, height: int, name: str) -> None:
    scene = SCENES[name]
    for drawn in (draw_card(scene, width, height), draw_source(scene, width, height)):
        assert len(drawn.split("\n", allow_blank=True)) <= max(height, 1)
    draw_sentence(scene, width)
    title_line(["convstep  digit", "digit"], ["A_prev 1x1x1", "stride 1"], ["step 1/2", "1/2"], width)
    tab_line([CARD, SOURCE, "kernel"], 1, width)
    key_places([("n", "next"), ("?", "help"), ("q", "quit")], width)


@given(st.integers(-6, MOST[0]), st.integers(-3, MOST[1]), st.integers(0, 5))
@example(0, 0, 0)
def test_a_candidates_share_is_written_in_any_room(width: int, height: int, seed: int) -> None:
    problem = random_problem(np.random.default_rng(seed))
    stage = CandidateStage(Timeline(problem), Right.of(problem))
    draw_shares(stage.scene(), stage.shares(), width, height)
    stage.take(Beside(dict(stage.right.gradients), {}), None)
    scene = stage.scene()
    triples: list[list[Panel]] = [
        [scene.panel(key) for key in keys_of(name)] for name in KEYS if name in stage.right.gradients
    ]
    assert arrange_candidate(max(width, 1), max(height, 1), triples, [], 0).places
    draw_shares(scene, stage.shares(), width, height)
