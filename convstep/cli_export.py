"""`convstep export`: pictures of the screen, with a candidate beside the reference or without."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from convstep.cli import UsageError
from convstep.cli_problems import load_problem, watched_cell
from convstep.language import tr
from convstep.waiting import columns_of

if TYPE_CHECKING:
    import argparse

    from convstep.export.frame import Frame

SECONDS = 0.6
"""How long a position stands unless somebody says otherwise; a lesson's page stands until it is read."""
DRAWN, WRITTEN = "drawn {done} of {total}", "written {done} of {total}"
"""How far it is."""
_LONG = 20
"""From this many pictures on it takes a while."""


def export(given: argparse.Namespace) -> list[Path]:
    """Draw what a command line asks for.

    Returns:
        The files written.

    Raises:
        UsageError: something in it cannot be.
        OSError: a file cannot be written.
    """
    from convstep.export.formats import ExportError, write

    output = Path(given.output)
    try:
        frames = _frames(given, output)
        return write(frames, output, _Progress(WRITTEN, len(frames)))
    except ExportError as error:
        raise UsageError(str(error)) from error


def _frames(given: argparse.Namespace, output: Path) -> list[Frame]:
    from convstep.export.formats import check

    check(output, 1)  # before anything is read or run
    if given.candidate is not None:
        return _candidate_frames(given, output)
    if given.diagnosis:
        raise UsageError(tr("--diagnosis is about a candidate; add --candidate path.py:function"))
    if given.problem is not None and is_lesson(given.problem):
        return _lesson_frames(given, output)
    if given.problem is None:
        raise UsageError("PROBLEM is missing; see `convstep export --help`")
    problem = load_problem(given.problem)
    if given.steps is None:
        raise UsageError("--steps is missing; see `convstep export --help`")
    positions = _positions(given.steps, given.problem, problem.total_steps)
    check(output, len(positions))
    why = None if given.why is None else watched_cell(given.why, problem)
    from convstep.export.draw import debugger_frames

    return debugger_frames(
        problem,
        given.problem,
        positions,
        given.size,
        comparison=given.compare,
        why=why,
        seconds=given.seconds or SECONDS,
        progress=_Progress(DRAWN, len(positions)),
    )


def is_lesson(name: str) -> bool:
    """Whether a name means a lesson: a .md file, or a bundled one; a problem of that name comes first."""
    if name.lower().endswith(".md"):
        return True
    from convstep.examples import names

    if name in names() or os.path.exists(name) or os.path.dirname(name):
        return False
    if re.fullmatch(r"(hunt-?)?\d+", name):  # no problem is called so
        return True
    from convstep.lessons.course import find
    from convstep.lessons.errors import LessonError

    try:
        find(name, "en")
    except LessonError:
        return False
    return True


def _lesson_frames(given: argparse.Namespace, output: Path) -> list[Frame]:
    if given.compare or given.why is not None:
        raise UsageError(tr("--compare and --why are about a problem; a lesson opens what its pages name"))
    from convstep.cli_learn import language_of, lesson_of
    from convstep.export.lesson import lesson_frames

    lesson = lesson_of(given.problem, language_of(given))
    count = len(lesson.pages)
    first, last = given.steps or (1, None)
    last = count if last is None else last
    if not 1 <= first <= last <= count:
        raise UsageError(
            tr(
                "pages {first}:{last} do not exist; {lesson} has pages 1 to {count}",
                first=first,
                last=last,
                lesson=given.problem,
                count=count,
            )
        )
    return lesson_frames(
        lesson,
        range(first - 1, last),
        given.size,
        moving=output.suffix in (".gif", ".cast"),
        seconds=given.seconds,
        progress=_Progress(DRAWN, 2 * (last - first + 1)),
    )


def _candidate_frames(given: argparse.Namespace, output: Path) -> list[Frame]:
    if given.compare or given.why is not None:
        raise UsageError("--compare and --why are about the reference; use them without --candidate")
    from convstep.export.formats import check

    if given.steps is not None and given.steps[1] is not None:
        check(output, given.steps[1] - given.steps[0] + 1)  # the candidate need not run for that
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.cli_candidate import opened, shown_problem, swept
    from convstep.export.draw import candidate_frames

    problem = None if given.problem is None else load_problem(given.problem)
    with opened(given.candidate, given) as worker:
        verdict = swept(worker, given, problem)
        shown = shown_problem(verdict, problem)
        timeline = CandidateTimeline(worker, verdict, shown)
        positions: list[int | None] = [None]
        if given.steps is not None:
            wanted = _positions(given.steps, given.problem or "this problem", shown.total_steps)
            check(output, len(wanted))
            positions = [*wanted]
        return candidate_frames(
            timeline,
            given.candidate,
            positions,
            given.size,
            diagnosis=given.diagnosis,
            seconds=given.seconds or SECONDS,
            progress=_Progress(DRAWN, len(positions)),
        )


class _Progress:
    """A line on stderr that says how far it is, for a person who waits."""

    def __init__(self, sentence: str, total: int) -> None:
        self._sentence, self._total = sentence, total
        self._shown = total >= _LONG and sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, done: int) -> None:
        if self._shown:
            line = tr(self._sentence, done=done, total=self._total)
            end = "\r" if done < self._total else "\r" + " " * columns_of(line) + "\r"
            print(line, end=end, file=sys.stderr, flush=True)  # noqa: T201


def _positions(steps: tuple[int, int | None], name: str, total: int) -> range:
    """The positions of `--steps`; all of them must exist."""
    first, last = steps[0], total if steps[1] is None else steps[1]
    if not 0 <= first <= last <= total:
        raise UsageError(f"steps {first}:{last} do not exist; {name} has steps 0 to {total}")
    return range(first, last + 1)
