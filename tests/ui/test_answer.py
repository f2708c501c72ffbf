"""Typing an answer: every character of it from the first key on, and every key that the border offers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual import events
from textual.widgets import Input, Static

from convstep.language import LANGUAGES
from convstep.lessons.questions import HINT_COSTS, LineQuestion
from convstep.lessons.reading import parse_lesson
from convstep.lessons.words import say
from tests.strategies import SELDOM, some
from tests.ui.learning import Learner, opened_lesson

LESSON = """---
language: {language}
input: 4x5x2
filters: 2
kernel: 2x3
numbers: whole
seed: 11
---
# Typing

## A number

```ask value
cell: dW[0, 1, 1, 0]
hint: first
hint: second
hint: third
```

## A step

```ask step
cell: dA_prev_pad[0, 0, 0]
```

## A shape

```stop
at: 0,1,1
```

```ask shape
of: dA_prev
hint: a
hint: b
```

## Some cells

```ask cells
on: dA_prev_pad
hint: a
hint: b
```

## The end

```stop
at: end
open: comparison
```

## After it

Nothing.
"""


def typing(language: str = "en", *, page: int = 0) -> str:
    head, *pages = LESSON.format(language=language).split("\n## ")
    return "\n## ".join([head, *pages[page:]])


TYPED = (
    ("-12", "3*(2-4)", ".5", "123", "8-7-2", "+1", ",5", "2nhqA"),
    ("(0, 1, 1)", "1 2"),
    ("[4,5,1]", "4x5"),
)
"""What is typed into the number's line, the step's and the shape's."""


@SELDOM
@pytest.mark.parametrize("language", some(LANGUAGES))
async def test_every_character_is_the_answers_from_the_first_key_on(language: str) -> None:
    async with opened_lesson(parse_lesson(typing(language))) as learner:
        page = learner.page
        look = page.state.precision, learner.debugger.playing.pace, page.state.values
        for number in range(3):
            assert page.walk.at == number
            position = learner.position
            for text in some(TYPED[number]):
                await learner.type(text)
                assert page.narration.answer.value == text
                assert page.narration.typing
                await learner.hurry(*["backspace"] * len(text), "escape")
                assert not page.narration.typing
            assert (learner.position, page.walk.tried.attempts) == (position, 0)
            await learner.press("p")
        assert look == (page.state.precision, learner.debugger.playing.pace, page.state.values)


@SELDOM
async def test_keys_of_one_read_and_what_is_pasted_lose_nothing() -> None:
    async with opened_lesson(parse_lesson(typing())) as learner:
        page, answer = learner.page, learner.page.narration.answer
        for key in ("minus", "1", "3", "backspace", "2", "enter", "7", "8"):
            learner.send(key)
        await learner.settle()
        assert page.walk.tried.attempts == 1
        assert answer.value == "78"  # a refused answer is replaced
        await learner.press("escape", "n")
        assert learner.position == page.walk.place.position + 1
        await learner.press("enter", "9")
        assert answer.value == "789"  # Enter goes on with one that was left
        await learner.press("enter", "left", "1")
        assert answer.value == "1789"  # the cursor goes to the beginning of what was selected
        await learner.press("enter", "backspace", "escape")
        learner.app._driver.send_message(events.Paste("-1.5\n"))  # type: ignore[union-attr]
        await learner.settle()
        assert answer.value == "-1.5"
        await learner.press("enter")
        assert page.walk.tried.attempts == 4
        await learner.press("backspace", "escape")
        for key in ("a", "a", "b", "s"):
            learner.send(key)
        await learner.settle()
        assert answer.value == "abs", "letters that follow a in the same read are the answer's"
        await learner.press(*["backspace"] * 3, *"-1.5", "escape")
        await learner.press("h", "tab", "tab")
        await learner.click(answer.region.x, answer.region.y)
        await learner.type("abs(9)")
        assert answer.value == "abs(9)-1.5"


async def test_what_is_typed_into_a_dialog_is_not_the_lessons_answer() -> None:
    async with opened_lesson(parse_lesson(typing())) as learner:
        page = learner.page
        for opening in ("g", "slash"):
            await learner.press(opening, "5", "3", "minus")
            assert learner.app.screen.query_one("#answer", Input).value == "53-"
            await learner.press("escape")
            assert not page.narration.typing
            await learner.press("h")
        assert page.walk.tried.hints == 2


