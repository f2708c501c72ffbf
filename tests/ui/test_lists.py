"""Lists whatever their length and however little room they have."""

from __future__ import annotations

import itertools

import pytest
from rich.text import Text
from textual.app import App, ComposeResult

from convstep.ui.widgets.row_list import RowList
from tests.strategies import SELDOM, some
from tests.ui.driving import key_event, opened
from tests.ui.learning import opened_lesson

KEYS = ("pageup", "pagedown", "end", "up", "home", "down", "pagedown", "enter")


class Numbers:
    """Rows of their numbers."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def row(self, at: int) -> Text:
        return Text(f"row {at}")


class Lists(App[None]):
    """Lists of every kind of length and room."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[int] = []

    def compose(self) -> ComposeResult:
        for count, width, height in itertools.product((0, 1, 9), (0, 9), (0, 1, 4)):
            rows = RowList(Numbers(count))
            rows.styles.width, rows.styles.height = width, height
            yield rows

    def on_row_list_taken(self, message: RowList.Taken) -> None:
        self.taken.append(message.at)


@SELDOM
async def test_every_key_of_a_list_works_whatever_its_length_and_its_room() -> None:
    app = Lists()
    async with app.run_test(size=(20, 60)) as pilot:
        for listed in app.query(RowList):
            app.screen.set_focus(listed)
            for key in KEYS:
                app.post_message(key_event(key))
            await pilot.pause()
            count, page = len(listed._rows), max(listed.size.height - 1, 1)
            assert listed.chosen == min(1 + page, max(count - 1, 0))
        assert len(app.taken) == 12, "an empty list has nothing to take"


@SELDOM
@pytest.mark.parametrize("dialog", some(["/dz > 1\rB", "B", "\x10", "\x10zzzz", "i"], 3))
async def test_every_key_of_a_dialogs_list_works_whatever_its_room(dialog: str) -> None:
    async with opened(size=(80, 24), position=5) as session:
        session.in_one_read(dialog)
        await session.settle()
        front = session.app.screen
        for size in ((80, 24), (60, 3), (3, 40), (2, 2), (1, 1)):
            await session.resize(*size)
            for key in KEYS[:-1]:
                session.send(key)
            await session.settle()
            assert session.app.screen is front


async def test_where_nothing_is_seen_no_palette_opens() -> None:
    async with opened(size=(30, 8)) as session:
        await session.press("ctrl+p")
        assert session.dialog == ""
        await session.resize(80, 24)
        await session.press("ctrl+p")
        assert session.dialog == "Palette"


async def test_the_chosen_row_has_one_ground_from_end_to_end() -> None:
    async with opened_lesson(None) as learner:
        y = next(at for at, line in enumerate(learner.lines) if "One window" in line)
        grounds = {learner.cell(x, y).style.removeprefix("1;") for x in range(2, 110)}
        assert len(grounds) == 1, "dim words in reverse would be patches"
