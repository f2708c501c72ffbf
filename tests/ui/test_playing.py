"""Playing: one step a tick, and everything that pauses it. No test waits for a clock."""

from __future__ import annotations

import pytest

from convstep.candidate.call.worker import Worker
from convstep.candidate.step.stepping import CandidateTimeline
from convstep.examples import catalog
from convstep.replay.stops import Breakpoint
from convstep.ui.debugger.playing import PACES, Playing
from tests import candidates
from tests.strategies import SELDOM
from tests.ui.driving import Session, opened, opened_beside


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each tick was to wait; no timer runs."""
    asked: list[float] = []
    monkeypatch.setattr(Playing, "_await_tick", lambda self, seconds: asked.append(seconds))
    return asked


async def tick(session: Session, times: int = 1) -> None:
    for _ in range(times):
        session.debugger.playing.tick()
        await session.settle()


async def test_every_tick_executes_one_step_until_it_is_paused(waits: list[float]) -> None:
    async with opened(position=100, size=(80, 24)) as session:
        await tick(session)
        assert session.position == 100, "nothing plays yet"
        await session.press("e")
        assert "playing, 2 steps/s · e pauses" in session.text
        assert waits == [0.5]
        await tick(session, 3)
        assert session.position == 103
        assert "playing, 2 steps/s" in session.text
        assert len(waits) == 4, "each frame asks for the next tick once"
        assert session.stale_cells() == []
        await session.press("e")
        assert "paused after step 103 · e resumes" in session.text
        await tick(session)
        assert session.position == 103
        assert len(waits) == 4


async def test_the_pace_is_chosen_before_and_while_it_plays(waits: list[float]) -> None:
    async with opened(position=10, size=(80, 24)) as session:
        await session.press(")")
        assert "4 steps/s · e plays" in session.text
        await session.press("e", "(", "(", "(", "(")
        assert "playing, 0.5 steps/s" in session.text
        await session.press(")")
        assert "playing, 1 step/s" in session.text
        assert waits == [1 / pace for pace in (4, 2, 1, 0.5, 0.5, 1)]
        await session.press(*")))))))")
        assert session.debugger.playing.pace == PACES[-1] == 32
        assert session.position == 10


@SELDOM
async def test_whatever_a_person_does_pauses(waits: list[float]) -> None:
    async with opened(position=100) as session:
        for key in ("n", "S", "l", "c", "escape", "g", "ctrl+p"):
            session.debugger.travel.to(100)
            await session.settle()
            await session.press("e")
            assert session.debugger.playing.on
            await session.press(key)
            await session.answered()
            assert not session.debugger.playing.on, key
            assert "playing" not in session.lines[-3], key
            if session.dialog:
                await session.press("escape")
        for click in (session.place("upstream", 2, 2), session.place("input", 3, 3), (20, 38)):
            await session.press("e")
            await session.click(*click)
            assert not session.debugger.playing.on, click
        assert session.stale_cells() == []


async def test_looking_around_does_not_pause() -> None:
    async with opened(position=100) as session:
        await session.press("e", "tab", "down", "v", "+", "b")
        assert session.debugger.playing.on
        await tick(session)
        assert session.position == 101
        assert session.stale_cells() == []


async def test_it_pauses_at_a_stop_that_is_on() -> None:
    async with opened(position=100, size=(80, 24)) as session:
        stops = session.debugger.state.stops
        stops.disable(stops.add(Breakpoint(i_c=1)).id)
        stops.add(Breakpoint(i_c=2, hits=2))
        await session.press("e")
        await tick(session, 6)
        assert session.debugger.playing.on
        await tick(session, 3)
        assert session.position == 107
        assert "stop 2: i_c == 2 hits 2" in session.text


async def test_at_the_end_the_comparison_opens_and_playing_begins_anew() -> None:
    async with opened(position=254, size=(80, 24)) as session:
        await session.press("e")
        await tick(session, 2)
        assert (session.position, session.dialog) == (256, ""), "the last step is seen for a tick"
        await tick(session)
        await session.answered()
        assert (session.position, session.dialog) == (256, "ComparisonScreen")
        await session.press("escape")
        assert not session.debugger.playing.on
        await session.press("e")
        assert session.debugger.playing.on
        assert session.position == 0
        await tick(session)
        assert session.position == 1


async def test_a_late_frame_delays_the_next_step_and_queues_nothing(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(position=100, size=(80, 24)) as session:
        await session.press("e", *")))))")
        waits.clear()
        clock = iter((0.0, 10.0, 20.0, 20.01))
        monkeypatch.setattr("convstep.ui.debugger.playing.monotonic", lambda: next(clock))
        await tick(session, 2)
        assert session.position == 102
        assert waits[0] < 0, "at once"
        assert waits[1] == pytest.approx(1 / 32 - 0.01)


async def test_a_timer_runs_and_ends_with_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    async with opened(position=100, size=(60, 16)) as session:
        session.debugger.playing._pace = PACES.index(32)
        session.send("e")  # to wait for rest would be to wait for the end
        for _ in range(500):
            if session.position >= 102:
                break
            await session.pilot.pause(0.01)
        assert session.position >= 102
        awaited = session.debugger.playing.awaited
        await session.press("escape")
        assert awaited
        assert not session.debugger.playing.awaited


@SELDOM
async def test_a_candidate_plays_too() -> None:
    function = candidates.stride_ignored
    with Worker.of_function(function) as worker:
        candidate = CandidateTimeline(worker, candidates.verdict(function), catalog.load("stride-2"))
        async with opened_beside(candidate, (80, 24), position=3) as session:
            await session.press("e")
            await tick(session, 2)
            await session.answered()
            assert session.position == 5
            assert "playing, 2 steps/s" in session.text
            assert session.stale_cells() == []
