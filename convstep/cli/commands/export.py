"""`convstep export`: pictures of the screen, or a page to step in a browser; with a candidate or without."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from convstep.cli import candidates, pages
from convstep.cli.arguments import FORWARD, LAYER, flag, group, option, positional, seconds
from convstep.cli.console import FINE, UsageError, is_watched, say, show_progress
from convstep.cli.outputs import check_output, writing
from convstep.cli.recordings import CALL, Found, Values, Wanted, nothing_to_step, refuse_unused, stepped
from convstep.cli.targets import is_target
from convstep.frozen import frozen
from convstep.language import speak, tr
from convstep.printable import printable
from convstep.waiting import columns_of

if TYPE_CHECKING:
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.conv.geometry import Pair
    from convstep.export.frame import Frame
    from convstep.export.html.page import Page
    from convstep.lessons.lesson import Lesson


SECONDS = 0.6
"""How long a position stands unless somebody says otherwise; a lesson's page stands until it is read."""
DRAWN, WRITTEN = "drawn {done} of {total}", "written {done} of {total}"
TAKEN = "{done} steps of the page"
SIZE = (120, 40)
"""Columns and rows of a picture, unless somebody says otherwise."""
_LONG = 20
"""From this many pictures on it takes a while."""


def _size(text: str) -> Pair:
    """`120x40` -> `(120, 40)`: columns and rows of a screen on which the debugger has room."""
    from convstep.view.layout.arrange import LEAST, MOST  # the rooms of view load NumPy

    if not re.fullmatch("[0-9]{1,999}x[0-9]{1,999}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a screen size; write columns x rows, like 120x40")
    columns, rows = map(int, text.split("x"))
    if columns < LEAST[0] or rows < LEAST[1]:
        raise argparse.ArgumentTypeError(
            f"{text} has no room for the panels; use {LEAST[0]}x{LEAST[1]} or more"
        )
    if columns > MOST[0] or rows > MOST[1]:
        raise argparse.ArgumentTypeError(f"{text} is larger than any screen; use {MOST[0]}x{MOST[1]} or less")
    return columns, rows


def _steps(text: str) -> tuple[int, int | None]:
    """`12` -> `(12, 12)`, `12:20` -> `(12, 20)`, `12:` -> `(12, None)`, to the end."""
    found = re.fullmatch("([0-9]{1,9})(:([0-9]{1,9})?)?", text)
    if not found:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a range of steps of up to 9 digits; write it like 12, 12:20 or 12:"
        )
    first = int(found[1])
    last = int(found[3]) if found[3] else None if found[2] else first
    if last is not None and last < first:
        raise argparse.ArgumentTypeError(f"{text} ends before it begins; write {last}:{first}")
    return first, last


@frozen()
class Options:
    """What `convstep export` is asked."""

    problem: str | None = positional(
        "PROBLEM|LESSON|TARGET",
        "a problem, a lesson of `convstep learn --list`, an operator, or a function FILE.py:FUNCTION; "
        "optional with --candidate",
        nargs="?",
    )
    steps: tuple[int, int | None] | None = option(
        "A:B",
        "after steps A to B, or one step; of a lesson, its pages; .html has all without it",
        type=_steps,
    )
    layer: str | None = option(*LAYER)
    call: str | None = option(*CALL)
    values: Values = group(Values)
    wanted: Wanted = group(Wanted)
    lang: str | None = option(None, "language of a bundled lesson", choices=("en", "zh"))
    answers: str | None = option(
        None,
        "of a lesson as OUT.md: below each question (the default), in a part at the end, or left out",
        choices=("inline", "end", "none"),
    )
    output: str = option(
        "OUT",
        "OUT.html to step in a browser; OUT.svg or OUT.png (for several: OUT-0012.png …), OUT.gif, OUT.cast "
        "or OUT.md",
        "-o",
        "--output",
        required=True,
    )
    compare: bool = flag("with the comparison open", one_of="opened")
    why: str | None = option(
        "CELL", "with the steps that make up a cell of a gradient, NAME[INDEX]", one_of="opened"
    )
    forward: bool = flag(FORWARD)
    diagnosis: bool = flag("with the candidate's diagnosis open", one_of="opened")
    candidate: str | None = option(*candidates.TARGET)
    calling: candidates.Calling = group(candidates.Calling)
    size: Pair | None = option(
        "WxH", "columns and rows of pictures, 60x16 or more, default 120x40", type=_size
    )
    seconds: float | None = option(
        "S",
        "how long a GIF, a cast or a page that plays shows each step; default 0.6, in a lesson as long as "
        "reading takes",
        type=seconds,
    )


