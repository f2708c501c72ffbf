"""Where the parts of a recording stand: any number of arrays of any shape, at every size."""

from __future__ import annotations

import collections
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.view.grid.faces import Fixed, face
from convstep.view.grid.panel import Panel, title_of
from convstep.view.grid.places import least_text
from convstep.view.layout.arrange import CARD, LEAST, SOURCE, Plan
from convstep.view.layout.boxes import least_width, natural_height, whole_width
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
                running=draw(st.booleans()),
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


def test_beside_a_page_source_and_step_are_seen_below_all_of_a_few_small_arrays() -> None:
    shapes = ((4, 5), (4, 5), (2, 2), (3,))
    faces = [face("x", np.zeros(shape), (None,) * len(shape)) for shape in shapes]
    panels = [Panel(f"array{number}", one, 1.0) for number, one in enumerate(faces)]
    plan = arrange_recording(72, 36, panels)
    assert not plan.tabs
    assert {*plan.places} == {SOURCE, CARD, *(panel.key for panel in panels)}
    assert plan.places[SOURCE].height >= 12
    assert plan.places[CARD].height >= 8


@given(WIDTHS, HEIGHTS, arrays())
def test_what_is_maximised_has_all_the_room(width: int, height: int, panels: list[Panel]) -> None:
    key = panels[0].key if panels else SOURCE
    plan = arrange_recording(width, height, panels, maximised=key)
    assert [tuple(place) for place in plan.places.values()] == [(0, 0, width, height)]


