"""The lesson screen: reading, wandering off and back, answering in every way, hints and points."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual._compositor import CompositorUpdate

from convstep.lessons.progress import Progress
from convstep.lessons.questions import ATTEMPT_COSTS, HINT_COSTS, POINTS, CellsQuestion
from convstep.lessons.reading import parse_lesson, read_lesson
from convstep.lessons.walk import SHOWN, SKIPPED
from convstep.lessons.words import say
from convstep.view.lesson.pointing import CHOSEN, MISSED, SURPLUS
from tests.lessons.bundled import bundled
from tests.lessons.functions import BACK
from tests.lessons.functions import CODE as CODE_OF
from tests.lessons.functions import FRONT as FRONT_OF
from tests.lessons.mistakes import mistake
from tests.strategies import SELDOM, some
from tests.ui.learning import Learner, opened_lesson

LESSON = """---
language: en
input: 4x5x2
filters: 2
kernel: 2x3
numbers: whole
seed: 11
---
# A lesson for tests

Nothing to learn here.

## Read

There is no question on this page; `dz` is {=dz}.

```stop
at: 0,1,1
mark: dW[1, 0, 2, 1]
```

## A number

```ask value
cell: dW[0, 1, 1, 0]
hint: first
hint: second
```

It is {=dW[0, 1, 1, 0]} now.

## Some cells

```stop
at: 0,2,1
```

```ask cells
on: dA_prev_pad
```

## A choice

```ask choice
prompt: Which one?
- [ ] this | because of *this*
- [x] that | because of that
- [ ] neither | no
```

```stop
at: end
open: comparison
```

The end of the loop.

## A line

```python
def f(x):
    y = 2 * x
    return x
```

```ask line
answer: 3
right: return y
```

## Why

```stop
at: 1,1,0
open: why dA_prev_pad[1, 2, 0]
```