@SELDOM
async def test_after_escape_the_next_answer_replaces_what_was_left_unless_it_is_gone_on_with() -> None:
    async with opened_lesson(parse_lesson(typing())) as learner:
        answer = learner.page.narration.answer
        await learner.press("minus", "1", "escape")
        assert answer.value == "-1"  # it stays to be read
        await learner.press("3")
        assert answer.value == "3"
        for go_on, text in {"enter": "34", "a": "344", "left": "3444"}.items():
            await learner.press("escape", go_on, "end", "4")
            assert answer.value == text
        await learner.press("escape", "backspace", "escape")
        assert answer.value == "344"
        await learner.press("tab", "tab", "shift+tab", "shift+tab", "5")
        assert answer.value == "5"


@SELDOM
async def test_a_digit_begins_an_answer_wherever_the_keys_are_and_a_panel_keeps_its_minus() -> None:
    async with opened_lesson(parse_lesson(typing())) as learner:
        await learner.press("tab", "tab", "down")
        precision = learner.page.state.precision
        await learner.press("minus")
        assert learner.page.state.precision == precision - 1
        assert "- fewer" in learner.text, "the panel's key says what it did"
        await learner.press("1")
        assert learner.page.narration.typing
        assert learner.page.narration.answer.value == "1"
        assert "- fewer" not in learner.text, "what was said is over"
        await learner.press("escape", "tab", "tab", "m", "3")
        assert learner.page.narration.answer.value == "3"
        assert "lesson" in learner.visible()
        await learner.press("escape", "tab", "tab", "m", "a", *["backspace"])
        await learner.type("-1")
        assert learner.page.narration.answer.value == "-1"
        assert "lesson" in learner.visible()


@pytest.mark.parametrize("size", some([(80, 24), (120, 40)]))
async def test_the_answer_stands_under_its_question_and_in_sight(size: tuple[int, int]) -> None:
    words = "## A number\n\n" + "Some words to scroll. " * 60
    async with opened_lesson(parse_lesson(typing("zh").replace("## A number", words)), size) as learner:
        region = learner.page.narration.region

        def field() -> int:
            label = say("zh", "answer")
            return next((y for y in range(region.y, region.bottom) if _row(learner, y).startswith(label)), -1)

        assert field() < 0 or "dW[0, 1, 1, 0]" in _row(learner, field() - 1)
        await learner.type("-1.5")
        assert "dW[0, 1, 1, 0]" in _row(learner, field() - 1)
        assert _row(learner, field()).startswith(f"{say('zh', 'answer')} -1.5")
        for _ in range(20):
            await learner.press("shift+up")
        assert _row(learner, field()).startswith(f"{say('zh', 'answer')} -1.5")
        keys = learner.lines[-1].split()
        assert keys == ["Enter", "提交", "Esc", "先不答", "Ctrl+P", "命令面板"], "letters are typed now"
        assert learner.stale_cells() == []
        await learner.press("enter")
        assert say("zh", "wrong") in learner.text
        assert learner.lines[-1].strip()
        assert learner.stale_cells() == []
        await learner.answer(learner.page.walk.question.solution)  # type: ignore[union-attr]
        assert field() < 0


def _row(learner: Learner, y: int) -> str:
    region = learner.page.narration.region
    return "".join(learner.cell(x, y).text for x in range(region.x + 2, region.right - 2)).strip()


STATES: dict[str, tuple[str, ...]] = {
    "fresh": (),
    "begun": ("1",),
    "begun with Enter": ("enter",),
    "after a miss": ("9", "9", "enter"),
    "after nonsense": ("enter", "x", "enter"),
    "left for now": ("1", "escape"),
    "after all hints": ("h", "h", "h"),
    "wandered off": ("n",),
    "in a panel": ("tab", "tab", "down"),
    "in a panel, elsewhere": ("n", "tab", "tab", "down"),
    "in a panel while typing": ("1", "tab", "tab"),
    "revealed": ("A",),
}
MARKED: dict[str, tuple[str, ...]] = {
    "marking": ("a",),
    "marking after a miss": ("a", "space", "enter"),
    "marking, elsewhere": ("a", "n"),
    "not marking any more": ("a", "escape"),
}


