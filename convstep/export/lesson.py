"""Frames of a lesson: every page as it is read, then with its answer, from the real app."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from convstep.export.draw import with_long_end
from convstep.export.formats import ExportError
from convstep.export.frame import Frame, take
from convstep.language import tr
from convstep.lessons.ask_edit import EditQuestion
from convstep.lessons.document import Block
from convstep.lessons.lesson import COMPARISON, Lesson, Page
from convstep.lessons.progress import Progress
from convstep.lessons.questions import ChoiceQuestion, Question
from convstep.lessons.words import say
from convstep.ui.lesson_app import LessonApp

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from convstep.ui.modes.lesson import LessonMode

MOVING = 0.35
"""Seconds of a step on the way to a page's place."""
MOST_STEPS = 12
"""Steps that are shown on the way; a longer way is a jump."""
READING = 0.045
"""Seconds that a character takes to read; a wide one counts as three."""
LEAST, MOST = 2.0, 7.0
"""Seconds that a page stands."""


def lesson_frames(
    lesson: Lesson,
    pages: Iterable[int],
    size: tuple[int, int] = (120, 40),
    *,
    moving: bool = False,
    seconds: float | None = None,
    answers: str = "inline",
    progress: Callable[[int], None] = lambda done: None,
) -> list[Frame]:
    """A lesson's pages, counted from 0, ascending; those with a question before and after the right answer.

    `moving` shows the steps from one page's place to the next, for a GIF or a cast. A page stands so many
    seconds, by default as long as it takes to read. Where `answers` are not inline, a question that is
    answered by typing has a line to write on. An `ExportError` if a page's candidate cannot be loaded: the
    page would say so in place of the panels.
    """
    drawing = _Drawing(lesson, size, moving, seconds, answers, progress)
    return with_long_end(asyncio.run(drawing.frames(list(pages))))


def page_markdown(page: Page) -> str:
    """A page's narration with its question, as Markdown."""
    parts = [_markdown(block) for block in page.before]
    if page.question is not None:
        parts.append(_asked(page.question))
    return "\n\n".join(parts)


def answer_markdown(page: Page) -> str:
    """What a page says once its question is answered, as Markdown."""
    question = page.question
    if question is None:
        return ""
    reasons: list[str] = []
    if isinstance(question, ChoiceQuestion):
        right = [option for option in question.options if option.right]
        reasons = [f"{_bold(option.text)}\n\n{option.reason}".strip() for option in right]
    elif isinstance(question.solution, str):
        reasons = [_bold(question.given)]
    parts = [*reasons, question.explanation, question.why, *(_markdown(block) for block in page.after)]
    return "\n\n".join(part for part in parts if part)


