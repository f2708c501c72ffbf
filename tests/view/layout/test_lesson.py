"""Where the narration stands: it fits, and leaves the panels what they need."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.grid.faces import face
from convstep.view.grid.panel import Panel
from convstep.view.grid.places import Rect
from convstep.view.layout.arrange import Plan
from convstep.view.layout.lesson import (
    BESIDE_FROM,
    LEAST_PANELS,
    LESSON,
    WIDEST,
    for_marking,
    narration_room,
    panels_room,
    with_narration,
)

SIZES = st.tuples(st.integers(60, 300), st.integers(13, 100))


@given(SIZES, st.integers(0, 200))
def test_narration_and_panels_share_the_room_without_a_gap(size: tuple[int, int], wanted: int) -> None:
    width, height = size
    narration = narration_room(width, height, wanted)
    panels = panels_room(width, height, narration)
    assert narration.width * narration.height + panels.width * panels.height == width * height
    assert panels.width > 0
    assert panels.height > 0
    if width >= BESIDE_FROM:
        assert (panels.x, panels.y, panels.height) == (narration.width, 0, height)
        assert panels.width >= width // 2
    else:
        assert (panels.x, panels.y, panels.width) == (0, narration.height, width)
        assert panels.height >= min(height * 3 // 5, height - 5)


def test_lines_of_narration_are_never_too_long_to_read_unless_code_needs_it() -> None:
    assert narration_room(300, 50).width == WIDEST
    assert narration_room(300, 50, 90).width == 95
    assert narration_room(120, 50, 90).width == 60


def test_where_the_room_is_low_the_panel_whose_cells_are_marked_has_all_of_it() -> None:
    panel = Panel("x", face("x", np.zeros((6, 4)), (None, None)), limit=1.0)
    plan = Plan({"x": Rect(0, 0, 30, 4), "y": Rect(30, 0, 30, 4)}, ("y",), "y")
    assert for_marking(plan, panel, 60, 8).places == {"x": Rect(0, 0, 60, 8)}
    assert for_marking(Plan({"y": Rect(0, 0, 60, 8)}), panel, 60, 8).places == {"x": Rect(0, 0, 60, 8)}
    assert for_marking(plan, panel, 60, LEAST_PANELS) is plan
    assert for_marking(Plan({"x": Rect(0, 0, 30, 9)}), panel, 60, 9).places == {"x": Rect(0, 0, 30, 9)}


def test_panels_are_moved_and_keep_their_sizes() -> None:
    plan = Plan({"a": Rect(1, 2, 30, 10)}, ("b",), "b")
    found = with_narration(plan, Rect(0, 0, 48, 40), Rect(48, 0, 72, 40))
    assert found.places == {LESSON: Rect(0, 0, 48, 40), "a": Rect(49, 2, 30, 10)}
    assert (found.tabs, found.shown_tab) == (("b",), "b")