def effects(learner: Learner) -> dict[str, Callable[[], bool]]:
    """By what the border calls a key: whether the key has done it."""
    page = learner.page
    walk, tried = page.walk, page.walk.tried
    at, hints, attempts, said = walk.at, tried.hints, tried.attempts, page.said
    top = page.narration.page.scroll_offset.y

    how = "" if walk.question is None else walk.question.how

    def submitted() -> bool:
        status = str(page.host.query_one("#status", Static).content)
        return tried.attempts > attempts or page.said != said or how in status

    return {
        "answer": lambda: page.narration.typing or page.selecting,
        "go on": lambda: walk.at == at + 1,
        "back": lambda: walk.at == at - 1,
        f"hint, -{HINT_COSTS} points": lambda: tried.hints == hints + 1,
        "show the answer": lambda: walk.revealed,
        "back to the lesson's place": lambda: not page.wandered and page.narration.has_keys,
        "back to the lesson": lambda: page.narration.has_keys,
        "submit": submitted,
        "leave": lambda: not page.narration.typing and not page.selecting,
        "compare with PyTorch": lambda: learner.dialog == "ComparisonScreen",
        "read on": lambda: page.narration.page.scroll_offset.y > top,
    }


@SELDOM
async def test_every_key_that_the_border_offers_does_what_it_says() -> None:
    cases = [(2, name, keys) for name, keys in STATES.items()]
    cases += [(3, name, keys) for name, keys in MARKED.items()]
    cases += [(4, "opens", ()), (4, "opens, in a panel", ("tab", "tab", "down"))]
    async with opened_lesson(parse_lesson(typing()), (99, 20)) as learner:
        for page, name, keys in some(cases, 6):
            number, offered = 0, ["?"]
            while number < len(offered):
                learner.page.walk.restart()
                for _ in range(page):
                    learner.page.walk.on()
                learner.lessons.show_page()
                await learner.hurry(*keys)
                offered = str(learner.page.narration.border_subtitle).split("  ")
                here = not learner.page.wandered
                assert not here or say("en", "key.return") not in " ".join(offered), f"{name}: it is there"
                key, _, words = offered[number].partition(" ")
                done = effects(learner)[words]
                await learner.hurry({"Enter": "enter", "Esc": "escape", "PgDn": "pagedown"}.get(key, key))
                assert done(), f"{name}: {key} {words}"
                await learner.hurry(*["escape"] * (learner.dialog != ""))
                number += 1


HUNT = """---
language: en
input: 2x2x1
filters: 1
kernel: 2
---
# Lines

## Find it

```python
{code}
```

```ask line
answer: 21
right: x = 1
```
"""


@SELDOM
async def test_digits_go_to_a_line_whatever_its_number() -> None:
    code = "\n".join("" if number in (2, 30) else f"a = {number}" for number in range(1, 121))
    async with opened_lesson(parse_lesson(HUNT.format(code=code))) as learner:
        assert isinstance(learner.page.walk.question, LineQuestion)
        for keys, line in {"2": 0, "0": 20, "7": 7, "h120": 120, "h121": 1, "h30": 0, "h0": 0}.items():
            await learner.press(*keys)
            assert learner.page.option == (line - 1 if line else None), keys
            assert (say("en", "line.empty", line=keys.strip("h")) in learner.text) == (keys in ("2", "h30"))
        await learner.press("enter")
        assert learner.page.walk.tried.attempts == 0
        await learner.press("h", "2", "down", "1")
        assert learner.page.option == 0  # the arrow ended the number
        await learner.press("h", "2", "1", "enter")
        assert learner.page.walk.revealed


@SELDOM
async def test_nothing_is_typed_where_nothing_is_seen_and_what_was_typed_goes_on_after_it() -> None:
    async with opened_lesson(parse_lesson(LESSON.format(language="en")), (80, 24)) as learner:
        await learner.press("1", "2")
        for presenting in (False, True):
            await learner.resize(59, 15)
            await learner.press("7", "enter", "8")
            await learner.resize(80, 24)
            walk, answer = learner.page.walk, learner.page.narration.answer
            assert (answer.value, walk.tried.attempts, walk.revealed) == ("12", 0, False)
            assert learner.page.narration.typing or presenting
            assert not learner.debugger.state.presenting or presenting
            await learner.press("escape", "z")
        await learner.press("z", "a", "3")
        assert learner.page.narration.answer.value == "123"
