"""Frames of the debugger, from the real app run without a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from convstep.conv.provenance import provenance
from convstep.conv.validation import cell_text
from convstep.export.frame import SECONDS, Frame, take
from convstep.steps.provenance import Provenance
from convstep.ui.app import DebuggerApp, problem_title
from convstep.view.scene.contributions import ContributionTable

if TYPE_CHECKING:
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.conv.problem import Problem

Progress = Callable[[int], None]
"""Told how many frames there are so far."""


def _silent(done: int) -> None:
    """Nobody watches."""


def debugger_frames(
    problem: Problem,
    name: str,
    positions: Iterable[int],
    size: tuple[int, int] = (120, 40),
    *,
    comparison: bool = False,
    why: tuple[str, tuple[int, ...]] | None = None,
    seconds: float = SECONDS,
    progress: Progress = _silent,
) -> list[Frame]:
    """The debugger at some positions.

    Args:
        problem: what to step through.
        name: a bundled name or a path, as on the command line.
        positions: where to draw, ascending for speed.
        size: columns and lines of the screen.
        comparison: whether to show the comparison at each position.
        why: a gradient and a cell of it, to show the list of steps that make it.
        seconds: how long each stands in a GIF or a cast.
        progress: told of each frame.
    """
    made = None if why is None else provenance(problem, *why)
    frames = asyncio.run(_debugger(problem, name, positions, size, comparison, made, seconds, progress))
    return with_long_end(frames)


def candidate_frames(
    candidate: CandidateTimeline,
    name: str,
    positions: Iterable[int | None],
    size: tuple[int, int] = (120, 40),
    *,
    diagnosis: bool = False,
    seconds: float = SECONDS,
    progress: Progress = _silent,
) -> list[Frame]:
    """A candidate beside the reference; the candidate's answers are waited for.

    Args:
        candidate: the candidate on a problem; its process is left running.
        name: what to call it on the screen.
        positions: where to draw; None is just after the first divergent step.
        size: columns and lines of the screen.
        diagnosis: whether to show the diagnosis at each position.
        seconds: how long each stands in a GIF or a cast.
        progress: told of each frame.
    """
    return with_long_end(
        asyncio.run(_candidate(candidate, name, positions, size, diagnosis, seconds, progress))
    )


def with_long_end(frames: Sequence[Frame]) -> list[Frame]:
    """Let the last frame stand longer, so that an animation is seen to end before it begins again."""
    if len(frames) < 2:
        return [*frames]
    *others, last = frames
    return [*others, replace(last, seconds=max(2.0, 3 * last.seconds))]


async def _debugger(
    problem: Problem,
    name: str,
    positions: Iterable[int],
    size: tuple[int, int],
    comparison: bool,
    why: Provenance | None,
    seconds: float,
    progress: Progress,
) -> list[Frame]:
    app = DebuggerApp(problem, problem_title(name), live=False)
    title = f"convstep {app.debugger.state.name}"
    cell = "" if why is None else cell_text(why.gradient, why.index)
    shown = "the comparison at " if comparison else f"why {cell}, at " if cell else ""
    frames: list[Frame] = []
    async with app.run_test(size=size, notifications=False) as pilot:
        debugger = app.debugger
        for position in positions:
            debugger.travel.to(position)
            await app.workers.wait_for_complete()
            if comparison:
                debugger.asking.compare()
            elif why is not None:
                debugger.asking.explain(ContributionTable(why, position))
            await pilot.pause()
            await app.workers.wait_for_complete()
            await pilot.pause()
            caption = shown + debugger.state.stage.caption()
            total = problem.total_steps
            frames.append(
                take(app, title=title, caption=caption, position=position, total=total, seconds=seconds)
            )
            progress(len(frames))
            if shown:
                app.pop_screen()
    return frames


async def _candidate(
    candidate: CandidateTimeline,
    name: str,
    positions: Iterable[int | None],
    size: tuple[int, int],
    diagnosis: bool,
    seconds: float,
    progress: Progress,
) -> list[Frame]:
    from convstep.ui.candidate_app import CandidateApp  # the plain debugger does without it

    app = CandidateApp(candidate, name, live=False)
    title = f"convstep {name}"
    frames: list[Frame] = []
    async with app.run_test(size=size, notifications=False) as pilot:
        timeline = app.debugger.timeline
        for position in positions:
            if position is not None:
                app.debugger.travel.to(position)
            await pilot.pause()
            await app.workers.wait_for_complete()  # all marks are found, all questions answered
            await pilot.pause()
            if diagnosis:
                app.debugger.action_do("diagnosis")
                await pilot.pause()
            caption = "the diagnosis at " * diagnosis + app.debugger.state.stage.caption()
            at, total = timeline.position, timeline.total
            frames.append(take(app, title=title, caption=caption, position=at, total=total, seconds=seconds))
            progress(len(frames))
            if diagnosis:
                app.pop_screen()
    return frames