The last page.
"""
CHINESE = LESSON.replace("language: en", "language: zh").replace(
    "Nothing to learn here.", "这里没有什么可学的。"
)


async def test_a_learner_wanders_off_and_comes_back() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        place = learner.position
        assert place == learner.page.walk.place.position
        assert "dz is" in learner.told
        assert "Enter go on" in learner.text
        await learner.press("n", "space", "tab", "down")
        assert learner.position == place + 2
        assert "r back to the lesson's place" in learner.text
        await learner.press("r")
        assert learner.position == place
        assert "r back" not in learner.text
        assert learner.debugger.focused is learner.page.narration
        assert learner.stale_cells() == []


@SELDOM
async def test_pages_are_turned_both_ways_and_a_question_passed_over_stays_open() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        await learner.press("P")
        assert "first page" in learner.text
        await learner.press("enter", "p")
        assert learner.page.walk.at == 2
        await learner.press("P")
        assert learner.page.walk.tried.outcome == SKIPPED
        await learner.answer(learner.page.walk.question.solution)  # type: ignore[union-attr]
        assert learner.page.walk.points == POINTS
        await learner.press("pagedown", "pageup")
        assert "It is" in learner.told  # what was revealed stays so


@SELDOM
async def test_keys_are_offered_where_they_do_something_and_say_why_where_they_do_not() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        keys = learner.lines[-1]
        assert not any(words in keys for words in ("answer", "hint", "previous page", "return"))
        await learner.press("A")
        assert say("en", "no.question") in learner.text
        await learner.press("p")
        assert all(words in learner.lines[-1] for words in ("answer", "hint", "previous page"))
        await learner.answer("99")
        assert "✗ Not yet" in learner.told
        await learner.press("7")
        assert "Not yet" not in learner.told, "that was said of another answer"
        assert learner.lines[-1].split() == ["Enter", "submit", "Esc", "leave", "Ctrl+P", "commands"]
        await learner.press("escape", "A", "A")
        assert say("en", "shown") in learner.text
        assert "✗" not in learner.told
        assert "answer" not in learner.lines[-1]
        await learner.press("P", "p")
        assert "The answer is" in learner.told, "it is told again on coming back"
        await learner.press("p", "p", "2", "enter", "A")
        assert say("en", "answered") in learner.text
        await learner.press("P", "p")
        assert "✓ Right." in learner.told


@SELDOM
async def test_hints_and_wrong_answers_cost_points_and_nonsense_costs_nothing() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        await learner.press("p", "h", "h")
        assert "Hint 1: first" in learner.told
        assert "Hint 2: second" in learner.told
        await learner.press("h")
        assert "no further hint" in learner.text
        walk = learner.page.walk
        question = walk.question
        assert question is not None
        await learner.answer("nonsense")
        assert walk.tried.attempts == 0
        assert "is not a number" in learner.told
        await learner.press("escape", "n")  # the keys are the debugger's again
        await learner.press("r")
        await learner.answer(mistake(question))
        await learner.answer(question.solution)
        assert walk.points == POINTS - 2 * HINT_COSTS - ATTEMPT_COSTS
        assert "old value +" in learner.told


@SELDOM
async def test_a_long_page_is_scrolled_while_its_arrows_choose() -> None:
    long = LESSON.replace("prompt: Which one?", "prompt: Which one?\nhint: see " + "above, " * 60)
    async with opened_lesson(parse_lesson(long), (80, 24)) as learner:
        await learner.press("p", "p", "p", "down", "h")
        assert learner.page.option == 0
        bottom = learner.page.narration.page.scroll_offset.y
        assert bottom > 0
        while learner.page.narration.page.scroll_offset.y:
            await learner.press("shift+up")
        assert learner.page.walk.at == 3, "it was scrolled, and not turned"


async def test_what_lies_below_is_announced_and_read_before_the_page_is_turned() -> None:
    long = LESSON.replace("There is no question", "Words. " * 200 + "There is no question")
    async with opened_lesson(parse_lesson(long), (80, 24)) as learner:
        text, seen = learner.page.narration.page, set[int]()
        lines = len(learner.told.splitlines())
        assert lines > text.size.height
        while learner.page.walk.at == 0:
            rows = range(text.scroll_offset.y, text.scroll_offset.y + text.size.height)
            assert not seen or rows.start <= max(seen) < rows.stop, "no line is left out"
            seen |= {*rows}
            announced = "PgDn read on" in str(learner.page.narration.border_subtitle)
            assert announced == (lines > rows.stop)
            await learner.press("pagedown")
        assert seen >= {*range(lines)}
        await learner.press("pageup")
        assert learner.page.walk.at == 0


@SELDOM
async def test_a_digit_begins_to_type_and_picks_a_choice() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        await learner.press("p", "7")
        assert learner.page.narration.typing
        assert learner.page.narration.answer.value == "7"
        await learner.press("escape", "p", "p", "1", "enter")
        assert "because of this" in learner.told
        assert not learner.page.walk.revealed
        await learner.press("2", "enter")
        assert learner.page.walk.revealed
        assert "because of that" in learner.told


@SELDOM
async def test_cells_are_marked_with_keys_in_blocks_and_with_the_mouse() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        await learner.press("p", "p")
        question = learner.page.walk.question
        assert isinstance(question, CellsQuestion)
        await learner.press("enter", "enter")
        assert "mark at least one cell" in learner.told
        first, last = min(question.cells), max(question.cells)
        await learner.point(question.tensor, first)
        await learner.press("space")
        await learner.point(question.tensor, last)
        await learner.press("b")
        assert learner.page.chosen == question.cells
        await learner.click(*learner.place("input_gradient", 0, 0))
        assert learner.page.chosen ^ question.cells == {(0, 0, 0)}
        assert any(CHOSEN in line for line in learner.part("input_gradient"))
        await learner.press("enter")
        assert "6 of 6 cells found, 1 marked" in learner.told
        await learner.click(*learner.place("input_gradient", 0, 0))
        await learner.press("enter")
        assert learner.page.walk.revealed
        assert learner.position == learner.page.walk.place.position


async def test_on_a_small_screen_the_question_its_keys_and_the_columns_are_seen_while_marking() -> None:
    async with opened_lesson(parse_lesson(LESSON.replace("## Some cells", "## Some\n\n" + "words " * 90)),
                             (60, 16)) as learner:  # fmt: skip
        await learner.press("p", "p")
        before = learner.visible()
        await learner.press("enter")
        assert "Which cells of dA_prev_pad" in learner.text
        assert say("en", "how.cells.short") in learner.lines[0]
        rows = learner.part("input_gradient")
        assert sum(row.strip("┃ ")[:1].isdigit() for row in rows[2:]) >= 3
        assert rows[1].split()[1:-1] == ["0", "1", "2", "3", "4"]
        await learner.press("escape")
        assert learner.visible() == before


@SELDOM
async def test_who_gives_up_sees_what_was_missed_and_what_was_too_many() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        await learner.press("p", "p", "enter")
        question = learner.page.walk.question
        assert isinstance(question, CellsQuestion)
        await learner.mark(frozenset({(0, 0, 0), min(question.cells)}))
        await learner.press("escape", "A")
        assert learner.page.walk.tried.outcome == SHOWN
        shown = "\n".join(learner.part("input_gradient"))
        assert (shown.count(CHOSEN), shown.count(SURPLUS)) == (1, 1)
        assert shown.count(MISSED) == len(question.cells) - 1
        assert learner.page.walk.points == 0


@SELDOM
async def test_enter_opens_what_a_page_names_before_it_goes_on() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        await learner.press("p", "p", "p", "2", "enter")
        assert "Enter compare with PyTorch" in learner.text
        await learner.press("enter")
        assert learner.dialog == "ComparisonScreen"
        await learner.press("escape", "enter")
        assert learner.page.walk.at == 4
        await learner.press("down", "down", "down", "enter")
        assert "return y" in learner.told
        await learner.press("enter", "enter")
        assert learner.dialog == "TableScreen"
        await learner.press("escape", "enter")
        assert learner.dialog == "FinishScreen"
        assert "20 of 40 points" in learner.text
        await learner.press("escape")
        assert learner.dialog == ""


@SELDOM
async def test_a_page_over_a_function_opens_who_wrote_a_cell_and_is_come_back_to() -> None:
    text = FRONT_OF + "## A page\n```stop\nat: 1,1\nfocus: dx_pad\nopen: why dx_pad[0, 0, 2, 2]\n```\nlast\n"
    async with opened_lesson(parse_lesson(text)) as learner:
        assert "max_pool.py" in learner.text
        await learner.press("enter")
        assert learner.dialog == "TableScreen"
        assert "dx_pad[0, 0, 2, 2]" in learner.text
        await learner.press("escape", "N", "N")
        assert learner.page.wandered
        await learner.press("r")
        assert (learner.page.wandered, learner.debugger.timeline.position) == (False, 6)
        assert learner.mode.command_here().startswith("convstep learn")


@SELDOM
async def test_playing_walks_to_the_place_waits_and_stops_at_a_question() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        await learner.press("home", "e")
        for _ in range(60):
            learner.debugger.playing.tick()
            await learner.settle()
        assert learner.page.walk.at == 1
        assert not learner.debugger.playing.on
        assert learner.position == learner.page.walk.place.position


@SELDOM
@pytest.mark.parametrize("size", some([(60, 16), (80, 24), (120, 40), (200, 50)], 3))
async def test_chinese_breaks_no_border(size: tuple[int, int]) -> None:
    async with opened_lesson(parse_lesson(CHINESE), size) as learner:
        await learner.press("p", "p", "p")
        region = learner.page.narration.region
        for y in range(region.y + 1, region.bottom - 1):
            assert learner.cell(region.x, y).text == "┃"
            assert learner.cell(region.right - 1, y).text == "┃"
        assert learner.stale_cells() == []


@SELDOM
async def test_presenting_keeps_the_narration_where_there_is_room() -> None:
    async with opened_lesson(parse_lesson(LESSON), (200, 50)) as learner:
        await learner.press("z")
        assert "lesson" in learner.visible()
        await learner.resize(120, 40)
        assert "lesson" not in learner.visible()
        await learner.press("z")
        assert "lesson" in learner.visible()
        for leave in ("z", "escape"):
            await learner.press("z", leave)
            assert learner.debugger.focused is learner.page.narration, "the keys are the lesson's again"
        await learner.press("tab", "z", "z")
        assert learner.debugger.focused is not learner.page.narration


async def test_progress_is_kept_between_two_sessions(tmp_path: Path) -> None:
    kept = tmp_path / "folder" / "progress.json"
    async with opened_lesson(parse_lesson(LESSON), progress=Progress(kept)) as learner:
        await learner.press("p", "h")
        await learner.answer(learner.page.walk.question.solution)  # type: ignore[union-attr]
        await learner.press("p")
    async with opened_lesson(parse_lesson(CHINESE), progress=Progress(kept)) as learner:
        assert learner.page.walk.at == 2
        assert learner.page.walk.points == POINTS - HINT_COSTS
        await learner.press("R")
        assert (learner.page.walk.at, learner.page.walk.points) == (0, 0)


@SELDOM
async def test_a_damaged_progress_file_is_left_alone_and_said_once(tmp_path: Path) -> None:
    kept = tmp_path / "progress.json"
    kept.write_text("{")
    async with opened_lesson(parse_lesson(LESSON), progress=Progress(kept)) as learner:
        await learner.press("p", "p")
        await learner.settle()
        assert learner.text.count("progress cannot be saved") == 1
    assert kept.read_text() == "{"


@SELDOM
async def test_edits_are_taken_up_while_the_lesson_is_open(tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text(LESSON)
    async with opened_lesson(read_lesson(str(path))) as learner:
        await learner.press("p")
        await learner.answer(learner.page.walk.question.solution)  # type: ignore[union-attr]
        await _edit(learner, path, LESSON.replace("It is {=", "Edited: it is {="))
        assert learner.page.walk.points == POINTS
        assert "Edited: it is" in learner.told
        await _edit(learner, path, LESSON.replace("ask cells", "ask sells"))
        line = LESSON.splitlines().index("```ask cells") + 1
        assert f"mine.md:{line}: this does not say what to ask" in " ".join(learner.told.split())
        await _edit(learner, path, LESSON)
        assert "this does not say what to ask" not in learner.told, (
            "what was wrong is gone, and so is what was said of it"
        )
        assert say("en", "changed") in learner.lines[-3]
        assert not learner.app._notifications
        await _edit(learner, path, LESSON.replace("input: 4x5x2", "input: 5x6x2"))
        assert "this does not say what to ask" not in learner.told
        assert learner.page.walk.page.problem.A_prev.shape == (5, 6, 2)


@SELDOM
async def test_an_edit_keeps_the_answer_that_is_being_typed_and_a_lost_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text(LESSON)
    async with opened_lesson(read_lesson(str(path))) as learner:
        await learner.press("p", "minus", "7")
        for words in ("Edited: it is {=", "Once more: it is {="):
            await _edit(learner, path, LESSON.replace("It is {=", words))
            assert learner.page.narration.answer.value == "-7"
        assert say("en", "changed") in learner.text
        await learner.press("5")
        assert learner.page.narration.answer.value == "-75"
        await _edit(learner, path, LESSON)
        await _edit(learner, path, LESSON.replace("ask cells", "ask sells"))
        assert say("en", "changed") not in learner.text, "it is not so any more"
        path.unlink()
        learner.lessons.look_at_file()
        await learner.answered()
        assert "gone" in learner.told
        await _edit(learner, path, LESSON)
        assert "gone" not in learner.told
        await learner.press("escape", "p")
        await learner.mark(frozenset({(0, 0, 0)}))
        await _edit(learner, path, LESSON.replace("It is {=", "Edited: it is {="))
        assert learner.page.chosen == {(0, 0, 0)}
        await _edit(learner, path, LESSON.replace("at: 0,2,1", "at: 0,1,1"))
        assert not learner.page.chosen, "another question"


@SELDOM
async def test_edited_code_that_never_ends_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convstep.candidate.call.worker.SECONDS", 1.0)
    path, text = tmp_path / "mine.md", f"{CODE_OF}## One\n{BACK}\n## Two\nwords\n"
    path.write_text(text)
    async with opened_lesson(read_lesson(str(path))) as learner:
        path.write_text(text.replace("    return dx", "    while True:\n        k = k\n    return dx", 1))
        learner.lessons.look_at_file()
        await learner.pilot.press("p")
        assert learner.page.walk.at == 1, "before it is read"
        await learner.answered()
        assert learner.page.walk.at == 1
        await _edit(learner, path, text.replace("words", "other words"))
        assert "other words" in learner.told


async def _edit(learner: Learner, path: Path, text: str) -> None:
    path.write_text(text)
    learner.lessons.look_at_file()
    await learner.answered()


@SELDOM
@pytest.mark.parametrize("size", some([(80, 24), (60, 16)]))
async def test_tab_leads_through_the_parts_while_cells_are_marked(size: tuple[int, int]) -> None:
    async with opened_lesson(parse_lesson(LESSON), size) as learner:
        await learner.hurry("p", "p", "a")
        for _ in learner.debugger.query_one("#panels").children:
            await learner.hurry("tab", "space", "b")
            await learner.press("t")
            assert learner.page.selecting
            assert learner.stale_cells() == []
        await learner.press("escape")
        assert not learner.page.selecting


@SELDOM
async def test_a_page_about_another_problem_is_whole_in_its_first_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened_lesson(bundled("04-padding"), size=(200, 50)) as learner:
        await learner.press(*"pppp")
        terminal, frames = learner.lessons.terminal, [learner.lines]
        paint, problem = terminal.paint, learner.page.walk.page.problem

        def watch(update: CompositorUpdate) -> None:
            paint(update)
            frames.append(learner.lines)

        monkeypatch.setattr(terminal, "paint", watch)
        await learner.press("p")
        assert learner.page.walk.page.problem is not problem
        assert [lines for lines in frames if lines not in (frames[0], frames[-1])] == []
