"""The whole screen in Chinese: English are only names of code, and no width breaks anything."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from itertools import product

import pytest
from rich.cells import cell_len
from textual.screen import ModalScreen

from convstep.conv.provenance import provenance
from convstep.conv.timeline import Timeline
from convstep.examples import load
from convstep.language import speak, tr
from convstep.lessons.course import open_lesson
from convstep.oracle.comparison import compare
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.view.numbers.statistics import Statistics
from convstep.view.panels.conv2d import source_lines
from convstep.view.panels.stage import Stage
from convstep.view.scene.card import draw_card
from convstep.view.scene.contributions import ContributionTable
from convstep.view.text.lines import tab_line
from convstep.view.verdicts import comparison_rows, table_width
from tests.language.words import english_words
from tests.strategies import SELDOM, some
from tests.ui.driving import Session
from tests.ui.learning import Learner, opened_lesson

SIZES = (60, 16), (80, 24), (120, 40), (200, 50)
OWN = {"fake", "zh", "English"}.union(*(re.findall(r"[A-Za-z]+", line.code) for line in source_lines()))
"""The loop's own code, the tests' PyTorch, and what languages are called."""
SIDES = frozenset("│┃╭╮╰╯┏┓┗┛")


@functools.cache
def words_of(text: str) -> frozenset[str]:
    """What a lesson says in English, or in code."""
    return frozenset(re.findall(r"[A-Za-z]+", text))


def english_on(session: Session, own: Iterable[str]) -> list[str]:
    """The English words on a screen, or in the dialog on it, that are not the lesson's own."""
    known = OWN.union(*map(words_of, own))
    screen = session.app.screen
    # a dialog cuts the words behind it
    box = next(iter(screen.children)).region if isinstance(screen, ModalScreen) else screen.region
    lines = [session.app.terminal.text(y, box.column_range) for y in box.line_range]
    lines = [re.sub(r"[a-z]+…", "…", line) for line in lines]  # code that is cut
    return [f"{word}: {line}" for line in lines for word in english_words(line) if word not in known]


def torn(session: Session) -> list[str]:
    """The lines of a screen that are not exactly as wide as it, and sides of boxes that are broken."""
    width, height = session.app.size
    lines = [session.app.terminal.text(y, range(width)) for y in range(height)]
    found = [line for line in lines if cell_len(line) != width]
    if not isinstance(session.app.screen, DebuggerScreen):
        return found
    for part in session.debugger.query_one("#panels").children:
        if part.display and part.region and part.styles.border_left[0]:
            region = part.region
            sides = [session.cell(x, y).text for x in (region.x, region.right - 1)
                     for y in range(region.y, region.bottom)]  # fmt: skip
            found += [f"{part.id}: {sides}"] if not SIDES.issuperset(sides) else []
    return found


async def check(learner: Learner, *, own: Iterable[str] = ()) -> None:
    """Hold what is on the screen to both promises."""
    texts = [*own]
    if learner.lessons.page_screen is not None:
        texts += [learner.told, learner.page.walk.lesson.title]
    assert english_on(learner, texts) == []
    assert torn(learner) == []


async def go_through(learner: Learner, keys: Iterable[str], *, own: Iterable[str] = ()) -> None:
    """Press keys, and look at the screen after each."""
    for key in keys:
        await learner.press(key)
        if any(worker.is_running for worker in learner.app.workers):
            await learner.answered()
        await check(learner, own=own)


MOVES = (*"nNsScC][", "end", "n", "f", "escape", "home", *"vvv+-wW")
ASKED = (
    "question_mark", "escape", "o", "f", "down", "escape", "B", "escape", *"kKK,.yudm", "escape", *"ee()x{}",
    "ctrl+c", "shift+tab", "i", "escape", "tab", *"bB", "space", "X", "escape", *"zz",
)  # fmt: skip
DIALOGS = {
    "g": ("999", "x"),
    "slash": ("dq > 1", "dz > 0"),
    "ctrl+p": ("", "qq"),
}
"""What is typed into each dialog."""


