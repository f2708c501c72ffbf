"""Where the parts of a recording stand: any number of arrays of any shape, at every size."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.view.grid.faces import Fixed, face
from convstep.view.grid.panel import Panel
from convstep.view.layout.arrange import CARD, LEAST, SOURCE, Plan
from convstep.view.layout.boxes import least_width
from convstep.view.layout.recording import SIDE, arrange_recording
from tests.view.layout.plans import check_places

WIDTHS, HEIGHTS = st.integers(LEAST[0], 240), st.integers(LEAST[1] - 3, 80)


@st.composite
def arrays(draw: st.DrawFn) -> list[Panel]:
    """Panels of up to twenty arrays."""
    found = []
    for number in range(draw(st.integers(0, 20))):
        rank = draw(st.integers(0, 4))
        shape = tuple(draw(st.lists(st.integers(1, 40), min_size=rank, max_size=rank)))
        fixed: Fixed = tuple(0 if axis < rank - 2 else None for axis in range(rank))
        found.append(
            Panel(
                f"array{number}",
                face("grad" * draw(st.integers(1, 4)), np.broadcast_to(0.0, shape), fixed),
                2.0 ** draw(st.integers(-20, 20)),
                caption=draw(st.sampled_from(["", "written"])),
                framed=draw(st.booleans()),
                choices=(int(np.prod(shape[:-2])) if rank > 2 else 1, 0),
                listed=rank == 1,
            )
        )
    return found


def reached(plan: Plan) -> set[str]:
    return set(plan.places) | set(plan.tabs)


@given(WIDTHS, HEIGHTS, arrays())
@example(60, 13, [])
@example(120, 36, [])
def test_every_part_has_a_place_or_a_turn(width: int, height: int, panels: list[Panel]) -> None:
    plan = arrange_recording(width, height, panels)
    check_places(plan, width, height)
    assert reached(plan) >= {SOURCE, CARD, *(panel.key for panel in panels)}
    assert plan.shown_tab in plan.tabs or not plan.tabs
    for tab in plan.tabs:
        turned = arrange_recording(width, height, panels, tab)
        check_places(turned, width, height)
        assert tab in turned.places
        assert reached(turned) == reached(plan)


@given(WIDTHS, HEIGHTS, arrays())
def test_what_is_maximised_has_all_the_room(width: int, height: int, panels: list[Panel]) -> None:
    key = panels[0].key if panels else SOURCE
    plan = arrange_recording(width, height, panels, maximised=key)
    assert [tuple(place) for place in plan.places.values()] == [(0, 0, width, height)]


@given(st.integers(108, 240), st.integers(32, 80), arrays())
def test_a_wide_screen_has_source_and_step_beside_the_panels(
    width: int, height: int, panels: list[Panel]
) -> None:
    plan = arrange_recording(width, height, panels)
    source, card = plan.places[SOURCE], plan.places[CARD]
    assert (source.x, source.width) == (card.x, card.width)
    assert source.height + card.height == height
    if panels:
        assert SIDE[0] <= source.width <= SIDE[1]
        first = plan.places[panels[0].key]
        assert (first.x, first.y) == (source.width, 0)  # the most important one comes first
    for panel in panels:
        if panel.key in plan.places and not plan.tabs:
            assert plan.places[panel.key].width >= min(least_width(panel), width - source.width)


@given(WIDTHS, HEIGHTS, arrays())
def test_further_faces_stand_beside_their_array(width: int, height: int, panels: list[Panel]) -> None:
    plan = arrange_recording(width, height, panels)
    for key, count in plan.beside.items():
        panel = next(one for one in panels if one.key == key)
        assert count < panel.choices[0]
        assert all(f"{key}-{number}" in plan.places for number in range(1, count + 1))