def run(options: Options) -> int:
    """Draw what a command line asks for, and say which files were written."""
    of_lesson = options.problem is not None and _is_lesson(options.problem)
    if of_lesson:
        speak(_language(options))
    check_output(options.output)
    from convstep.export.formats import check

    output = Path(options.output)
    with writing(options.output):
        check(output, 1)  # before anything is read or run
        if options.forward and (options.candidate is not None or of_lesson):
            raise UsageError(tr("--forward is about a problem, and not about a candidate or a lesson"))
        if options.answers is not None and not (of_lesson and output.suffix == ".md"):
            raise UsageError(tr("--answers is about the handout of a lesson; give a lesson, and -o OUT.md"))
        if options.diagnosis and options.candidate is None:
            raise UsageError(tr("--diagnosis is about a candidate; add --candidate path.py:function"))
        draw = _page if output.suffix == pages.SUFFIX else _pictures
        written = draw(options, output, of_lesson=of_lesson)
    say(*(printable(path, None) for path in written))
    return FINE


def _pictures(options: Options, output: Path, *, of_lesson: bool) -> list[Path]:
    from convstep.export.formats import write

    if options.candidate is not None:
        frames = _candidate_frames(options, output)
    elif of_lesson:
        frames = _lesson_frames(options, output)
    elif (found := _stepped(options)) is not None:
        with found:
            frames = _recording_frames(options, output, found)
    else:
        frames = _problem_frames(options, output)
    return write(frames, output, _Progress(WRITTEN, len(frames)))


def _page(options: Options, output: Path, *, of_lesson: bool) -> list[Path]:
    if options.compare or options.why is not None:
        raise UsageError(tr("--compare and --why are about pictures; leave them out for a page"))
    if options.size is not None:
        raise UsageError(tr("--size is about pictures: a page takes the room of its window; leave it out"))
    if options.candidate is not None:
        page = _candidate_page(options)
    elif of_lesson:
        page = pages.lesson_page(*_lesson(options), _told)
    elif (found := _stepped(options)) is not None:
        with found:
            page = pages.recording_page(found.recorded, options.steps, _told, found.running)
    else:
        page = _problem_page(options)
    return pages.write_page(replace(page, seconds=options.seconds or page.seconds), output)


def _problem_page(options: Options) -> Page:
    from convstep.cli.problems import pass_of

    assert options.problem is not None
    forward, problem = pass_of(options.problem, options.forward)
    return pages.problem_page(problem, options.problem, options.steps, forward=forward, progress=_told)


def _candidate_page(options: Options) -> Page:
    with _candidate(options) as timeline:
        assert options.candidate is not None
        name = options.problem or "this problem"
        return pages.candidate_page(timeline, options.candidate, options.steps, name, _told)


def _told(done: int) -> None:
    """Say how far it is, for a person who waits."""
    if done % _LONG == 0 and is_watched():
        line = tr(TAKEN, done=done)
        show_progress(f"{line}\r{' ' * columns_of(line)}\r")


def _problem_frames(options: Options, output: Path) -> list[Frame]:
    from convstep.cli.problems import layout_of, pass_of, watched_cell
    from convstep.export.draw import debugger_frames

    assert options.problem is not None
    forward, problem = pass_of(options.problem, options.forward)
    if forward and options.compare:
        raise UsageError("--compare is about gradients: leave it out for a forward pass")
    positions = _positions(options, options.problem, problem.total_steps, output)
    why = None if options.why is None else watched_cell(options.why, layout_of(problem, forward))
    return debugger_frames(
        problem,
        options.problem,
        positions,
        options.size or SIZE,
        comparison=options.compare,
        why=why,
        forward=forward,
        seconds=options.seconds or SECONDS,
        progress=_Progress(DRAWN, len(positions)),
    )


def _positions(options: Options, name: str, total: int, output: Path) -> range:
    """Where pictures are wanted of something that has so many steps, if the file can hold so many."""
    from convstep.export.formats import check

    if options.steps is None:
        raise UsageError("--steps is missing; see `convstep export --help`")
    found = pages.positions(options.steps, name, total)
    check(output, len(found))
    return found


def _stepped(options: Options) -> Found | None:
    """The operator, function or recording that is drawn; None for a problem."""
    if options.problem is None:
        refuse_unused(options.values, options.wanted)
        raise UsageError("PROBLEM is missing; see `convstep export --help`")
    calling = options.calling
    if is_target(options.problem) and (calling.adapter is not None or calling.convention != "auto"):
        raise UsageError("--adapter and --convention are about a candidate; leave them out")
    return stepped(
        options.problem, options.call, options.values, options.wanted, calling, forward=options.forward
    )