@SELDOM
async def test_every_key_answers_in_chinese() -> None:
    async with opened_lesson(open_lesson("4", "zh"), (120, 40), language="zh") as learner:
        await check(learner)
        await learner.press("tab", "tab")
        await go_through(learner, [*MOVES, *ASKED])
        for key, texts in some(DIALOGS.items(), 3):
            for text in texts:
                await learner.press(key)
                await learner.type(text)
                if text == "qq":
                    await learner.until("没有找到")
                await check(learner, own=[text])
                await learner.press("escape", "escape")
        await learner.press("slash")
        await learner.type("dz > 0")
        await go_through(learner, ["enter", "r", "r", "B", "escape"])
        for other in some(SIZES, 3):
            await learner.resize(*other)
            await check(learner)
            await go_through(learner, ["tab"])


@SELDOM
async def test_a_hunt_is_chinese_before_and_after_its_line_is_found() -> None:
    async with opened_lesson(open_lesson("hunt-3", "zh"), (120, 40), language="zh") as learner:
        own = [learner.page.walk.page.candidate]
        await check(learner, own=own)
        await go_through(learner, ["d", "tab", "n", "N", "]", "greater_than_sign", "less_than_sign"], own=own)
        await go_through(learner, ["right", "down", "u", "A", "d", "escape", "r"], own=own)
        for size in some(SIZES, 3):
            await learner.resize(*size)
            await check(learner, own=own)


async def test_the_list_of_lessons_is_chinese_and_changes_its_language_at_once() -> None:
    async with opened_lesson(None, (80, 24), language="zh") as learner:
        await go_through(learner, ["question_mark", "escape", "ctrl+p", "escape", "ctrl+c"], own=["hunt"])
        await learner.press("l")
        assert english_words(learner.lines[-1])
        await go_through(learner, ["l", "enter", "question_mark", "escape", "o", "escape", "q"], own=["hunt"])


def test_a_step_takes_as_many_lines_in_both_languages() -> None:
    timeline = Timeline(load("digit"))
    timeline.seek(137)
    for width, height, made in product((33, 60, 90), (6, 12, 30), (0, 2)):
        lines = {}
        for language in ("en", "zh"):
            speak(language)
            timeline.seek(137)
            for _ in range(made):
                timeline.next_write()
            drawn = draw_card(Stage(timeline).scene(), width, height).split("\n")
            lines[language] = len(drawn)
            assert max(line.cell_len for line in drawn) <= width
        assert lines["en"] == lines["zh"]


@pytest.mark.parametrize("width", [60, 74, 106])
def test_columns_are_as_wide_as_what_stands_above_them(width: int) -> None:
    speak("zh")
    problem = load("digit")
    table = ContributionTable(provenance(problem, "dW", (0, 1, 1, 0)), 137)
    table.fit(width)
    assert table.header().cell_len == len(table.row(3)) <= width
    rows = comparison_rows(compare(problem, 137, None, "numeric"), width)
    assert table_width(rows) <= width
    assert english_words(" ".join(map(" ".join, rows))) == []


def test_names_that_share_a_place_are_cut_by_their_width() -> None:
    speak("zh")
    names = [tr("source"), tr("step"), tr("map"), "dW"]
    for width in range(12, 40):
        assert cell_len(tab_line(names, 1, width)) <= max(width, cell_len(f"Tab: ‹{names[1]}› +3"))


def test_statistics_and_verdicts_are_chinese() -> None:
    speak("zh")
    problem = load("digit")
    statistics = Statistics()
    statistics.update(problem.W[0, :, :, 0], None)
    said = [statistics.text()]
    for position in (0, 1, 137, 256):
        comparison = compare(problem, position, None, "numeric")
        said += [comparison.verdict, comparison.tolerance_text]
    assert [text for text in said if english_words(text)] == []
