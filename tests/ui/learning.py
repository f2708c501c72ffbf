"""Opening lessons in a test, and answering as a learner does: with keys."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar, cast

from rich.console import RenderableType
from textual._compositor import CompositorUpdate
from textual.screen import Screen

from convstep.lessons.ask_edit import EditQuestion
from convstep.lessons.lesson import Lesson
from convstep.lessons.progress import Progress
from convstep.lessons.questions import Answer, CellsQuestion, ChoiceQuestion, LineQuestion, starts_answer
from convstep.lessons.tensors import padded as padded_index
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.lesson_app import LessonApp
from convstep.ui.modes.lesson import LessonMode
from convstep.ui.modes.page import Page
from convstep.view.grid.panel import Cell
from convstep.view.panels.conv2d_cells import panel_of
from tests.ui.driving import Session, WatchedApp
from tests.ui.fakes import FakeTorch
from tests.ui.terminal import Terminal


class WatchedLessons(LessonApp):
    """Lessons, painting into a `Terminal`."""

    # a subclass in another folder would look for it there
    CSS_PATH: ClassVar[Path] = Path(inspect.getfile(LessonApp)).with_name("app.tcss")
    terminal: Terminal

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            self.terminal.paint(renderable)


class Learner(Session):
    """Somebody in front of a lesson."""

    @property
    def debugger(self) -> DebuggerScreen:
        """The page's screen, be there a dialog in front of it or not."""
        found = self.lessons.page_screen
        assert found is not None
        return found

    @property
    def lessons(self) -> WatchedLessons:
        """The app."""
        return cast(WatchedLessons, self.app)

    @property
    def mode(self) -> LessonMode:
        """What that screen is about."""
        found = self.lessons.lesson_mode
        assert found is not None
        return found

    @property
    def page(self) -> Page:
        """The page."""
        return self.mode.page

    @property
    def told(self) -> str:
        """All of the page's text, seen or scrolled."""
        return self.page.narration.page.text

    async def answer(self, answer: Answer) -> None:
        """Answer the page's question with the keys it asks for."""
        question = self.page.walk.question
        if isinstance(question, EditQuestion):
            await self.edit(question, str(answer))
        elif isinstance(question, CellsQuestion):
            assert not isinstance(answer, str)
            await self.mark(answer)
        elif isinstance(question, (ChoiceQuestion, LineQuestion)):
            await self.choose(int(str(answer)) - 1)
        else:
            assert not self.page.narration.typing
            if not starts_answer(str(answer)):
                await self.press("enter")
            await self.type(str(answer))
            assert self.page.narration.answer.value == answer
        await self.press("enter")
        await self.answered()

    async def edit(self, question: EditQuestion, answer: str) -> None:
        """Set cells of the input, each with Enter and its number; the last Enter is left to be pressed."""
        while self.page.state.edits.made:  # of an answer before
            await self.press("U")
        settings = answer.split(";")
        for number, setting in enumerate(settings):
            cell, _, value = map(str.strip, setting.partition("="))
            index = tuple(map(int, cell.partition("[")[2].rstrip("]").split(",")))
            await self.press("a")
            # a problem's input is seen with its padding
            padded = question.array == "A_prev" and question.subject.problem is not None
            tensor = "A_prev_pad" if padded else question.array
            if padded:
                assert question.subject.problem is not None
                index = padded_index(index, question.subject.problem.geometry)
            await self.point(tensor, index)
            await self.press("enter")
            await self.type(value)
            if number < len(settings) - 1:
                await self.press("enter")

    async def choose(self, option: int) -> None:
        """Move to an option or a line."""
        for _ in range(200):
            at = self.page.option
            if at == option:
                await self.settle()
                return
            self.send("down" if at is None or at < option else "up")
            await self._handled()
        raise AssertionError(f"option {option} is never reached")

    async def mark(self, cells: frozenset[tuple[int, ...]]) -> None:
        """Mark exactly these cells with arrows and the space bar."""
        question = self.page.walk.question
        assert isinstance(question, CellsQuestion)
        if not self.page.selecting:
            await self.press("a")
        for index in sorted(cells ^ self.page.chosen):
            await self.point(question.tensor, index)
            self.send("space")
            await self._handled()
        await self.settle()

    async def point(self, tensor: str, index: tuple[int, ...]) -> None:
        """Move the cell cursor."""
        panel = panel_of(self.page.state.scene, tensor)
        assert panel is not None
        if panel.face.name == "dA_prev":
            (top, _), (left, _) = self.page.walk.page.problem.geometry.padding
            *batch, row, column, channel = index
            index = (*batch, row - top, column - left, channel)
        found = panel.face.find(index)
        assert found is not None, f"{tensor}{list(index)} is not on {panel.face.label}"
        cell, grid = Cell(*found), self.debugger.query_one(f"#{panel.key}")
        assert self.debugger.focused is grid
        for _ in range(200):
            at = cast(Any, grid).cursor
            if at == cell:
                return
            vertical = "down" if at.row < cell.row else "up"
            horizontal = "right" if at.column < cell.column else "left"
            self.send(vertical if at.row != cell.row else horizontal)
            await self._handled()
        raise AssertionError(f"the cursor never comes to {tensor}{list(index)}")


@contextlib.asynccontextmanager
async def opened_lesson(
    lesson: Lesson | None,
    size: tuple[int, int] = (120, 40),
    *,
    language: str = "en",
    progress: Progress | None = None,
    live: bool = False,
) -> AsyncIterator[Learner]:
    """A lesson, or the list of them."""
    held = progress or Progress(kept=False)
    app = WatchedLessons(lesson, language, held, torch=FakeTorch(), live=live)
    app.terminal = Terminal()
    async with app.run_test(size=size, notifications=True) as pilot:
        learner = Learner(cast(WatchedApp, app), pilot)
        await learner.answered()
        yield learner
