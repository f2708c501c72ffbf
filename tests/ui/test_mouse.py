"""The mouse: clicks go somewhere, hovering shows all the digits."""

from __future__ import annotations

import pytest

from convstep.conv.geometry import StepIndex
from convstep.view.numbers.text import full
from tests.strategies import SELDOM, some
from tests.ui.driving import opened


async def test_click_on_a_dZ_cell_goes_to_the_step_that_takes_it() -> None:
    async with opened(position=10) as session:
        channel = session.timeline.step.i_c
        for cell in ((0, 0), (3, 5), (7, 7)):
            await session.click(*session.place("upstream", *cell))
            step = session.timeline.step
            assert (step.i_h, step.i_w, step.i_c) == (*cell, channel)
            expected = session.timeline.problem.geometry.step_at(StepIndex(0, *cell, channel)) + 1
            assert session.position == expected
            assert session.stale_cells() == []
        session.debugger.travel.to(1)
        assert session.app.focused is session.grid("upstream")
        await session.press("]", "]")
        await session.click(*session.place("upstream", 2, 1))
        step = session.timeline.step
        assert (step.i_h, step.i_w, step.i_c) == (2, 1, 2), "a click on another face goes to its channel"


@SELDOM
async def test_click_and_hover_on_any_other_cell_stay_and_show_it() -> None:
    async with opened(position=99) as session:
        for key in ("input", "input_gradient", "kernel", "kernel_gradient", "bias_gradient"):
            await session.click(*session.place(key, 2, 0))
            assert session.position == 99
            assert session.app.focused is session.grid(key)
            face = session.debugger.state.scene.panel(key).face
            assert f"{face.cell(2, 0)} = {full(face.values[2, 0])}" in session.text
        for key, cell in (("input_gradient", (5, 3)), ("input", (4, 4)), ("upstream", (4, 2))):
            await session.hover(*session.place(key, *cell))
            face = session.debugger.state.scene.panel(key).face
            assert f"{face.cell(*cell)} = {full(face.values[cell])}" in session.text, "hover"
        assert session.position == 99


@SELDOM
async def test_click_on_the_timeline_seeks_but_not_on_the_percentage() -> None:
    async with opened(position=3) as session:
        bar = session.debugger.query_one("#timeline").content_region
        await session.click(bar.right - 1, bar.y)
        assert session.position == 3, "the percentage leads nowhere"
        track = bar.width - 6
        for share in (0.25, 0.0, 0.5, 1.0):
            await session.click(bar.x + round(share * (track - 1)), bar.y)
            assert abs(session.position - share * 256) <= 256 / track
            assert f"step {session.position}/256" in session.lines[0]
        assert (session.position, session.dialog) == (256, "")


async def test_hover_on_borders_labels_and_frames_is_harmless() -> None:
    async with opened("dilated", (80, 24), position=20) as session:
        region = session.grid("input_gradient").region
        for y in range(region.y, region.bottom):
            await session.hover(region.x + y % region.width, y)
        assert session.position == 20
        assert session.stale_cells() == []


async def test_scrolled_faces_are_clicked_where_they_are_seen() -> None:
    async with opened(size=(60, 16), position=250) as session:
        await session.click(*session.place("input_gradient", 9, 9))
        assert session.grid("input_gradient").cursor == (9, 9)


@SELDOM
@pytest.mark.parametrize("size", some([(60, 16), (120, 40)]))
async def test_the_keys_below_are_pressed_by_a_click_and_say_where_the_mouse_is(
    size: tuple[int, int],
) -> None:
    async with opened(size=size, position=5) as session:
        last = session.lines[-1]
        before = session.cell(last.index("n next"), size[1] - 1).style
        await session.hover(last.index("n next") + 3, size[1] - 1)
        assert session.cell(last.index("n next"), size[1] - 1).style != before
        assert session.cell(last.index("N back"), size[1] - 1).style == before
        await session.click(last.index("n next") + 3, size[1] - 1)
        assert session.position == 6
        await session.click(last.index("N back") - 1, size[1] - 1)  # between two
        assert session.position == 6
        await session.click(last.index("N back"), size[1] - 1)
        assert session.position == 5
        await session.hover(3, 3)
        assert session.cell(last.index("N back"), size[1] - 1).style == before
        await session.click(last.index("? help"), size[1] - 1)
        assert session.dialog == "ParagraphsScreen"


async def test_text_that_is_dragged_over_in_a_pane_is_selected() -> None:
    async with opened(position=10) as session:
        (x, y, *_) = session.app.screen.query_one("#card").content_region
        await session.pilot.mouse_down(offset=(x, y + 1))
        await session.pilot.hover(offset=(x + 11, y + 1))
        await session.pilot.mouse_up(offset=(x + 11, y + 1))
        await session.pilot.pause()
        assert session.app.screen.get_selected_text() == "✓ dW[1] += x"
