"""Sizes: every one from 60x16 shows a valid screen, and changing it loses nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from textual.geometry import Region, Size

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.ui.commands import COMMANDS
from convstep.ui.widgets.face_map import FaceMap
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.numbers.big_digits import BigFormat, inked
from convstep.view.panels.stage import Stage
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened

SIZES = [(60, 16), (80, 24), (120, 40), (200, 50)]


def check_layout(session: Session) -> None:
    """Parts do not overlap, lie inside the room, have closed borders, and title and keys are there."""
    width, height = session.app.size
    parts = {key: session.debugger.query_one(f"#{key}").region for key in session.visible()}
    for (key, region), (other, beside) in itertools.combinations(parts.items(), 2):
        assert not region.overlaps(beside), (key, other)
    for key, region in parts.items():
        assert Region(0, 1, width, height - 3).contains_region(region), key
        assert min(region.size) >= 3, key
        corners = "".join(session.cell(x, y).text for y in (region.y, region.bottom - 1)
                          for x in (region.x, region.right - 1))  # fmt: skip
        assert corners in ("╭╮╰╯", "┏┓┗┛"), key
    assert {"input", "input_gradient"} <= set(parts)
    assert f"step {session.position}/{session.timeline.total}" in session.lines[0]
    assert "quit" in session.lines[-1]
    assert "●" in session.lines[-2]
    assert session.stale_cells() == []


@pytest.mark.parametrize("size", some(SIZES, 3))
async def test_nothing_painted_at_first_is_painted_over(size: tuple[int, int]) -> None:
    async with opened(size=size) as session:
        terminal = session.app.terminal
        grid = session.grid("input_gradient").region
        assert {(y, x) for y in grid.line_range for x in grid.column_range} <= terminal.first.keys()
        assert terminal.first == terminal.cells
        assert terminal.updates <= 2


@SELDOM
@pytest.mark.parametrize("name", some(["digit", "rectangle"]))
async def test_resizing_keeps_the_position_and_shows_a_valid_screen(name: str) -> None:
    async with opened(name, (120, 40), position=40) as session:
        await session.press("s", "tab")
        for size in ((60, 16), (200, 50), (80, 24), (120, 40)):
            await session.resize(*size)
            assert (session.position, session.timeline.made) == (40, 1)
            check_layout(session)


@SELDOM
async def test_resized_screen_is_the_screen_of_that_size() -> None:
    async with opened("depthwise", (100, 30), position=70) as session:
        for size in reversed(SIZES):  # a small screen scrolls, and what is scrolled stays so
            await session.resize(*size)
            async with opened("depthwise", size, position=70) as fresh:
                assert session.lines == fresh.lines, size


@SELDOM
@pytest.mark.parametrize("size", some([(59, 40), (120, 15), (1, 1), (20, 5)], 3))
async def test_too_small_a_terminal_says_which_size_is_needed_and_recovers(size: tuple[int, int]) -> None:
    async with opened(size=(60, 16), position=33) as session:
        assert "convstep needs" not in session.text, "the least size is enough"
        check_layout(session)
        await session.resize(*size)
        if size[0] >= 20:
            words = " ".join(session.text.split())
            assert words.startswith(f"convstep needs 60x16; this terminal is {size[0]}x{size[1]}.")
            assert "A_prev_pad" not in words
        await session.press("n", "l", "end", "o", "e", "b")
        assert (session.dialog, session.position, len(session.debugger.state.stops)) == ("", 33, 0)
        await session.resize(80, 24)
        assert session.position == 33
        await session.press("n")
        assert session.position == 34
        check_layout(session)
        await session.resize(*size)
        session.send("q")
        await session.until(lambda: session.app._exit)


async def test_large_screen_shows_further_faces_beside_each_other() -> None:
    async with opened("rectangle", (200, 50), position=30) as session:
        check_layout(session)
        for further in ("W[1, :, :, 1]", "dW[1, :, :, 1]", "dZ[:, :, 2]"):
            assert f" {further} " in session.text
        await session.resize(120, 40)
        assert not any("-" in key for key in session.visible())
        await session.press("n", "n")
        await session.resize(200, 50)
        check_layout(session)


async def test_digit_stands_whole_at_120_columns_and_maximised_it_stays_so() -> None:
    async with opened(position=137) as session:
        for key in ("input", "input_gradient"):
            header = session.part(key)[1]
            assert [int(label) for label in header[1:-1].split()] == list(range(10))
            assert len(session.part(key)) >= 10 + 1 + 2
        await session.press("m")
        await session.resize(80, 24)
        assert session.visible() == {"input_gradient"}, "a maximised panel stays so when resized"
        await session.press("m")
        check_layout(session)


async def test_a_small_panel_that_is_maximised_shows_more_digits() -> None:
    async with opened(position=137, size=(80, 24)) as session:
        values = session.debugger.state.scene.panel("bias_gradient").face.values
        session.debugger.panels.focus(session.grid("bias_gradient"))
        for digits in (4, 9, 4):
            rows = [row[5:-1].strip(" ◂") for row in session.part("bias_gradient")[1:5]]
            assert rows == [f"{value:.{digits}f}" for value in values[:, 0]]
            await session.press("m")


async def test_before_a_class_it_shows_more_big_digits() -> None:
    async with opened(position=137) as session:
        session.debugger.panels.focus(session.grid("kernel"))
        await session.press("z", "m")
        plan, panel = session.grid("kernel")._plan, session.grid("kernel")._drawn
        assert plan is not None
        assert panel is not None
        assert plan.lines == 3
        number = BigFormat.fitting(inked(plan.text), panel.most, signed=panel.signed)
        assert number.text(panel.face.values[2, 0]) == "-1.261"


def stem(height: int = 64) -> Problem:
    numbers = np.random.default_rng(5)
    A_prev = numbers.standard_normal((height, height, 3)).astype(np.float32)
    W = numbers.standard_normal((8, 7, 7, 3)).astype(np.float32)
    return Problem(A_prev, W, np.zeros(8, np.float32), None, stride=2, padding=3)


@pytest.mark.parametrize("size", some([(60, 16), (80, 24), (120, 40)], 3))
async def test_large_layer_follows_its_window(size: tuple[int, int]) -> None:
    problem = stem()
    async with opened(problem, size) as session:
        for position in (0, 1, 255, 256, 257, problem.total_steps // 2 + 99, problem.total_steps - 1):
            session.debugger.travel.to(position)
            await session.settle()
            check_layout(session)
            for key in ("input", "input_gradient"):
                window = session.debugger.state.scene.panel(key).window
                assert window is not None
                content = session.grid(key).content_region
                x, y = session.place(key, window.top, window.left)
                assert content.contains(x, y), (position, key)
                if content.height >= 10:
                    right = session.place(key, window.bottom, window.right)
                    assert content.contains(*right), (position, key)
        assert "dZ drawn at random" in session.text or size[1] < 20


@SELDOM
async def test_every_key_is_safe_at_every_size_and_after_every_change_of_it() -> None:
    keys = [command.keys[0] for command in COMMANDS if command.id != "quit"]
    sizes = itertools.cycle([(60, 16), (1, 1), (80, 24), (59, 40), (200, 50), (120, 15), (61, 17)])
    async with opened(sampled(), (59, 15), position=5) as session:
        await session.hurry("z", "t", "m", "tab")
        for key, size in some(zip(keys, sizes, strict=False), 13):
            await session.hurry(key)
            assert session.app._exception is None, (key, session.app.size)
            await session.resize(*size)
            await session.hurry(key, "tab")
            assert session.app._exception is None, (key, size)
            if session.dialog:
                await session.hurry("escape")
        await session.resize(120, 40)
        await session.press("escape", "escape", "escape", "escape")
        if session.app.screen is not session.debugger:
            await session.press("D")  # it was turned where it could be, and not where nothing was seen
        check_layout(session)


def sampled() -> Problem:
    """Samples, groups, several faces of everything, and no square."""
    numbers = np.random.default_rng(3)
    A_prev, W = numbers.standard_normal((2, 4, 5, 4)), numbers.standard_normal((4, 2, 3, 2))
    return Problem(A_prev, W, np.zeros(4), None, padding=1, groups=2)


@SELDOM
async def test_a_further_face_may_be_maximised_presented_and_lose_its_room() -> None:
    async with opened(sampled(), (200, 50), position=5) as session:
        further, asks = session.grid("kernel-1"), ("t", "b", "i", "down", "escape", "escape")
        session.debugger.set_focus(further)
        await session.press("m")
        assert session.visible() == {"kernel-1"}
        assert session.debugger.focused is further
        await session.press("tab", "t", "m", *asks)
        for way in ("z", (120, 40), (59, 15), (80, 24)):
            session.debugger.set_focus(further)
            await (session.press(way) if isinstance(way, str) else session.resize(*way))
            if way == (120, 40):
                assert session.debugger.focused is session.grid("kernel"), "the first face of the same tensor"
            await session.hurry(*asks)
            await session.resize(200, 50)
            assert further.display, way
        assert session.stale_cells() == []


async def test_a_screen_that_was_too_small_gives_the_keys_back_to_who_had_them() -> None:
    async with opened(size=(120, 40), position=33) as session:
        session.debugger.set_focus(session.grid("kernel_gradient"))
        await session.press("down", "right")
        cursor, before = session.grid("kernel_gradient").cursor, session.lines
        for size in ((59, 40), (1, 1)):
            await session.resize(*size)
        await session.press("down", "z", "m", "tab")
        await session.resize(120, 40)
        assert session.debugger.focused is session.grid("kernel_gradient")
        assert (session.grid("kernel_gradient").cursor, session.lines) == (cursor, before)


def test_a_grid_or_a_map_that_has_neither_panel_nor_size_takes_whatever_comes() -> None:
    scene = Stage(Timeline(sampled())).scene()
    first, second = scene.panel("input"), scene.panel("input_gradient")
    grid, map_ = TensorGrid("input"), FaceMap("map")
    grid.annotate("a note")
    grid.move_cursor(1, 1)
    assert grid.pointed() == (0, 0)
    grid.set_look("heat", 3, large=True)
    grid._size_updated(Size(0, 0), Size(0, 0), Size(0, 0))
    grid.cursor = None
    for panel, all_changed in ((first, True), (first, False), (second, False)):
        grid.show(panel, None if all_changed else [])
        map_.show(panel, None if all_changed else [])
        grid.annotate("")
    grid.move_cursor(99, 99)
    assert second.window is not None
    assert grid.pointed() == (second.window.top, second.window.left), "it appears first, at the window"
    grid.move_cursor(99, 99)
    rows, columns = second.face.shape
    assert grid.pointed() == (rows - 1, columns - 1)
