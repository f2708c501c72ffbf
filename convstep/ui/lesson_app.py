"""The application for lessons: the course, a lesson's pages, and what comes after the last one."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, work
from textual.binding import Binding
from textual.screen import Screen
from textual.worker import get_current_worker

from convstep.language import speak, spoken
from convstep.lessons import course
from convstep.lessons.errors import LessonError
from convstep.lessons.progress import Progress, ProgressError
from convstep.lessons.reading import read_lesson
from convstep.lessons.words import say
from convstep.ui.courses import LearningScreen
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.dialogs.finish import FinishScreen
from convstep.ui.modes.lesson import LessonMode
from convstep.ui.modes.page import Begun
from convstep.ui.running import run
from convstep.ui.telling import tell
from convstep.ui.torch_app import TorchApp
from convstep.ui.type_ahead import Act

if TYPE_CHECKING:
    from convstep.lessons.candidates import LessonCandidate
    from convstep.lessons.lesson import Lesson, Page
    from convstep.lessons.walk import Walk
    from convstep.oracle.service import TorchService

LOOK_EVERY = 0.5
"""Seconds between two looks at whether a lesson's file was edited."""


class LessonApp(TorchApp):
    """Opens the list of lessons, or one of them."""

    CSS_PATH: ClassVar[Path] = Path(__file__).with_name("app.tcss")
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("ctrl+q", "leave", show=False, priority=True),
    ]

    def __init__(
        self,
        lesson: Lesson | None,
        language: str,
        progress: Progress,
        *,
        torch: TorchService | None = None,
        live: bool = True,
    ) -> None:
        """Prepare the lessons: the one to open, or the list of a language.

        `live`: a person sits in front of it: torch is loaded beforehand, and the file of a lesson is watched.
        """
        super().__init__(torch, live)
        self.progress, self.language = progress, language
        self.walk: Walk | None = None if lesson is None else progress.walk(lesson)
        """The learner's way through the lesson that is open."""
        self._spoken = spoken()
        self._listed = lesson is None
        self._candidates: list[LessonCandidate] = []
        self._loading: set[str] = set()
        self._failed: dict[str, str] = {}
        self._seen = _stamp(lesson)

    @property
    def page_screen(self) -> DebuggerScreen | None:
        """The screen with the lesson's page, be there a dialog in front of it or not."""
        return next((s for s in reversed(self.screen_stack) if isinstance(s, DebuggerScreen)), None)

    @property
    def lesson_mode(self) -> LessonMode | None:
        """What that screen is about."""
        mode = None if self.page_screen is None else self.page_screen.mode
        return mode if isinstance(mode, LessonMode) else None

    @property
    def failure(self) -> str:
        """Why the page's candidate could not be loaded; "" if it was, or if there is none."""
        return "" if self.walk is None else self._failed.get(self.walk.page.candidate, "")

    def get_default_screen(self) -> Screen[Any]:
        """The list; nothing below a lesson that was named, since the lowest screen can't be switched."""
        if self.walk is None:
            return LearningScreen(self.progress, self.language, self.open_lesson)
        return super().get_default_screen()

    def on_mount(self) -> None:
        """Open the lesson, and look after its file."""
        # no super(): Textual calls every class's handler by itself
        if self.walk is not None:
            speak(self.walk.lesson.language)
            self.push_screen(self._screen(self.walk))
        if self._live:
            self.set_interval(LOOK_EVERY, self.look_at_file)

    def on_unmount(self) -> None:
        """Leave the language as it was."""
        speak(self._spoken)

    def commands_back(self) -> list[str]:
        """The lesson, at the page up to which progress is kept; a `ProgressError` if it cannot be."""
        if self.walk is None:
            return []
        self.progress.keep(self.walk)
        lesson = self.walk.lesson
        name = lesson.command_name
        if name != lesson.key:
            name = os.path.abspath(name)
        return [shlex.join(["convstep", "learn", name, "--lang", lesson.language])]

    def close_children(self) -> None:
        """End the candidates as well."""
        super().close_children()
        for candidate in self._candidates:
            candidate.close()

    def heed(self, act: Act) -> None:
        """Let the page look at it first: it may begin an answer."""
        page, mode = self.page_screen, self.lesson_mode
        if isinstance(act, events.Key | events.Paste) and mode is not None and self.screen is page:
            mode.heed(act)

    def open_lesson(self, lesson: Lesson) -> None:
        """Open a lesson where the learner stood, in place of the one that is open."""
        self.walk, self._seen = self.progress.walk(lesson), _stamp(lesson)
        speak(lesson.language)
        old = self.page_screen
        if old is None:
            self.push_screen(self._screen(self.walk))
        else:
            self._to_page()
            self.switch_screen(self._screen(self.walk))

    def turn(self, by: int, *, playing: bool = False) -> bool:
        """Turn the page by 1 or -1; whether there was one to turn to.

        Where the lesson plays by itself the end is no dialog.
        """
        if self.walk is None:  # back at the list already
            return False
        turned = self.walk.on() if by > 0 else self.walk.back()
        self.keep()
        if turned:
            self.show_page()
        elif by > 0 and not playing:
            self.push_screen(FinishScreen(self.walk, self._following()), self._after_finish)
        elif by < 0 and self.page_screen is not None:
            self.page_screen.say(say(self.walk.lesson.language, "first.page"))
        return turned

    def show_page(self, begun: Begun | None = None) -> None:
        """Show the walk's page, on the screen that is there if it fits.

        What was begun is gone on with, if the page asks what it asked before.
        """
        screen, mode, walk = self.page_screen, self.lesson_mode, self.walk
        if screen is None or mode is None or walk is None:  # back at the list already
            return
        page, found = walk.page, self._candidate_of(walk.page)
        if mode.page.subject is page.subject and mode.candidate is (found and found.timeline):
            mode.page.note = self._note_on(page, walk.lesson.language)
            mode.page.open(begun)
            self._load_candidate(page)
            return
        playing = screen.playing.on
        self._to_page()
        new = self._screen(walk, begun)
        self.switch_screen(new)
        if playing:
            new.call_after_refresh(new.playing.play)

    def keep(self) -> None:
        """Write down how far the learner is; say so whenever that cannot be."""
        if self.walk is None:
            return
        try:
            self.progress.keep(self.walk)
        except ProgressError as error:
            self.call_after_refresh(self.notify, str(error))  # a page that is being turned would wipe it

    def look_at_file(self) -> None:
        """Take up an edited lesson; say what is wrong with it if it cannot be read."""
        walk, mode = self.walk, self.lesson_mode
        if walk is None or mode is None or self.screen is not self.page_screen:
            return  # Textual takes a page behind a dialog for current, too
        stamp = _stamp(walk.lesson)
        if stamp == self._seen:
            return
        self._seen = stamp
        if stamp is None:
            mode.page.complain(say(walk.lesson.language, "gone"))
            return
        self._read_anew(walk)

    @work(thread=True, group="reading", exclusive=True)
    def _read_anew(self, walk: Walk) -> None:
        """Read an edited lesson beside the screen: code in it is run, and may never end."""
        found: Lesson | LessonError
        try:
            found = read_lesson(walk.lesson.path, walk.lesson.key)
        except LessonError as error:
            found = error
        tell(self, self._edited, walk, found, of=get_current_worker())

    def _edited(self, walk: Walk, found: Lesson | LessonError) -> None:
        """Go on in an edited lesson, or say what is wrong with it."""
        mode = self.lesson_mode
        if self.walk is not walk or mode is None:  # another one was opened meanwhile
            return
        if self.screen is not self.page_screen:  # a dialog was opened meanwhile: once it is closed
            self._seen = None
            return
        if isinstance(found, LessonError):
            mode.page.complain(f"{say(walk.lesson.language, 'broken')} {found}")
            return
        asked, begun = walk.asked, mode.page.begun_answer()
        walk.adopt(found)
        self._failed.clear()
        self.show_page(begun if walk.asked == asked else None)
        self.call_after_refresh(self.notify, say(found.language, "changed"))

    async def action_quit(self) -> None:
        """From a lesson back to the list it was opened from, from the list out."""
        if self._listed and self.page_screen is not None:
            self._to_page()
            self.pop_screen()
            self.walk = None
        else:
            self.exit()

    def action_leave(self) -> None:
        """Out, wherever one is."""
        self.exit()

    def _screen(self, walk: Walk, begun: Begun | None = None) -> DebuggerScreen:
        page, found = walk.page, self._candidate_of(walk.page)
        note = self._note_on(page, walk.lesson.language)
        if found is None:
            self.call_later(self._load_candidate, page)
        candidate = None if found is None else found.timeline
        return DebuggerScreen(LessonMode(walk, self, candidate, note=note, begun=begun))

    def _note_on(self, page: Page, language: str) -> str:
        """What stands above a page: that its candidate is being loaded, or cannot be."""
        if not page.candidate or self._candidate_of(page) is not None:
            return ""
        return self._failed.get(page.candidate, say(language, "loading"))

    def _to_page(self) -> None:
        """Close the dialogs in front of the page."""
        while len(self.screen_stack) > 1 and not isinstance(self.screen, DebuggerScreen):
            self.pop_screen()

    def _candidate_of(self, page: Page) -> LessonCandidate | None:
        """The page's candidate, if it has one that is loaded."""
        return next(
            (c for c in self._candidates if c.source == page.candidate and c.problem is page.problem), None
        )

    def _load_candidate(self, page: Page) -> None:
        """Load the page's candidate beside the screen, unless that was done or failed."""
        source = page.candidate
        if source and self._candidate_of(page) is None and source not in (self._loading | {*self._failed}):
            self._loading.add(source)
            self._load(page)

    @work(thread=True, group="lesson")
    def _load(self, page: Page) -> None:
        from convstep.candidate.load.target import CandidateError
        from convstep.lessons.candidates import LessonCandidate

        found: LessonCandidate | str
        try:
            found = LessonCandidate(page.candidate, page.problem)
        except (CandidateError, OSError) as error:
            found = str(error)
        if not tell(self, self._loaded, page, found) and not isinstance(found, str):
            found.close()

    def _loaded(self, page: Page, found: LessonCandidate | str) -> None:
        self._loading.discard(page.candidate)
        if isinstance(found, str):
            self._failed[page.candidate] = found
        else:
            self._candidates.append(found)
        mode, walk = self.lesson_mode, self.walk
        if mode is None or walk is None or walk.page.candidate != page.candidate:
            return
        if isinstance(found, str):
            mode.page.complain(found)
        else:
            self.show_page()

    def _following(self) -> course.Entry | None:
        if self.walk is None:
            return None
        return course.following(self.walk.lesson.key, self.walk.lesson.language)

    def _after_finish(self, goes_on: bool | None) -> None:
        entry = self._following()
        if goes_on and entry is not None:
            self.open_lesson(course.load(entry))


def _stamp(lesson: Lesson | None) -> tuple[float, int] | None:
    """What tells whether a lesson's file was edited; None for a bundled one, or if it is gone."""
    if lesson is None:
        return None
    try:
        found = Path(lesson.path).stat()
    except OSError:
        return None
    return found.st_mtime, found.st_size


def run_lessons(lesson: Lesson | None, language: str) -> None:
    """Open a lesson, or the list of a language, in this terminal; return when the learner leaves.

    A `ScreenError` says in one sentence that a mistake ended the screen.
    """
    run(LessonApp(lesson, language, Progress()))
