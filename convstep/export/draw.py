"""Frames of the debugger, from the real app run without a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from convstep.conv.validation import cell_text
from convstep.export.frame import SECONDS, Frame, take
from convstep.ui.app import DebuggerApp, SteppingApp, problem_title

if TYPE_CHECKING:
    from convstep.candidate.operators.so_far import Running
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.conv.problem import Problem
    from convstep.recording.recording import Recording
    from convstep.ui.recording_app import Judge

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
    forward: bool = False,
    seconds: float = SECONDS,
    progress: Progress = _silent,
) -> list[Frame]:
    """The debugger at some positions, which ascend for speed.

    `name` is the problem's as on the command line, and `size` columns and lines. `why` is an array that is
    written and a cell of it, to show the list of what makes it. Each frame stands so many seconds in a GIF or
    a cast.
    """
    app = DebuggerApp(problem, problem_title(name), live=False, forward=forward)
    asking, words, show = app.debugger.asking, "", None
    if comparison:
        words, show = "the comparison at ", lambda position: asking.compare()
    elif why is not None:
        words, show = _why(*why), lambda position: _explain(app, *why)
    return with_long_end(asyncio.run(_frames(app, positions, size, show, words, seconds, progress)))


def recording_frames(
    recording: Recording,
    name: str,
    positions: Iterable[int],
    size: tuple[int, int] = (120, 40),
    *,
    why: tuple[str, tuple[int, ...]] | None = None,
    judge: Judge | None = None,
    running: Callable[[Recording], Running] | None = None,
    comparison: bool = False,
    seconds: float = SECONDS,
    progress: Progress = _silent,
) -> list[Frame]:
    """The debugger on a recording at some positions; see `debugger_frames`.

    The judge says what the function's own forward says, beside its lines; `running` is, of an operator's
    backward, what its gradients should be.
    """
    from convstep.ui.recording_app import RecordingApp  # the plain debugger does without it
    from convstep.view.panels.writers import WriterTable

    app = RecordingApp(recording, name, judge=judge, live=False, running=running)
    asking, words, show = app.debugger.asking, "", None
    if comparison:
        words, show = "the comparison at ", lambda position: asking.compare()
    elif why is not None:
        writers, cell = recording.writers(*why), cell_text(*why)
        words, show = _why(*why), lambda at: asking.explain(WriterTable(cell, writers, at))
    return with_long_end(asyncio.run(_frames(app, positions, size, show, words, seconds, progress)))


def _explain(app: SteppingApp, array: str, index: tuple[int, ...]) -> None:
    """List the steps that make a cell, as they are where the app stands."""
    found = app.debugger.state.stage.made_of(array, index)
    assert found is not None  # steps write it
    app.debugger.asking.explain(found)


def _why(array: str, index: tuple[int, ...]) -> str:
    return f"why {cell_text(array, index)}, at "


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
    """A candidate beside the reference, as `debugger_frames`; None is just after the first divergence."""
    from convstep.ui.candidate_app import CandidateApp  # the plain debugger does without it

    app, words, show = CandidateApp(candidate, name, live=False), "", None
    if diagnosis:
        words, show = "the diagnosis at ", lambda position: app.debugger.action_do("diagnosis")
    frames = _frames(app, positions, size, show, words, seconds, progress, name)
    return with_long_end(asyncio.run(frames))


def with_long_end(frames: Sequence[Frame]) -> list[Frame]:
    """Let the last frame stand longer, so that an animation is seen to end before it begins again."""
    if len(frames) < 2:
        return [*frames]
    *others, last = frames
    return [*others, replace(last, seconds=max(2.0, 3 * last.seconds))]


async def _frames(
    app: SteppingApp,
    positions: Iterable[int | None],
    size: tuple[int, int],
    show: Callable[[int], object] | None,
    words: str,
    seconds: float,
    progress: Progress,
    name: str = "",
) -> list[Frame]:
    """Frames of an app, at each position with a dialog if one is shown there; `words` say which."""
    title = f"convstep {name or app.debugger.state.name}"
    frames: list[Frame] = []
    async with app.run_test(size=size, notifications=False) as pilot:
        debugger = app.debugger

        async def settle() -> None:
            """All questions are answered, all marks found."""
            for _ in range(2):  # an answer may lead to another question
                await app.workers.wait_for_complete()
                await pilot.pause()

        for position in positions:
            if position is not None:
                debugger.travel.to(position)
            await settle()
            at, total = debugger.timeline.position, debugger.timeline.total
            if show is not None:
                show(at)
                await settle()
            caption = words + debugger.state.stage.caption()
            frames.append(take(app, title=title, caption=caption, position=at, total=total, seconds=seconds))
            progress(len(frames))
            if show is not None and app.screen is not debugger:  # not every place can be compared
                app.pop_screen()
    return frames
