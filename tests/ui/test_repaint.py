"""Partial repaints: whatever the keys were, the terminal shows what a fresh painting would show."""

from __future__ import annotations

import random

import numpy as np
import pytest

from convstep.conv.problem import Problem
from tests.strategies import SELDOM, THOROUGH, some
from tests.ui.driving import Session, opened, opened_recording
from tests.ui.test_sizes import stem
from tests.view.recorded import FUNCTIONS, recorded

SIZES = ((60, 16), (80, 24), (120, 40), (200, 50))
EXAMPLES = ("digit", "rectangle", "dilated", "depthwise", "stride-2", "same")

MOVES = ("n", "n", "n", "n", "N", "N", "s", "s", "S", "f", "F", "l", "L", "space", "backspace")
LOOKS = ("v", "[", "]", "escape", "+", "-", "=", "m", "tab", "shift+tab", "up", "down", "left", "right")
JUMPS = ("end", "home", "o", "?", "g", "C", "i")
STOPS = ("b", "c", "t", "comma", "full_stop", "k", "K")


async def walk(session: Session, seed: int, bursts: int) -> list[str]:
    """Press keys in bursts, as fast fingers do; the keys pressed."""
    chance = random.Random(seed)
    pressed: list[str] = []
    for _ in range(bursts):
        kind = chance.choices((MOVES, LOOKS, JUMPS, STOPS), (4, 3, 1, 2))[0]
        for key in chance.choices(kind, k=1 if kind is JUMPS else chance.randint(1, 5)):
            pressed.append(key)
            session.send(key)
        await session.answered()
        if session.dialog:
            assert session.stale_cells() == [], pressed
            pressed += await leave(session, chance)
        if chance.random() < 0.2:
            assert session.stale_cells() == [], pressed
    return pressed


async def leave(session: Session, chance: random.Random) -> list[str]:
    """Close the dialog; from the goto dialog, mostly by going somewhere."""
    if session.dialog == "PromptScreen" and chance.random() < 0.8:
        keys = [*str(chance.randint(0, session.timeline.total)), "enter"]
    else:
        keys = ["escape"]
    await session.press(*keys)
    if session.dialog:  # the way led to the end
        await session.answered()
        await session.press("escape")
        keys.append("escape")
    assert session.dialog == ""
    return keys


@pytest.mark.parametrize(
    ("name", "size"), some(((name, SIZES[n // 2 % 4]) for n, name in enumerate((*EXAMPLES, "stem"))), 4)
)
async def test_no_walk_of_keys_leaves_a_stale_cell(name: str, size: tuple[int, int]) -> None:
    async with opened(stem(32) if name == "stem" else name, size) as session:
        pressed = await walk(session, seed=sum(map(ord, name)) + size[0], bursts=8)
        assert session.stale_cells() == [], pressed


@SELDOM
async def test_no_resize_leaves_a_stale_cell() -> None:
    sizes = [(80, 24), (200, 50), (59, 30), (60, 16), (108, 32)]
    async with opened("rectangle", (120, 40)) as session:
        for seed, size in enumerate(sizes):
            await session.resize(*size)
            assert session.stale_cells() == [], size
            if size[0] >= 60:
                pressed = await walk(session, seed, bursts=2)
                assert session.stale_cells() == [], (size, pressed)


async def test_a_step_repaints_no_more_of_the_large_panels_than_the_window_s_rows() -> None:
    async with opened(position=137) as session:
        await session.press("n")
        for steps in range(3):
            session.app.terminal.forget_latest()
            session.send("n")
            await session.settle()
            for key in ("input", "input_gradient"):
                region = session.grid(key).region
                painted = {y for y, x in session.app.terminal.latest if region.contains(x, y)}
                assert len(painted) <= 3, (steps, "the window's rows")
                # what is only read looks the same as long as the window stays
                moved = session.timeline.step.i_c == 0
                assert bool(painted) == (key == "input_gradient" or moved), steps


async def test_a_step_within_one_face_repaints_a_small_part_of_the_screen() -> None:
    random_numbers = np.random.default_rng(0)
    problem = Problem(random_numbers.standard_normal((9, 9, 1)), np.ones((1, 3, 3, 1)), None, None, padding=1)
    async with opened(problem, position=20) as session:
        await session.press("n")
        session.app.terminal.forget_latest()
        await session.press("n")
        grids = [session.grid(key).region for key in ("input", "input_gradient", "kernel", "upstream")]
        inside = [
            (y, x) for y, x in session.app.terminal.latest if any(grid.contains(x, y) for grid in grids)
        ]
        assert len(inside) < 0.4 * sum(grid.area for grid in grids)
        borders = {y for grid in grids for y in (grid.y, grid.bottom - 1)}
        assert not borders & {y for y, _ in inside}


async def test_a_step_repaints_no_line_of_the_source_that_is_as_before() -> None:
    async with opened(position=137) as session:
        await session.press("n")
        region = session.debugger.query_one("#source").region
        for _ in range(3):
            before = session.part("source")
            session.app.terminal.forget_latest()
            await session.press("n")
            painted = {y - region.y for y, x in session.app.terminal.latest if region.contains(x, y)}
            after = session.part("source")
            differing = {y for y, line in enumerate(after) if line != before[y]}
            assert differing
            assert painted == differing
            assert session.stale_cells() == []


async def test_marks_come_and_go_where_they_stand_and_nowhere_else() -> None:
    async with opened(position=137, size=(80, 24)) as session:
        stage, region = session.debugger.state.stage, session.grid("input").region
        each: list[dict[tuple[int, ...], str]] = [{(4, 2, 0): "›", (6, 3, 0): "●"}, {(4, 2, 0): "✗"}, {}]
        for marks in each:
            session.app.terminal.forget_latest()
            stage.marks = {"A_prev_pad": marks}
            session.debugger.show()
            await session.settle()
            shown = [mark for line in session.part("input") for mark in line if mark in "›●✗○"]
            assert sorted(shown) == sorted(marks.values())
            painted = {y for y, x in session.app.terminal.latest if region.contains(x, y)}
            assert len(painted) <= 2, "the lines of the cells"
            assert session.stale_cells() == []


RECORDED = ("n", "n", "n", "N", "s", "s", "S", "f", "F", "l", "L", "[", "]", "tab", "tab", "right", "down",
            "v", "end", "home", "b", "c", "C")  # fmt: skip


@SELDOM
@pytest.mark.parametrize(
    ("name", "size"),
    some(((one.__name__, SIZES[n % 4]) for n, one in enumerate((*FUNCTIONS, *FUNCTIONS[:2]))), 3),
)
async def test_no_walk_through_somebodys_own_function_leaves_one(name: str, size: tuple[int, int]) -> None:
    chance = random.Random(name)
    async with opened_recording(recorded(name).scout(), size=size) as session:
        pressed: list[str] = []
        for _ in range(14 if THOROUGH else 7):
            keys = chance.choices(RECORDED, k=chance.randint(1, 5))
            pressed += keys
            await session.press(*keys)
            if session.dialog:
                await session.press("escape")
            assert session.stale_cells() == [], pressed
