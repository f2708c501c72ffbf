"""SVG pictures of the debugger, drawn by the real app run without a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from convstep.conv.files import written_whole
from convstep.replay.provenance import Provenance, provenance
from convstep.ui.app import DebuggerApp, problem_title

if TYPE_CHECKING:
    from convstep.candidate.stepping import CandidateTimeline
    from convstep.conv.problem import Problem


def export_svg(
    problem: Problem,
    name: str,
    positions: Iterable[int],
    output: Path,
    size: tuple[int, int] = (120, 40),
    *,
    comparison: bool = False,
    why: tuple[str, tuple[int, ...]] | None = None,
) -> list[Path]:
    """Draw the debugger at some positions.

    Args:
        problem: what to step through.
        name: a bundled name or a path, as on the command line.
        positions: where to draw, ascending for speed.
        output: the file for one picture; several get the position before the suffix,
            `out.svg` -> `out-0012.svg`.
        size: columns and lines of the screen.
        comparison: whether to draw the comparison at each position.
        why: a gradient and a cell of it, to draw the list of steps that make it.

    Returns:
        The files written, in order.

    Raises:
        OSError: a file cannot be written.
    """
    wanted = list(positions)
    paths = [output] if len(wanted) == 1 else [_numbered(output, p, problem.total_steps) for p in wanted]
    made = None if why is None else provenance(problem, *why)
    pictures = asyncio.run(_draw(problem, name, wanted, size, comparison, made))
    for path, picture in zip(paths, pictures, strict=True):
        with written_whole(path) as file:
            file.write(picture.encode())
    return paths


def export_candidate_svg(
    candidate: CandidateTimeline,
    name: str,
    positions: Iterable[int | None],
    output: Path,
    size: tuple[int, int] = (120, 40),
    *,
    diagnosis: bool = False,
) -> list[Path]:
    """Draw a candidate beside the reference; the candidate's answers are waited for.

    Args:
        candidate: the candidate on a problem; its process is left running.
        name: what to call it on the screen.
        positions: where to draw; None is just after the first divergent step.
        output: the file for one picture; several are numbered as by `export_svg`.
        size: columns and lines of the screen.
        diagnosis: whether to draw the diagnosis at each position.

    Returns:
        The files written, in order.

    Raises:
        OSError: a file cannot be written.
    """
    pictures = asyncio.run(_draw_candidate(candidate, name, list(positions), size, diagnosis))
    total = candidate.problem.total_steps
    paths = [output] if len(pictures) == 1 else [_numbered(output, at, total) for at, _ in pictures]
    for path, (_, picture) in zip(paths, pictures, strict=True):
        with written_whole(path) as file:
            file.write(picture.encode())
    return paths


async def _draw_candidate(
    candidate: CandidateTimeline,
    name: str,
    positions: list[int | None],
    size: tuple[int, int],
    diagnosis: bool,
) -> list[tuple[int, str]]:
    """Pictures with the positions at which they were made."""
    from convstep.ui.candidate_app import CandidateApp

    app = CandidateApp(candidate, name, live=False)
    pictures = []
    async with app.run_test(size=size, notifications=False) as pilot:
        for position in positions:
            if position is not None:
                app.debugger.travel(position)
            await pilot.pause()
            await app.workers.wait_for_complete()  # all marks are found, all questions answered
            await pilot.pause()
            if diagnosis:
                app.debugger.action_diagnosis()
                await pilot.pause()
            pictures.append((app.debugger.timeline.position, app.export_screenshot(title=f"convstep {name}")))
            if diagnosis:
                app.pop_screen()
    return pictures


def _numbered(output: Path, position: int, total: int) -> Path:
    digits = max(len(str(total)), 4)
    return output.with_name(f"{output.stem}-{position:0{digits}d}{output.suffix}")


async def _draw(
    problem: Problem,
    name: str,
    positions: list[int],
    size: tuple[int, int],
    comparison: bool,
    why: Provenance | None,
) -> list[str]:
    app = DebuggerApp(problem, problem_title(name), live=False)
    pictures = []
    async with app.run_test(size=size, notifications=False) as pilot:
        debugger = app.debugger
        for position in positions:
            debugger.travel(position)
            await app.workers.wait_for_complete()
            if comparison:
                debugger.action_compare()
            elif why is not None:
                debugger.explain(why)
            await pilot.pause()
            await app.workers.wait_for_complete()
            await pilot.pause()
            pictures.append(app.export_screenshot(title=f"convstep {app.debugger.problem_name}"))
            if comparison or why is not None:
                app.pop_screen()
    return pictures
