"""A page of a lesson as lines: narration, question, hints, answer and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field

from rich.cells import cell_len
from rich.text import Text

from convstep.frozen import NamedTuple, frozen
from convstep.lessons.document import Block
from convstep.lessons.lesson import Page
from convstep.lessons.questions import ChoiceQuestion, LineQuestion, Question
from convstep.lessons.walk import Tried
from convstep.lessons.words import say
from convstep.view.text.markdown import draw_code, draw_markdown, fold, highlighted
from convstep.view.text.wrapping import KEEP, wrap

CURSOR = "▸"
"""Before the option or the line that is chosen."""
_INDEX = re.compile(r"\w*\\?[\[(][\d, :]{1,30}[\])]")
_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
MARKED = 3
"""Columns beside the number of a line of code: its mark and two spaces."""
RIGHT, WRONG = "✓", "✗"
"""Before what turned out to be right, and wrong."""


@frozen(eq=False)
class Telling:
    """A page and how far the learner is with it."""

    page: Page
    """What is told."""
    language: str
    """Of the lesson."""
    tried: Tried
    """What happened to its question."""
    revealed: bool
    """Whether the answer is shown."""
    cursor: int | None = None
    """The option or line of code under the cursor, counted from 0; None while nothing is chosen."""
    said: str = ""
    """What was said about the last answer."""
    said_right: bool = False
    """Whether that answer was right."""
    refused: frozenset[int] = field(default_factory=frozenset)
    """Options or lines, counted from 0, that turned out to be wrong."""
    note: str = ""
    """Something else to say on top: that a candidate is loading."""
    marking: bool = False
    """Whether cells are being marked, so that the question must be in sight."""


@frozen(eq=False)
class Told:
    """A page as lines."""

    lines: tuple[Text, ...]
    """All of it, whether there is room or not."""
    look: int
    """The line that must be in sight."""
    until: int
    """The last line that should be in sight with it."""
    field: int | None = None
    """The empty line in which the answer is typed; None where none is."""


def draw_page(telling: Telling, width: int) -> Told:
    """A page in a width."""
    page, question = telling.page, telling.page.question
    lines = [_bold(line) for line in draw_markdown(page.title, width)]
    lines += [Text()]
    if telling.note:
        lines += [*_styled(wrap(Text(telling.note), width), "italic dim"), Text()]
    numbered = question if isinstance(question, LineQuestion) else None
    look, typed_in = 0, None
    for block in page.before:
        if numbered is not None and block.fenced and block.text.rstrip("\n") == numbered.code:
            code, marked = _numbered_code(numbered, telling, width)
            look = len(lines) + marked if telling.cursor is not None else 0
            lines += [*code, Text()]
        else:
            lines += _block(block, width)
    if question is not None:
        asked = _question(question, telling, width)
        if telling.marking and asked.look is None:
            asked = asked._replace(look=min(1, len(asked.lines) - 1))  # below the rule
        look = look if asked.look is None else asked.look + len(lines)
        typed_in = None if asked.field is None else asked.field + len(lines)
        lines += asked.lines
    if telling.revealed and question is not None:
        lines += _answered(question, width)
    if telling.revealed or question is None:
        for block in page.after:
            lines += _block(block, width)
    while lines and not lines[-1].plain:
        lines.pop()
    last = len(lines) - 1
    look = min(look, last)
    return Told(tuple(lines), look, last if telling.said or telling.marking else look, typed_in)


def code_width(page: Page) -> int:
    """Columns that the widest line of code needs, before the question is answered as well as after it."""
    question = page.question
    widths = [cell_len(line) for b in (*page.before, *page.after) if b.fenced for line in b.text.splitlines()]
    if isinstance(question, LineQuestion):
        lines = question.code.splitlines()
        widths += [cell_len(line) + len(str(len(lines))) + MARKED for line in lines]
    if question is not None:
        for text in (question.prompt, question.explanation, question.why):
            fenced = _FENCE.findall(text)
            widths += [cell_len(line) for code in fenced for line in code.splitlines()]
    return max(widths, default=0)


def _block(block: Block, width: int) -> list[Text]:
    if not block.fenced:
        return [*draw_markdown(block.text, width), Text()]
    return [*draw_code(block.text, width, block.info[0] if block.info else ""), Text()]


class _Asked(NamedTuple):
    """A question as lines, counted from its own first one."""

    lines: list[Text]
    look: int | None
    field: int | None


def _question(question: Question, telling: Telling, width: int) -> _Asked:
    """Prompt, the answer's place, options, hints and the last answer's fate; what to keep in sight."""
    lines = [Text("─" * width, "dim")]
    lines += [_bold(line) for line in draw_markdown(question.prompt, width)]
    look = at = None
    if question.is_typed and not telling.revealed:
        at = len(lines)
        lines.append(Text())
    if isinstance(question, ChoiceQuestion):
        for number, option in enumerate(question.options):
            if number == telling.cursor:
                look = len(lines)
            lines += _option(option.text, number, option.right, telling, width)
    if not telling.revealed:
        lines += _styled(wrap(Text(question.how), width), "dim")
    for number, hint in enumerate(question.hints[: telling.tried.hints]):
        head = say(telling.language, "hint", number=number + 1)
        look = len(lines)
        lines += _hanging(head, "bold yellow", draw_markdown(hint, width - cell_len(head)))
    if telling.said:
        look = len(lines)
        lines += _said(telling, width)
    lines.append(Text())
    return _Asked(lines, look, at)


def _said(telling: Telling, width: int) -> list[Text]:
    """The last answer's fate; an answer that was asked for is neither right nor wrong."""
    if telling.revealed and not telling.said_right:
        return [_bold(line) for line in draw_markdown(telling.said, width)]
    mark, style = (RIGHT, "bold green") if telling.said_right else (WRONG, "bold red")
    return _hanging(f"{mark} ", style, draw_markdown(telling.said, width - 2))


