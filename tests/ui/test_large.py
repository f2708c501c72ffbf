"""Large problems: the map, the statistics, and long ways that can be left."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator

import numpy as np
import pytest

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.ui.widgets.face_map import FaceMap
from convstep.view.grid.overview import Overview
from convstep.view.numbers.text import short
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened
from tests.ui.test_keys import focus
from tests.ui.test_sizes import check_layout, stem
from tests.view.random_panels import drawn

HALF = 32 * 32 * 4 + 77
MOVES = ("n", "n", "n", "N", "N", "s", "s", "S", "f", "F", "l", "L", "t", "comma", "]", "k", "K")


def painted_map(session: Session) -> list[str]:
    """The painted map without its border."""
    return [line[1:-1].rstrip() for line in session.part("map")[1:-1]]


def fresh_map(session: Session) -> list[str]:
    """The map as it has to be."""
    part = session.debugger.query_one(FaceMap)
    panel = session.debugger.state.scene.panel("input_gradient")
    overview = Overview(part.content_size.width, part.content_size.height)
    overview.update(panel.face.values, None)
    lines = drawn(overview, panel).split("\n")
    return [line.rstrip() for line in lines] + [""] * (part.content_size.height - len(lines))


def statistics(values: np.ndarray) -> str:
    """What NumPy says about a face."""
    finite = values[np.isfinite(values)].astype(np.float64)
    text = f"{values.shape[0]}x{values.shape[1]}"
    if finite.size:
        for name, value in (("min", finite.min()), ("max", finite.max()), ("mean", finite.mean())):
            text += f" · {name} {short(value, 3)}"
    for count, name in ((np.isnan(values).sum(), "NaN"), (np.isinf(values).sum(), "inf")):
        text += f" · {count} {name}" if count else ""
    return text


def check(session: Session) -> None:
    """Nothing on the screen, in the map or in the statistics is older than the position."""
    assert session.stale_cells() == []
    part = session.debugger.query_one(FaceMap)
    panel = session.debugger.state.scene.panel("input_gradient")
    if part.display:
        overview = Overview(part.content_size.width, part.content_size.height)
        overview.update(panel.face.values, None)
        assert part._overview._pixels is not None
        assert overview._pixels is not None
        np.testing.assert_array_equal(part._overview._pixels, overview._pixels)
        assert painted_map(session) == fresh_map(session)
        assert panel.face.label in session.part("map")[0]
    focused = session.debugger.panels.focused_panel()
    assert focused is not None
    expected = statistics(np.asarray(focused.face.values))
    assert session.debugger.lines._statistics.text() == expected
    assert session.debugger.lines._counted == (focused.key, focused.face.label, focused.part)
    status = session.lines[session.debugger.query_one("#status").region.y]
    assert f"{focused.face.label} {expected}" in status or " min " not in status


@SELDOM
@pytest.mark.parametrize("size", some([(80, 24), (120, 40), (200, 50)], 3))
async def test_map_and_statistics_are_never_older_than_the_position(size: tuple[int, int]) -> None:
    async with opened(stem(), size, position=HALF) as session:
        chance = random.Random(size[0])
        if size == (80, 24):
            await focus(session, "map")
        assert "map" in session.visible()
        check_layout(session)
        for burst in some(range(4), 3):
            for key in chance.choices(MOVES, k=chance.randint(1, 6)):
                session.send(key)
            if burst % 2:
                session.send("tab")
            await session.settle()
            check(session)
        for far in some((1, 40, 5000)):  # ways of all lengths, both ways
            for sign in (1, -1):
                await session.press(*"s" * chance.randint(0, 2))
                session.debugger.travel.to(min(max(session.position + sign * far, 0), 8191))
                await session.answered()
                check(session)
        await focus(session, "map")
        check(session)


async def test_the_map_behind_a_tab_is_up_to_date_when_it_comes_back() -> None:
    async with opened(stem(), (80, 24), position=HALF) as session:
        await focus(session, "map")
        await session.press("tab", "]", "n", "l", "l", "l", "n")
        assert "map" not in session.visible()
        await session.press("shift+tab")
        assert "map" in session.visible()
        check(session)


@SELDOM
async def test_a_click_takes_the_statistics_along() -> None:
    async with opened(stem(), (120, 40), position=HALF) as session:
        for key in ("upstream", "kernel_gradient", "input"):
            region = session.grid(key).content_region
            await session.click(region.x + 8, region.y + 3)
            check(session)
            await session.press("n")
            check(session)


async def test_the_window_is_marked_on_the_map() -> None:
    async with opened(stem(), (120, 40)) as session:
        content = session.debugger.query_one(FaceMap).content_size
        down, right = -(-70 // (2 * content.height)), -(-70 // content.width)
        for position in (1, HALF, 8191):
            session.debugger.travel.to(position)
            await session.settle()
            window = session.debugger.state.scene.panel("input_gradient").window
            assert window is not None
            marks = {
                (y, x)
                for y, line in enumerate(painted_map(session))
                for x, character in enumerate(line)
                if character in "◆┏┓┗┛┃━"
            }
            lines = {row // (2 * down) for row in (window.top, window.bottom)}
            columns = {column // right for column in (window.left, window.right)}
            assert marks
            assert min(lines) <= min(y for y, _ in marks) <= max(y for y, _ in marks) <= max(lines)
            assert min(columns) <= min(x for _, x in marks) <= max(x for _, x in marks) <= max(columns)


@SELDOM
async def test_statistics_count_what_is_not_finite() -> None:
    made = stem(32)
    A_prev = np.array(made.A_prev)
    A_prev[3, 4, 0], A_prev[20, 9, 0], A_prev[9, 20, 0] = np.nan, np.inf, -np.inf
    problem = Problem(A_prev, made.W, made.b, made.dZ, stride=2, padding=3)
    async with opened(problem, (120, 40), position=700) as session:
        for key in ("input", "kernel_gradient"):
            await focus(session, key)
            for move in "nl":
                await session.press(move)
                check(session)
        await focus(session, "input")
        assert "1 NaN · 2 inf" in session.text


def slowly(timeline: Timeline, position: int) -> Iterator[float]:
    """Preparing that never ends, so that the key comes in time however busy the machine is."""
    for part in itertools.count():
        time.sleep(0.002)
        yield min(part, 299) / 300


@SELDOM
@pytest.mark.parametrize("key", some(["escape", "home"][::-1]))
async def test_a_long_way_shows_how_far_it_is_and_can_be_left(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    async with opened(stem(32), (120, 40), position=99) as session:
        before = session.timeline.dA_prev_pad.copy()
        monkeypatch.setattr(Timeline, "prepared", lambda timeline, position: position == 0)
        monkeypatch.setattr(Timeline, "prepare", slowly)
        session.send("end")
        await session.until("Esc stops")
        await session.press(key)
        await session.answered()
        if key == "escape":
            assert session.position == 99
            assert "stopped at step" in session.text
            np.testing.assert_array_equal(session.timeline.dA_prev_pad, before)
        else:
            assert session.position == 0
        await session.press("n")
        assert session.position in (1, 100)
        check(session)
