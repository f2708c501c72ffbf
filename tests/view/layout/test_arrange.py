from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.view.grid.panel import Panel, beside_key
from convstep.view.grid.places import LEAST_TEXT, SCROLLED_TEXT, GridLayout, Rect, lay_out, least_text
from convstep.view.layout.arrange import CARD, LEAST, MAP, SOURCE, Plan, arrange
from convstep.view.layout.boxes import least_width, natural_width
from convstep.view.panels.stage import Stage
from tests.view.layout.plans import check_places


def panels_of(problem: Problem) -> list[Panel]:
    return list(Stage(Timeline(problem)).scene().panels)


def made(size: tuple[int, int], kernel: tuple[int, int], channels: tuple[int, int], **rest: Any) -> Problem:
    c_in, c_out = channels
    bias = np.zeros(c_out) if rest.pop("bias", True) else None
    return Problem(np.ones((*size, c_in)), np.ones((c_out, *kernel, c_in)), bias, None, **rest)


PROBLEMS = {
    **{name: panels_of(catalog.load(name)) for name in catalog.names()},
    "stem": panels_of(made((64, 64), (7, 7), (3, 8), stride=2, padding=3)),
    "many filters": panels_of(made((5, 5), (3, 3), (2, 300))),
    "large kernel": panels_of(made((40, 40), (31, 31), (1, 2))),
    "tall": panels_of(made((200, 1), (1, 1), (1, 1))),
    "wide": panels_of(made((1, 200), (1, 3), (4, 2))),
    "no bias": panels_of(made((9, 12), (3, 3), (1, 1), bias=False)),
}


def check(plan: Plan, width: int, height: int, panels: list[Panel]) -> None:
    check_places(plan, width, height)
    further = {beside_key(key, n) for key, count in plan.beside.items() for n in range(1, count + 1)}
    every = {SOURCE, CARD, *(panel.key for panel in panels)} | further
    shown = set(plan.places) | set(plan.tabs)
    assert shown - {MAP} == every
    assert (MAP in shown) == far_from_seen_whole(plan, panels), plan
    if plan.tabs:
        assert set(plan.places) & set(plan.tabs) == {plan.shown_tab}


def far_from_seen_whole(plan: Plan, panels: list[Panel]) -> bool:
    """Whether a large face is half as large again as its place, or larger."""
    for panel in panels:
        if panel.stage:
            place = plan.places[panel.key]
            # further faces beside it make a place narrower, but need no map
            width = place.width * (1 + plan.beside.get(panel.key, 0))
            layout = lay_out(panel, width - 2, place.height - 2)
            if layout.width > 1.5 * width or layout.height > 1.5 * place.height:
                return True
    return False


@given(st.integers(60, 220), st.integers(12, 60), st.sampled_from(sorted(PROBLEMS)))
@example(120, 36, "stem")
@example(60, 12, "digit")
def test_parts_stand_side_by_side_within_the_room_and_none_is_lost(w: int, h: int, name: str) -> None:
    check(arrange(w, h, PROBLEMS[name]), w, h, PROBLEMS[name])


@pytest.mark.parametrize("size", [(13, 19), (16, 16), (24, 15)])
def test_a_face_that_is_too_wide_anywhere_does_not_take_the_room_of_the_step(size: tuple[int, int]) -> None:
    plan = arrange(120, 36, panels_of(made(size, (3, 3), (1, 4), padding=1)))
    card, upstream = plan.places[CARD], plan.places["upstream"]
    assert card.y + card.height == 36
    assert card.height >= 20, "every written cell is there, before and after"
    assert upstream.x == card.x + card.width
    assert upstream.width == 120 - upstream.x
    assert upstream.height >= plan.places["kernel"].height


@pytest.mark.parametrize("name", PROBLEMS)
def test_common_sizes_hold_every_problem(name: str) -> None:
    sizes = ((60, 13), (80, 20), (100, 26), (108, 32), (120, 36), (170, 41), (200, 46), (220, 56))
    for width, height in sizes:
        check(arrange(width, height, PROBLEMS[name]), width, height, PROBLEMS[name])


def test_a_map_stands_beside_large_faces_or_behind_a_tab() -> None:
    assert MAP in arrange(120, 36, PROBLEMS["stem"]).places
    assert MAP in arrange(200, 46, PROBLEMS["stem"]).places
    assert MAP not in arrange(80, 20, PROBLEMS["stem"]).places
    assert MAP in arrange(80, 20, PROBLEMS["stem"], MAP).places
    assert MAP not in arrange(120, 36, PROBLEMS["digit"]).places


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_number_has_room_for_two_digits_and_a_whole_one_for_all(name: str) -> None:
    for panel in PROBLEMS[name]:
        for limit, digits in ((1e-9, 1), (8.0, 1), (64.0, 2), (512.0, 3), (4096.0, 4), (1e9, 10)):
            sized = replace(panel, limit=limit, reach=None, whole=True, signed=True)
            assert least_text(sized) == min(max(digits + 1, LEAST_TEXT), SCROLLED_TEXT)
            assert least_text(replace(sized, whole=False)) == LEAST_TEXT
            assert lay_out(sized, 40, 10).text >= least_text(sized)