def _recording_frames(options: Options, output: Path, found: Found) -> list[Frame]:
    from convstep.cli.problems import watched_cell
    from convstep.export.draw import recording_frames

    recording, target = found.recorded.recording, found.recorded.target
    if options.compare and found.running is None:
        raise UsageError("--compare is about a convolution or an operator; leave it out for a function")
    if not recording.total:
        raise UsageError(nothing_to_step(recording))
    positions = _positions(options, target, recording.total, output)
    why = None if options.why is None else watched_cell(options.why, recording.layout)
    return recording_frames(
        recording,
        target,
        positions,
        options.size or SIZE,
        why=why,
        judge=found.judge,
        running=found.running,
        comparison=options.compare,
        seconds=options.seconds or SECONDS,
        progress=_Progress(DRAWN, len(positions)),
    )


def _is_lesson(name: str) -> bool:
    """Whether a name means a lesson: a .md file, or a bundled one; a problem of that name comes first."""
    if name.lower().endswith(".md"):
        return True
    from convstep.cli.targets import is_operator
    from convstep.examples import names

    if name in names() or os.path.exists(name) or os.path.dirname(name) or is_operator(name):
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


def _language(options: Options) -> str:
    from convstep.lessons.words import default_language

    return options.lang or default_language()


def _lesson_frames(options: Options, output: Path) -> list[Frame]:
    if options.compare or options.why is not None:
        raise UsageError(tr("--compare and --why are about a problem; a lesson opens what its pages name"))
    from convstep.export.lesson import lesson_frames

    lesson, wanted = _lesson(options)
    return lesson_frames(
        lesson,
        wanted,
        options.size or SIZE,
        moving=output.suffix in (".gif", ".cast"),
        seconds=options.seconds,
        answers=options.answers or "inline",
        progress=_Progress(DRAWN, 2 * len(wanted)),
    )


def _lesson(options: Options) -> tuple[Lesson, range]:
    """The lesson, and which of its pages, counted from 0."""
    from convstep.lessons.course import open_lesson

    assert options.problem is not None
    lesson = open_lesson(options.problem, _language(options))
    count = len(lesson.pages)
    first, last = options.steps or (1, None)
    last = count if last is None else last
    if not 1 <= first <= last <= count:
        said = "pages {first}:{last} do not exist; {lesson} has pages 1 to {count}"
        raise UsageError(tr(said, first=first, last=last, lesson=options.problem, count=count))
    return lesson, range(first - 1, last)


@contextlib.contextmanager
def _candidate(options: Options) -> Iterator[CandidateTimeline]:
    """The candidate on its problem, as long as its process runs."""
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.cli.problems import load_problem

    problem = None if options.problem is None else load_problem(options.problem)
    assert options.candidate is not None
    with candidates.opened(options.candidate, options.calling) as worker:
        verdict = candidates.swept(worker, options.calling, problem)
        shown = candidates.shown_problem(verdict, problem)
        yield CandidateTimeline(worker, verdict, shown)


def _candidate_frames(options: Options, output: Path) -> list[Frame]:
    if options.compare or options.why is not None:
        raise UsageError("--compare and --why are about the reference; use them without --candidate")
    from convstep.export.formats import check

    if options.steps is not None and options.steps[1] is not None:
        check(output, options.steps[1] - options.steps[0] + 1)  # the candidate need not run for that
    from convstep.export.draw import candidate_frames

    with _candidate(options) as timeline:
        assert options.candidate is not None
        positions: list[int | None] = [None]
        if options.steps is not None:
            name, total = options.problem or "this problem", timeline.problem.total_steps
            positions = [*_positions(options, name, total, output)]
        return candidate_frames(
            timeline,
            options.candidate,
            positions,
            options.size or SIZE,
            diagnosis=options.diagnosis,
            seconds=options.seconds or SECONDS,
            progress=_Progress(DRAWN, len(positions)),
        )


class _Progress:
    """A line on stderr that says how far it is, for a person who waits."""

    def __init__(self, sentence: str, total: int) -> None:
        self._sentence, self._total = sentence, total
        self._shown = total >= _LONG and is_watched()

    def __call__(self, done: int) -> None:
        if self._shown:
            line = tr(self._sentence, done=done, total=self._total)
            show_progress(f"{line}\r" if done < self._total else f"{line}\r{' ' * columns_of(line)}\r")