@given(st.integers(108, 240), st.integers(32, 80), arrays(), st.integers(0, 150), st.integers(0, 90))
def test_a_wide_screen_has_the_source_beside_the_panels(
    width: int, height: int, panels: list[Panel], columns: int, lines: int
) -> None:
    plan = arrange_recording(width, height, panels, source=(columns, lines))
    check_places(plan, width, height)
    source, card = plan.places[SOURCE], plan.places[CARD]
    others = {key: place for key, place in plan.places.items() if key not in (SOURCE, CARD)}
    assert sum(place.width * place.height for place in plan.places.values()) == width * height
    if card.x == source.x:
        assert source.height + card.height == height
    else:  # below the panels, all of which are seen whole
        assert (source.height, card.y + card.height) == (height, height)
        assert not plan.tabs
    if panels:
        assert min(width * 2 // 5, SIDE[1]) <= source.width <= max(width * 3 // 5, SIDE[1])
        assert (others[panels[0].key].x, others[panels[0].key].y) == (source.width, 0)
    for panel in panels:
        if panel.key in plan.places and not plan.tabs:
            assert plan.places[panel.key].width >= min(least_width(panel), width - source.width)
            whole = whole_width(
                panel, least_text(panel)
            )  # what need not scroll does not for the source's sake
            if whole <= width - min(width * 2 // 5, SIDE[1]):
                assert plan.places[panel.key].width >= min(whole, 80)


def small(names: str, *shapes: tuple[int, ...]) -> list[Panel]:
    return [
        Panel(
            f"array{number}",
            face(name, np.broadcast_to(0.0, shape), (None,) * len(shape)),
            9.0,
            running=not number,
            use="reads" if number else "writes",
            listed=len(shape) == 1,
        )
        for number, (name, shape) in enumerate(zip(names.split(), shapes, strict=True))
    ]


NORM = small("dxmu1 dsqrtvar dvar dxhat ivar sqrtvar divar var", (4, 3), *[(3,)] * 2, (4, 3), *[(3,)] * 4)
LINEAR = small("dx dW db dy W x", (2, 3), (3, 4), (4,), (2, 4), (3, 4), (2, 3))


@pytest.mark.parametrize("size", [(108, 36), (120, 36), (160, 46), (200, 46), (240, 70)])
@pytest.mark.parametrize("panels", [NORM, LINEAR, NORM[:1], LINEAR[2:3]])
def test_what_small_arrays_leave_goes_to_source_and_step(panels: list[Panel], size: tuple[int, int]) -> None:
    plan = arrange_recording(*size, panels, source=(59, 17))
    assert not plan.tabs
    assert plan.places[SOURCE].width >= 59 + 2 or size[0] < 160  # its lines are whole
    high = [natural_height(panel, 1000) for panel in panels]
    for panel in panels:  # as high as its numbers, or as those beside it
        assert natural_height(panel, 1000) <= plan.places[panel.key].height <= max(high)
        assert title_of(panel, plan.places[panel.key].width - 6).startswith(panel.face.label)
        assert title_of(panel, plan.places[panel.key].width - 6).endswith(panel.loop_text)
    rows = collections.Counter(plan.places[panel.key].y for panel in panels)
    if len(panels) > 1 and len(rows) > 1:
        assert min(rows.values()) > 1, rows  # none stands alone


@pytest.mark.parametrize("size", [(120, 36), (200, 46)])
def test_below_a_short_source_and_small_arrays_the_step_has_all_the_width(size: tuple[int, int]) -> None:
    panels = small("dx mask x dout", (4, 4), (2, 2), (4, 4), (3, 3))
    plan = arrange_recording(*size, panels, source=(65, 10))
    source, card = plan.places[SOURCE], plan.places[CARD]
    assert (card.x, card.width) == (0, size[0])
    assert 10 + 2 <= source.height == card.y, "whole, and no higher than what stands beside it"
    for panel in panels:
        place = plan.places[panel.key]
        assert natural_height(panel, 1000) <= place.height <= max(natural_height(one, 1000) for one in panels)
        assert place.y + place.height <= card.y
    long = arrange_recording(*size, panels, source=(65, 30))
    assert long.places[SOURCE].height == size[1], "a long one keeps all the height"


@pytest.mark.parametrize("size", [(120, 36), (200, 46)])
def test_the_step_stays_where_it_is_at_steps_with_more_panels(size: tuple[int, int]) -> None:
    more = small("dx mask x dout", (4, 4), (2, 2), (4, 4), (3, 3))
    upper = arrange_recording(*size, more, source=(65, 10)).places[CARD].y
    fewer = arrange_recording(*size, more[::2], source=(65, 10), upper=upper)
    check_places(fewer, *size)
    assert fewer.places[CARD] == arrange_recording(*size, more, source=(65, 10), upper=upper).places[CARD]


@given(st.integers(108, 240), st.integers(32, 80), st.integers(1, 12), st.integers(1, 4))
def test_vectors_stand_in_even_rows(width: int, height: int, count: int, length: int) -> None:
    panels = small(" ".join(f"v{n}" for n in range(count)), *[(length,)] * count)
    plan = arrange_recording(width, height, panels, source=(50, 20))
    assert not plan.tabs
    places = [plan.places[panel.key] for panel in panels]
    assert places == sorted(places, key=lambda place: (place.y, place.x))
    assert {place.height for place in places} == {length + 2}
    rows = collections.Counter(place.y for place in places).values()
    assert max(rows) == -(-count // len(rows))


@pytest.mark.parametrize(("width", "height"), [(60, 13), (80, 20), (100, 26)])
def test_a_small_screen_has_beside_the_stage_what_fits_there(width: int, height: int) -> None:
    panels = [replace(panel, stage=panel.face.name in ("dx", "dy")) for panel in LINEAR]
    plan = arrange_recording(width, height, panels)
    upper = [plan.places[panel.key] for panel in panels if panel.key in plan.places]
    assert {place.y + place.height for place in upper} >= {max(place.height for place in upper)}
    assert len(upper) > 2 or width < 80
    assert sum(place.width for place in upper if place.y == 0) == width


@given(WIDTHS, HEIGHTS, arrays())
def test_further_faces_stand_beside_their_array(width: int, height: int, panels: list[Panel]) -> None:
    plan = arrange_recording(width, height, panels)
    for key, count in plan.beside.items():
        panel = next(one for one in panels if one.key == key)
        assert count < panel.choices[0]
        assert all(f"{key}-{number}" in plan.places for number in range(1, count + 1))
