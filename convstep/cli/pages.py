"""`convstep export … -o page.html`: what is asked for as a page that can be stepped in a browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from convstep.cli.console import UsageError
from convstep.cli.recordings import nothing_to_step
from convstep.files import written_whole
from convstep.language import tr
from convstep.printable import printable

if TYPE_CHECKING:
    from convstep.candidate.operators.so_far import Running
    from convstep.candidate.record.recorder import Recorded
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.conv.problem import Problem
    from convstep.export.html.page import Page
    from convstep.lessons.lesson import Lesson
    from convstep.recording.recording import Recording
    from convstep.view.scene.staged import Staged

SUFFIX = ".html"
"""What the name of a page ends in."""
Steps = tuple[int, int | None] | None
"""What `--steps` says."""
Progress = Callable[[int], None]


def positions(steps: Steps, name: str, total: int) -> range:
    """The positions of `--steps`, all of them without it; every one must exist."""
    first, last = (0, None) if steps is None else steps
    last = total if last is None else last
    if not 0 <= first <= last <= total:
        raise UsageError(f"steps {first}:{last} do not exist; {name} has steps 0 to {total}")
    return range(first, last + 1)


def write_page(page: Page, output: Path) -> list[Path]:
    """Write a page. Raises OSError: it cannot be written."""
    from convstep.export.html.page import page_html

    with written_whole(output) as file:
        file.write(page_html(page).encode())
    return [output]


def problem_page(problem: Problem, name: str, steps: Steps, *, forward: bool, progress: Progress) -> Page:
    """The steps of a problem."""
    if forward:
        from convstep.view.panels.forward import ForwardStage

        stage: Staged = ForwardStage.on(problem)
    else:
        from convstep.view.panels.stage import Stage

        stage = Stage.on(problem)
    return _run_page(stage, stage.facts().said, name, steps, progress)


def recording_page(
    found: Recorded, steps: Steps, progress: Progress, running: Callable[[Recording], Running] | None = None
) -> Page:
    """The steps of a recorded function; of an operator's backward, `running` says what should come out."""
    from convstep.view.panels.recorded import shape_words
    from convstep.view.panels.recording import RecordingStage

    if not found.recording.total:
        raise UsageError(nothing_to_step(found.recording))
    recording = found.recording
    stage = RecordingStage(recording, running=None if running is None else running(recording))
    given = [shape_words(one.name, one.shape) for one in recording.catalogue if one.is_argument]
    return _run_page(stage, given, found.target, steps, progress)  # its other arrays come and go


def _run_page(stage: Staged, facts: Sequence[str], name: str, steps: Steps, progress: Progress) -> Page:
    from convstep.export.html.page import Page
    from convstep.export.html.runs import run_tape

    wanted = positions(steps, name, stage.run.total)
    tape = run_tape(stage, wanted, progress)
    return Page(_title(name), facts, tape, [stage.source_title])


def _title(name: str) -> str:
    """What a page is called: its folder is nobody's business elsewhere."""
    return f"convstep  {printable(name.rpartition('/')[2])}"


def candidate_page(
    candidate: CandidateTimeline, name: str, steps: Steps, problem: str, progress: Progress
) -> Page:
    """A candidate beside the reference, around the place where the two part."""
    from convstep.export.html.candidate import candidate_facts, diagnosis_html
    from convstep.export.html.page import Page
    from convstep.export.html.runs import CandidateScenes, candidate_tape
    from convstep.view.candidate.own_source import own_title

    scenes = CandidateScenes(candidate, name)
    wanted = scenes.around if steps is None else positions(steps, problem, candidate.problem.total_steps)
    tape = candidate_tape(scenes, wanted, progress)
    reference = tr("{file}: the reference", file="backward.py")
    titles = [reference] if scenes.own is None else [own_title(scenes.own), reference]
    return Page(
        _title(name),
        candidate_facts(candidate),
        tape,
        titles,
        told=diagnosis_html(candidate.verdict, scenes.found),
        kind="candidate",
        start=scenes.start,
    )


def lesson_page(lesson: Lesson, pages: range, progress: Progress) -> Page:
    """Pages of a lesson with their questions."""
    from convstep.export.html.lesson import lesson_page as made

    return made(lesson, pages, progress)