def _option(text: str, number: int, right: bool, telling: Telling, width: int) -> list[Text]:
    if telling.revealed and right:
        mark, style = RIGHT, "bold green"
    elif telling.revealed:
        mark, style = " ", ""
    elif number in telling.refused:
        mark, style = WRONG, "red"
    else:
        mark, style = (CURSOR, "bold") if number == telling.cursor else (" ", "")
    head = f"{mark} {number + 1}. "
    drawn = draw_markdown(text, width - len(head))
    if number == telling.cursor and not telling.revealed:
        for line in drawn:
            line.stylize("reverse")
    return _hanging(head, style, drawn)


def _numbered_code(question: LineQuestion, telling: Telling, width: int) -> tuple[list[Text], int]:
    """The code with line numbers and marks; and where the cursor is in it."""
    code = highlighted(question.code)
    digits = len(str(len(code)))
    found, look = list[Text](), 0
    for number, line in enumerate(code):
        right = telling.revealed and number + 1 in question.lines
        chosen = number == telling.cursor and not telling.revealed
        refused = number in telling.refused and not telling.revealed
        mark = RIGHT if right else WRONG if refused else CURSOR if chosen else " "
        style = "bold green" if right else "dim" if refused else "bold" if chosen else "dim"
        if chosen or (right and not look):
            look = len(found)
        parts = fold(line, width - digits - MARKED)
        if chosen:  # in one piece: reversed, every hue would have a ground of its own
            parts = [Text(part.plain, "reverse") for part in parts]
        elif right:
            _styled(parts, "bold underline")
        found += _hanging(f"{mark} {number + 1:>{digits}} ", style, parts)
    return found, look


def _unbroken(text: str) -> str:
    """An explanation whose indices stay in one line: `dW[0, 1, 2, 0]`, `(1, 0, 2)`."""
    return _INDEX.sub(lambda found: found[0].replace(" ", KEEP), text)


def _answered(question: Question, width: int) -> list[Text]:
    """What the numbers, and the lesson, say about the answer."""
    lines: list[Text] = []
    if isinstance(question, ChoiceQuestion):
        for option in question.options:
            if option.right and option.reason:
                lines += draw_markdown(option.reason, width)
    for text in (_unbroken(question.explanation), question.why):
        if text:
            lines += [*draw_markdown(text, width), Text()]
    if lines and lines[-1].plain:
        lines.append(Text())
    return lines


def _hanging(head: str, style: str, lines: Sequence[Text]) -> list[Text]:
    """Lines with a head before the first one, the others indented as far."""
    blank = " " * cell_len(head)
    return [
        Text.assemble((head, style) if number == 0 else blank, line) for number, line in enumerate(lines)
    ] or [Text(head, style)]


def _bold(line: Text) -> Text:
    line.stylize("bold")
    return line


def _styled(lines: list[Text], style: str) -> list[Text]:
    for line in lines:
        line.stylize(style)
    return lines
