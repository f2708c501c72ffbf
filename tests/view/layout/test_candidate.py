"""Where the candidate's parts stand: side by side, none lost, at every size."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.candidate.check.cases import Right
from convstep.candidate.step.stepping import Beside
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.view.candidate.candidate_panels import KEYS, keys_of
from convstep.view.candidate.stage import CandidateStage
from convstep.view.grid.panel import Panel
from convstep.view.grid.places import Rect, lay_out
from convstep.view.layout.arrange import CARD, LEAST, SOURCE, Plan
from convstep.view.layout.candidate import DIAGNOSIS, OWN, arrange_candidate
from tests.view.layout.plans import check_places

Parts = tuple[list[list[Panel]], list[Panel]]


def parts_of(problem: Problem) -> Parts:
    timeline = Timeline(problem)
    stage = CandidateStage(timeline, Right.of(problem))
    stage.take(Beside(dict(stage.right.gradients), {}), None)
    scene = stage.scene()
    gradients = [
        [scene.panel(key) for key in keys_of(name)] for name in KEYS if name in stage.right.gradients
    ]
    placed = {panel.key for triple in gradients for panel in triple}
    return gradients, [panel for panel in scene.panels if panel.key not in placed]


def made(size: tuple[int, int], kernel: tuple[int, int], channels: tuple[int, int], **rest: Any) -> Problem:
    c_in, c_out = channels
    numbers = np.random.default_rng(1)
    bias = np.zeros(c_out) if rest.pop("bias", True) else None
    return Problem(
        numbers.standard_normal((*size, c_in)),
        numbers.standard_normal((c_out, *kernel, c_in)),
        bias,
        None,
        **rest,
    )


SMALL = {
    "3x4": parts_of(made((3, 4), (2, 2), (1, 2))),
    "5x5": parts_of(made((5, 5), (3, 3), (2, 3), stride=2, padding=1)),
    "7x7": parts_of(made((7, 7), (3, 3), (3, 4), stride=2)),
    "5x7": parts_of(made((5, 7), (2, 3), (3, 3), padding=1)),
    "no bias": parts_of(made((4, 5), (2, 2), (1, 1), bias=False)),
}  # fmt: skip
ALL = SMALL | {
    "large kernel": parts_of(made((40, 40), (31, 31), (1, 2))),
    "many filters": parts_of(made((5, 5), (3, 3), (2, 300))),
    "wide": parts_of(made((1, 200), (1, 3), (4, 2))),
}
SIZES = ((60, 13), (80, 20), (100, 26), (108, 32), (120, 36), (170, 42), (200, 46))


def check(plan: Plan, width: int, height: int, parts: Parts, *more: str) -> None:
    check_places(plan, width, height)
    gradients, context = parts
    every = {
        SOURCE,
        CARD,
        DIAGNOSIS,
        *more,
        *(panel.key for panel in (*itertools.chain(*gradients), *context)),
    }
    assert set(plan.places) | set(plan.tabs) == every
    if plan.tabs:
        assert set(plan.places) & set(plan.tabs) == {plan.shown_tab}


@given(st.integers(60, 220), st.integers(13, 60), st.sampled_from(sorted(ALL)), st.integers(0, 1))
def test_parts_stand_side_by_side_within_the_room_and_none_is_lost(
    w: int, h: int, name: str, first: int
) -> None:
    check(arrange_candidate(w, h, *ALL[name], first), w, h, ALL[name])
    check(arrange_candidate(w, h, *ALL[name], first, own=True), w, h, ALL[name], OWN)


@pytest.mark.parametrize("name", ALL)
def test_common_sizes_hold_every_problem(name: str) -> None:
    for width, height in SIZES:
        check(arrange_candidate(width, height, *ALL[name]), width, height, ALL[name])


@pytest.mark.parametrize("size", [(120, 36), (200, 46)])
@pytest.mark.parametrize("name", SMALL)
def test_nine_faces_of_a_small_problem_stand_whole(name: str, size: tuple[int, int]) -> None:
    gradients, context = SMALL[name]
    plan = arrange_candidate(*size, gradients, context)
    for panel in itertools.chain(*gradients):
        place = plan.places[panel.key]
        layout = lay_out(panel, place.width - 2, place.height - 2)
        assert layout.width <= place.width - 2, (panel.key, place)
        assert layout.height <= place.height - 2, (panel.key, place)
    assert {CARD, DIAGNOSIS} <= set(plan.places)
    assert plan.places[CARD].height >= 10


@pytest.mark.parametrize("size", [(60, 13), (80, 20)])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_small_screens_show_the_difference_of_the_gradient_that_diverges(
    size: tuple[int, int], first: int
) -> None:
    gradients, context = SMALL["5x5"]
    plan = arrange_candidate(*size, gradients, context, first)
    place = plan.places[gradients[first][2].key]
    assert place.y == 0
    assert place.height >= 4
    assert plan.shown_tab == CARD


@pytest.mark.parametrize("width", [60, 72, 80, 107])
@pytest.mark.parametrize("name", SMALL)
def test_a_tall_room_beside_a_page_has_the_differences_of_all_gradients(name: str, width: int) -> None:
    gradients, context = SMALL[name]
    plan = arrange_candidate(width, 36, gradients, context, 1)
    shown = [[panel for panel in triple if panel.key in plan.places] for triple in gradients]
    assert all(some[-1].key == triple[2].key for some, triple in zip(shown, gradients, strict=True))
    assert {len(some) for some in shown[1:]} == {3}, "what is small is there three times"
    for panel in itertools.chain(*shown):
        layout = lay_out(panel, plan.places[panel.key].width - 2, plan.places[panel.key].height - 2)
        assert layout.width <= plan.places[panel.key].width - 2, panel.key
    assert plan.places[CARD].height >= 13
    assert plan.shown_tab == CARD


def test_a_gradients_panels_are_of_one_size_in_the_order_of_reading() -> None:
    gradients, context = SMALL["7x7"]
    plan = arrange_candidate(120, 36, gradients, context)
    for triple in gradients:
        places = [plan.places[panel.key] for panel in triple]
        assert [place.x for place in places] == sorted(place.x for place in places)
        assert len({(place.y, place.height) for place in places}) == 1
        assert places[0].width == places[1].width <= places[2].width <= places[1].width + 2


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SMALL)
def test_the_candidates_own_lines_are_seen_where_they_are_chosen(name: str, size: tuple[int, int]) -> None:
    plan = arrange_candidate(*size, *SMALL[name], tab=OWN, own=True)
    place = plan.places[OWN]
    assert place.height >= 5
    assert place.width >= 26
    if size == (200, 46):
        assert {OWN, DIAGNOSIS, CARD} <= set(plan.places)


@pytest.mark.parametrize("name", SMALL)
def test_wide_screens_give_a_small_problems_diagnosis_the_room_below_what_is_read(name: str) -> None:
    gradients, context = SMALL[name]
    plan = arrange_candidate(200, 46, gradients, context, own=True)
    said = plan.places[DIAGNOSIS]
    assert said.height >= 14
    assert said.width > plan.places[OWN].width
    assert plan.places[OWN].height >= 28, "most functions are seen whole"
    for panel in context:
        place = plan.places[panel.key]
        assert place.y + place.height == said.y
        assert lay_out(panel, place.width - 2, place.height - 2).height <= place.height - 2, panel.key


def test_wide_screens_need_no_tabs() -> None:
    gradients, context = SMALL["7x7"]
    assert arrange_candidate(200, 46, gradients, context).tabs == ()


@pytest.mark.parametrize("size", [(LEAST[0], LEAST[1] - 3), (80, 20), (120, 36)])
def test_every_tab_can_be_shown(size: tuple[int, int]) -> None:
    gradients, context = SMALL["5x5"]
    for tab in arrange_candidate(*size, gradients, context).tabs:
        plan = arrange_candidate(*size, gradients, context, 0, tab)
        assert plan.shown_tab == tab
        assert tab in plan.places


def test_maximised_part_has_the_room_alone() -> None:
    gradients, context = SMALL["5x5"]
    plan = arrange_candidate(90, 30, gradients, context, maximised=CARD)
    assert plan.places == {CARD: Rect(0, 0, 90, 30)}