class _Drawing:
    """One lesson on its way to frames."""

    def __init__(
        self,
        lesson: Lesson,
        size: tuple[int, int],
        moving: bool,
        seconds: float | None,
        answers: str,
        progress: Callable[[int], None],
    ) -> None:
        self._lesson, self._size, self._moving = lesson, size, moving
        self._seconds, self._answers, self._progress = seconds, answers, progress
        self._frames: list[Frame] = []
        self._at_end: list[Frame] = []

    async def frames(self, pages: list[int]) -> list[Frame]:
        self._app = app = LessonApp(self._lesson, self._lesson.language, Progress(kept=False), live=False)
        async with app.run_test(size=self._size, notifications=False) as pilot:
            self._pilot: Pilot[None] = pilot
            await self._settle()
            for number in range(pages[-1] + 1):
                if number in pages:
                    await self._page(number, first=number == pages[0])
                else:
                    self._answer()
                await self._turn(number, shown=number in pages)
        part = say(self._lesson.language, "answers")
        for frame in self._at_end if self._answers == "end" else ():
            self._frames.append(replace(frame, part=part, position=len(self._frames) + 1))
        return self._frames

    @property
    def _mode(self) -> LessonMode:
        mode = self._app.lesson_mode
        assert mode is not None
        return mode

    async def _page(self, number: int, *, first: bool) -> None:
        page = self._lesson.pages[number]
        text = page_markdown(page)
        if page.question is None:
            text = "\n\n".join([text, *(_markdown(block) for block in page.after)])
        written = page.question is not None and (
            page.question.is_typed or isinstance(page.question, EditQuestion)
        )
        if written and self._answers != "inline":
            text += f"\n\n{say(self._lesson.language, 'answer.line')}"
        await self._told(page.title, f"{self._lesson.summary}\n\n{text}" if first else text)
        asked = len(self._frames)
        if page.question is not None:
            await self._walk(page)
            self._answer()
            await self._settle()
            title = say(self._lesson.language, "answer.of", title=page.title)
            await self._told(title, answer_markdown(page))
        if page.place_after.opens == COMPARISON:
            self._mode.answering.open_beside()
            await self._settle()
            self._take(page.title, "")
            self._app.pop_screen()
        if page.question is not None and self._answers != "inline":
            self._at_end += self._frames[asked:]
            del self._frames[asked:]

    def _answer(self) -> None:
        """Answer as somebody does who knows."""
        mode, question = self._mode, self._mode.page.walk.question
        if question is None:
            return
        solution = question.solution
        if not isinstance(solution, str):
            mode.page.chosen = set(solution)
        mode.answering.submit(solution)

    async def _turn(self, number: int, *, shown: bool) -> None:
        """To the next page, step by step where it is near."""
        if number + 1 >= len(self._lesson.pages):
            return
        page = self._lesson.pages[number + 1]
        if shown and page.subject is self._mode.page.subject:
            await self._walk(page, page.place.position)
        self._app.turn(1)
        await self._settle()

    async def _walk(self, page: Page, goal: int | None = None) -> None:
        """Show the steps on the way to a place, the last one excepted, if there are not many."""
        mode = self._mode
        before = mode.state.position
        after = page.place_after.position if goal is None else goal
        if not self._moving or page.candidate or not 1 < after - before <= MOST_STEPS:
            return
        with mode.page.led():
            for position in range(before + 1, after):
                mode.host.travel.to(position)
                await self._settle()
                self._take(page.title, "", seconds=MOVING)

    async def _told(self, caption: str, text: str) -> None:
        """The page; where things move, all of it is scrolled through."""
        self._take(caption, text)
        page = self._mode.page.narration.page
        while self._moving and page.scroll_offset.y < page.max_scroll_y:
            page.scroll_by(max(page.size.height - 2, 1))
            await self._settle()
            self._take(caption, "", seconds=self._frames[-1].seconds)

    async def _settle(self) -> None:
        await self._pilot.pause()
        await self._app.workers.wait_for_complete()
        await self._pilot.pause()
        if self._app.failure:
            raise ExportError(
                tr("the lesson's candidate cannot be shown: {reason}", reason=self._app.failure)
            )

    def _take(self, caption: str, text: str, *, seconds: float | None = None) -> None:
        stands = seconds or self._seconds or _reading_time(text)
        frame = take(
            self._app,
            title=self._lesson.title,
            caption=caption,
            position=len(self._frames) + 1,
            seconds=stands,
            text=text,
        )
        self._frames.append(frame)
        self._progress(len(self._frames))


def _reading_time(text: str) -> float:
    characters = sum(1 if character < "\u2e80" else 3 for character in text)
    return round(min(max(READING * characters, LEAST), MOST), 1)


def _asked(question: Question) -> str:
    """A question with its choices."""
    lines = [_bold(question.prompt)]
    if isinstance(question, ChoiceQuestion):
        choices = [f"{number}. {option.text}" for number, option in enumerate(question.options, 1)]
        lines.append("\n".join(choices))
    return "\n\n".join(lines)


def _bold(words: str) -> str:
    """Markdown in bold; what is bold in it already would end that."""
    return f"**{words.replace('**', '')}**"


def _markdown(block: Block) -> str:
    """A block as it stands in Markdown; a candidate is plain Python there."""
    if not block.fenced:
        return block.text
    fence = max(["``", *re.findall("`{3,}", block.text)], key=len) + "`"  # longer than what is inside
    return f"{fence}{block.info[0] if block.info else ''}\n{block.text.rstrip()}\n{fence}"
