from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.view.grid.panel import Panel
from convstep.view.grid.places import Rect, lay_out
from convstep.view.layout.arrange import Plan
from convstep.view.layout.present import arrange_presented, present_rows
from convstep.view.numbers.big_digits import LINES
from convstep.view.panels.stage import Stage
from convstep.view.scene.scene import Scene
from tests.strategies import random_problem

NAMES = catalog.names()
SCENES = {name: Stage(Timeline(catalog.load(name))).scene() for name in NAMES}


def scene_of(problem: Problem) -> Scene:
    return Stage(Timeline(problem)).scene()


def check(plan: Plan, width: int, height: int) -> None:
    """No part leaves the room or another part's, and none is lost in so little that it says nothing."""
    for place in plan.places.values():
        assert place.x >= 0
        assert place.y >= 0
        assert place.x + place.width <= width
        assert place.y + place.height <= height
        assert place.width >= 3
        assert place.height >= 3
    for one, other in itertools.combinations(plan.places.values(), 2):
        both = one.union(other)
        apart_x = both.width >= one.width + other.width
        apart_y = both.height >= one.height + other.height
        assert apart_x or apart_y


def is_big(panel: Panel, place: Rect) -> bool:
    return lay_out(panel, place.width - 2, place.height - 2, large=True).lines == LINES


@pytest.mark.parametrize("name", NAMES)
@given(st.integers(60, 220), st.integers(14, 70))
def test_every_size_has_both_stage_panels_and_fills_the_room(name: str, width: int, height: int) -> None:
    scene = SCENES[name]
    plan = arrange_presented(width, height, scene.panels)
    check(plan, width, height)
    assert {panel.key for panel in scene.panels if panel.stage} <= set(plan.places)
    assert sum(place.width * place.height for place in plan.places.values()) == width * height
    assert (plan.tabs, plan.beside) == ((), {})


@pytest.mark.parametrize("size", [(80, 22), (120, 38), (200, 48)])
@pytest.mark.parametrize("name", ["one-window", "one-hot", "stride-2", "digit"])
def test_digits_are_big_on_the_stage(name: str, size: tuple[int, int]) -> None:
    scene = SCENES[name]
    plan = arrange_presented(*size, scene.panels)
    for panel in scene.panels:
        if panel.stage:
            assert is_big(panel, plan.places[panel.key]), panel.key
    below = {panel.key for panel in scene.panels if not panel.stage}
    assert {panel.key for panel in scene.panels if panel.running} <= set(plan.places)
    assert below <= set(plan.places) or size[0] == 80


def test_what_is_written_is_big_below_the_stage_too_where_the_screen_is_high() -> None:
    scene = SCENES["digit"]
    plan = arrange_presented(200, 48, scene.panels)
    assert is_big(scene.panel("kernel_gradient"), plan.places["kernel_gradient"])
    assert plan.places["kernel"].y == plan.places["kernel_gradient"].y, "beside each other, not stacked"


@given(st.integers(0, 2**32 - 1), st.integers(60, 220), st.integers(14, 70))
def test_any_problem_can_be_presented(seed: int, width: int, height: int) -> None:
    scene = scene_of(random_problem(np.random.default_rng(seed)))
    check(arrange_presented(width, height, scene.panels), width, height)


def test_a_maximised_part_has_all_the_room() -> None:
    panels = SCENES["digit"].panels
    for plan in (arrange_presented(80, 20, panels, "source"), present_rows(80, 20, [panels], 0, "source")):
        assert plan == Plan({"source": Rect(0, 0, 80, 20)})


@given(st.integers(60, 220), st.integers(14, 70), st.integers(0, 2))
def test_rows_that_are_compared_stand_below_each_other_the_first_one_first(
    width: int, height: int, first: int
) -> None:
    scene = SCENES["digit"]
    keys = ("input_gradient", "kernel_gradient", "bias_gradient")
    rows = [[scene.panel(key)] for key in keys]
    plan = present_rows(width, height, rows, first)
    check(plan, width, height)
    assert plan.places[keys[first]].y == 0
    assert sum(place.height for place in plan.places.values()) == height


def test_on_the_least_screen_the_sums_are_seen_whole_as_long_as_the_window_is() -> None:
    panels = SCENES["digit"].panels
    plan = arrange_presented(60, 14, panels)
    kernel = next(panel for panel in panels if panel.key == "kernel_gradient")
    place = plan.places[kernel.key]
    assert lay_out(kernel, place.width - 2, place.height - 2, large=True).height <= place.height - 2
    assert plan.places["input"].height - 2 >= 5