@pytest.mark.parametrize("tab", [CARD, SOURCE, "kernel", "upstream"])
def test_every_tab_can_be_shown(tab: str) -> None:
    plan = arrange(80, 20, PROBLEMS["digit"], tab)
    assert tab in plan.tabs
    assert plan.shown_tab == tab
    assert tab in plan.places
    assert plan.places[tab] == arrange(80, 20, PROBLEMS["digit"]).places[CARD]


def test_unknown_tab_shows_the_step() -> None:
    assert arrange(80, 20, PROBLEMS["digit"], "bias_gradient").shown_tab == CARD


def test_small_screens_show_what_is_running_first() -> None:
    plan = arrange(80, 20, PROBLEMS["digit"])
    assert {"input", "input_gradient", "kernel_gradient", "bias_gradient", CARD} == set(plan.places)


def test_maximised_part_has_the_room_alone() -> None:
    assert arrange(90, 30, PROBLEMS["digit"], maximised="input").places == {"input": Rect(0, 0, 90, 30)}


@pytest.mark.parametrize("name", ["digit", "one-hot"])
def test_digit_shows_every_column_and_row_whole_at_120_by_40(name: str) -> None:
    plan = arrange(120, 36, PROBLEMS[name])
    for panel in PROBLEMS[name]:
        place = plan.places[panel.key]
        layout = lay_out(panel, place.width - 2, place.height - 2)
        assert layout.width <= place.width - 2, panel.key
        if panel.stage:
            assert panel.face.shape == (10, 10)
            assert (layout.margin, layout.header) == (1, 1), "with the numbers of its rows and columns"
            assert layout.height <= place.height - 2


def test_wide_screens_show_faces_beside_each_other_in_order() -> None:
    plan = arrange(200, 46, PROBLEMS["rectangle"])
    assert plan.beside
    for key, count in plan.beside.items():
        places = [plan.places[key], *(plan.places[beside_key(key, n)] for n in range(1, count + 1))]
        assert [place.x for place in places] == sorted(place.x for place in places)
        assert len({place.y for place in places}) == 1


def shown(panel: Panel, plan: Plan) -> GridLayout:
    place = plan.places[panel.key]
    return lay_out(panel, place.width - 2, place.height - 2)


@given(st.integers(120, 260), st.integers(36, 90), st.sampled_from(sorted(PROBLEMS)))
@example(200, 46, "digit")
@example(176, 36, "many filters")
def test_a_larger_screen_shows_no_fewer_digits_rows_or_faces(w: int, h: int, name: str) -> None:
    common, larger = arrange(120, 36, PROBLEMS[name]), arrange(w, h, PROBLEMS[name])
    for panel in PROBLEMS[name]:
        before, after = shown(panel, common), shown(panel, larger)
        if before.width <= common.places[panel.key].width - 2:  # else more of its columns are seen
            assert after.text >= before.text, panel.key
            if before.height <= common.places[panel.key].height - 2:
                assert after.height <= larger.places[panel.key].height - 2, panel.key
        assert larger.beside.get(panel.key, 0) >= common.beside.get(panel.key, 0)


def test_at_120_by_40_source_step_and_panels_stand_below_the_stage() -> None:
    places = arrange(120, 36, PROBLEMS["digit"]).places
    assert places["input"] == Rect(0, 0, 60, 13)
    assert places["input_gradient"] == Rect(60, 0, 60, 13)
    assert (places[SOURCE].width, places[SOURCE].height) == (42, 23)
    assert (places[CARD].width, places[CARD].height) == (33, 23)
    upstream, kernel = places["upstream"], places["kernel"]
    assert upstream.y < kernel.y < places["kernel_gradient"].y, "what is read stands above what is written"
    assert places["kernel_gradient"].y == places["bias_gradient"].y


def test_what_scrolls_stands_below_the_step_where_the_kernels_have_no_room_else() -> None:
    plan = arrange(120, 36, PROBLEMS["stem"])
    assert plan.places["upstream"].x == plan.places["bias_gradient"].x == plan.places[CARD].x
    for panel in PROBLEMS["stem"]:
        if panel.stack:
            assert shown(panel, plan).height <= plan.places[panel.key].height - 2


def test_no_more_faces_stand_beside_than_there_are() -> None:
    for name, panels in PROBLEMS.items():
        plan = arrange(220, 56, panels)
        for panel in panels:
            assert plan.beside.get(panel.key, 0) < panel.choices[0], name


@pytest.mark.parametrize("name", PROBLEMS)
def test_least_width_is_where_every_column_is_still_seen(name: str) -> None:
    for panel in PROBLEMS[name]:
        least = least_width(panel)
        assert least <= natural_width(panel)
        if least < 80:
            assert lay_out(panel, least - 2, 40).width <= least - 2, panel.key


def test_least_screen_has_room_for_three_rows_of_numbers() -> None:
    width, height = LEAST
    for panels in PROBLEMS.values():
        plan = arrange(width, height - 3, panels)
        for panel in panels:
            if panel.stage:
                assert plan.places[panel.key].height - 2 >= 3


def test_tab_goes_through_the_parts_as_they_are_read_and_through_tabs_as_their_line_names_them() -> None:
    places = {"late": Rect(9, 5, 9, 5), "first": Rect(0, 0, 18, 5), "b": Rect(0, 5, 9, 5)}
    plan = Plan(places, ("c", "b", "a"), "b")
    assert plan.in_turn(["a", "late", "b", "first", "c", "gone"]) == ["first", "c", "b", "a", "late"]
    assert Plan(places).in_turn(["late", "first"]) == ["late", "first"]
