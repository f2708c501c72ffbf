"""A lesson as a page: its pages with the scene of each, before its question is answered and after."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from convstep.export.formats import ExportError
from convstep.export.html.cells import Json
from convstep.export.html.lines import lines_of
from convstep.export.html.page import Page
from convstep.export.html.prose import Picks, inline, judging, page_section
from convstep.export.html.runs import MOST_BYTES, CandidateScenes
from convstep.export.html.tape import Shown, Tape
from convstep.language import tr
from convstep.lessons.ask_edit import EditQuestion
from convstep.lessons.lesson import Lesson, PagePlace
from convstep.lessons.questions import CellsQuestion, LineQuestion
from convstep.view.grid.panel import Cell
from convstep.view.lesson.pointing import pointed, pointed_at, show_faces
from convstep.view.panels.conv2d_cells import panel_of
from convstep.view.panels.recording import RecordingStage
from convstep.view.panels.stage import Stage

if TYPE_CHECKING:
    from convstep.lessons.lesson import Page as LessonPage
    from convstep.lessons.lesson import Subject
    from convstep.view.scene.scene import Scene
    from convstep.view.scene.staged import Staged

MOST_STEPS = 12
"""Steps from a question's place to its answer's that can be looked at one by one."""


def lesson_page(lesson: Lesson, numbers: range, progress: Callable[[int], None]) -> Page:
    """Pages of a lesson, from 0, with questions; ExportError for a bad candidate or too large a page."""
    tape, pages, told = Tape(), list[Json](), list[str]()
    with contextlib.ExitStack() as opened:
        filming = _Filming(lesson, tape, opened)
        for done, number in enumerate(numbers, 1):
            first, answered, last = filming.take(number)
            asks = judging(lesson.pages[number], filming.picks)
            pages.append({"frames": [first, answered, last], "asks": asks})
            told.append(page_section(lesson, number))
            if tape.size > MOST_BYTES:
                said = tr(
                    "the scenes of so many pages are too large for one file; "
                    "give fewer of them, like --steps {first}:{last}",
                    first=numbers[0] + 1,
                    last=max(number, numbers[0] + 1),
                )
                raise ExportError(said)
            progress(done)
    navigation = (
        f'<p class="turn"><button type="button" id="previous-page">{inline(tr("previous page"))}</button> '
        f'<button type="button" id="next-page">{inline(tr("next page"))}</button></p>'
    )
    return Page(
        lesson.title,
        [lesson.summary],
        tape,
        [tr("{file}: yours", file="backward"), "backward.py"] if filming.compared else [""],
        told=f'<div id="told">{"".join(told)}{navigation}</div>',
        kind="lesson",
        more={"pages": pages},
    )


class _Filming:
    """Takes the scenes of a lesson, page after page."""

    def __init__(self, lesson: Lesson, tape: Tape, opened: contextlib.ExitStack) -> None:
        self._lesson, self._tape, self._opened = lesson, tape, opened
        self._stages: dict[int, Staged] = {}
        self._candidates: dict[tuple[str, int], CandidateScenes] = {}
        self.compared = False
        """Whether a page has a candidate."""
        self.picks: Picks | None = None
        """Where the cells are marked that the last page asks for."""

    def take(self, number: int) -> tuple[int, int, int]:
        """The scenes of a page: its first frame, the one at which it is answered, and its last."""
        page = self._lesson.pages[number]
        first, self.picks = len(self._tape.frames), None
        if page.candidate:
            self._beside(page)
        else:
            self._plain(page)
        answered = first if page.question is None else len(self._tape.frames) - 1
        return first, answered, len(self._tape.frames) - 1

    def _plain(self, page: LessonPage) -> None:
        """The page's place; and after its question, the steps to where it is answered."""
        stage = self._stage(page.subject)
        for at, shown in enumerate(self._scenes(stage, page)):
            self._tape.take(shown, str(id(page.subject)))
            if not at:
                self._find_picks(page, stage, shown.scene, str(id(page.subject)))

    def _scenes(self, stage: Staged, page: LessonPage) -> Iterator[Shown]:
        self._stand(stage, page.place if page.question is not None else page.place_after)
        yield _shown(stage, whole=page.question is None)
        if page.question is None:
            return
        place, run = page.place_after, stage.run
        stage.marks = {}
        goal = place.position, place.additions
        if 0 < place.position - run.position <= MOST_STEPS:
            while (run.position, run.made) < goal and run.next_write():
                if (run.position, run.made) < goal:
                    yield _shown(stage)
        if isinstance(page.question, EditQuestion):
            stage = self._with_answer(stage, page.question)
        self._stand(stage, place)
        yield _shown(stage)

    def _with_answer(self, stage: Staged, question: EditQuestion) -> Staged:
        """The stage of the run that the answer makes."""
        if not isinstance(stage, RecordingStage):
            return stage.with_numbers(question.numbers)
        recording = question.subject.with_numbers(question.numbers).recording
        assert recording is not None
        return stage.anew(recording.scout(), question.numbers, None)

    def _stand(self, stage: Staged, place: PagePlace) -> None:
        show_faces(stage, place)
        stage.marks = pointed(place)
        stage.run.seek(place.position)
        for _ in range(place.additions):
            stage.run.next_write()

    def _stage(self, subject: Subject) -> Staged:
        found = self._stages.get(id(subject))
        if found is None:
            if subject.recording is not None:
                found = RecordingStage(subject.recording.scout())
            else:
                assert subject.problem is not None
                found = Stage.on(subject.problem)
            self._stages[id(subject)] = found
        return found

    def _beside(self, page: LessonPage) -> None:
        """The page's candidate beside the reference; what it does wrong is kept until its line is found."""
        scenes = self._opened_candidate(page)
        self.compared = True
        places = [page.place] if page.question is None else [page.place, page.place_after]
        for place, secret in zip(places, (self._asks_for_line(page), False), strict=False):
            position = place.position if place.given else scenes.start
            if place.given:
                show_faces(scenes.stage, place)
            scenes.stage.marks = pointed(place)
            shown = scenes.at(position, discreet=secret)
            self._tape.take(shown, str(id(scenes)))
            if place is page.place:
                self._find_picks(page, scenes.stage, shown.scene, str(id(scenes)))

    def _find_picks(self, page: LessonPage, stage: Staged, scene: Scene, about: str) -> None:
        """Find the cells that the page asks for on the panel that shows them."""
        question = page.question
        panel = panel_of(scene, question.tensor) if isinstance(question, CellsQuestion) else None
        if not isinstance(question, CellsQuestion) or panel is None or panel.note:
            return
        rows, columns = panel.face.shape
        places = [Cell(row, column) for row in range(rows) for column in range(columns)]
        stands = {place: pointed_at(stage, panel, place) for place in places}
        cells = [
            at
            for at, (array, index) in stands.items()
            if array == question.tensor and index in question.cells
        ]
        if len(cells) == len(question.cells):
            others = [at for at, (array, _) in stands.items() if array != question.tensor]
            self.picks = Picks(self._tape.panel_number(about, panel), cells, others)

    def _asks_for_line(self, page: LessonPage) -> bool:
        """Whether the wrong line is still looked for on this page or a later one."""
        later = self._lesson.pages[self._lesson.pages.index(page) :]
        return any(
            isinstance(one.question, LineQuestion) and one.candidate == page.candidate for one in later
        )

    def _opened_candidate(self, page: LessonPage) -> CandidateScenes:
        from convstep.candidate.load.target import CandidateError
        from convstep.lessons.candidates import LessonCandidate

        key = page.candidate, id(page.problem)
        if key not in self._candidates:
            try:
                candidate = LessonCandidate(page.candidate, page.problem)
            except (CandidateError, OSError) as error:
                raise ExportError(
                    tr("the lesson's candidate cannot be shown: {reason}", reason=error)
                ) from error
            self._opened.callback(candidate.close)
            self._candidates[key] = CandidateScenes(candidate.timeline, self._lesson.title)
        return self._candidates[key]


def _shown(stage: Staged, *, whole: bool = True) -> Shown:
    """A scene of a lesson; while a question is open, what the step is about to do is not told."""
    scene = stage.scene()
    return Shown(
        scene if whole else replace(scene, additions=scene.additions[: scene.made]), [lines_of(scene)]
    )
