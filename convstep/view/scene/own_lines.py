"""Somebody's own source: the lines of the function that runs, with what a step made of each."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from convstep.printable import printable
from convstep.steps.event import Event, Statement
from convstep.steps.number_text import short
from convstep.view.scene.card import MARKS
from convstep.view.scene.scene import OwnLine, turn_text
from convstep.view.text.wrapping import padded, wrap

NUMBERED_FROM = 44
"""Columns from which lines have their numbers."""
TAB = 4
"""Columns of a tab."""


def own_lines(
    event: Event, lines: Sequence[str], first: int, notes: Mapping[int, str], *, executed: bool, stands: int = 0
) -> tuple[OwnLine, ...]:
    """The lines of the function that a step runs in.

    Args:
        event: the step.
        lines: of the file.
        first: the number of the first of them.
        notes: by line, what a statement came to.
        executed: whether all of the step is.
        stands: the line at which it stands, where that is not one of the step's own.
    """
    done, current = _standing(event, executed=executed)
    current = stands or current
    loops = {loop.line: turn_text(loop) for loop in event.loops if loop.line}
    shown = function_lines(lines, current - first)
    texts = [printable(lines[at].expandtabs(TAB).rstrip(), None) for at in shown]
    base = min((_indent(text) for text in texts if text), default=0)
    return tuple(
        OwnLine(
            at + first,
            text.strip(),
            max(_indent(text) - base, 0),
            done=at + first in done,
            current=at + first == current,
            loop=loops.get(at + first, ""),
            note=notes.get(at + first, ""),
        )
        for at, text in zip(shown, texts, strict=True)
    )


def function_lines(lines: Sequence[str], at: int) -> range:
    """Which lines the innermost function around a line has; all, if it stands in none.

    >>> function_lines(["import numpy", "def f(x):", "    y = x", "    return y", "f(2)"], 2)
    range(1, 4)
    """
    try:
        tree: ast.AST = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return range(len(lines))
    found = range(len(lines))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None:
            own = range(node.lineno - 1, node.end_lineno)
            if at in own and len(own) <= len(found):
                found = own
    return found


def value_text(value: object) -> str:
    """What a variable is, in a few characters: a number, the shape of an array.

    >>> value_text(1), value_text(np.float32(0.1)), value_text(np.zeros((2, 3))), value_text((0, 2))
    ('1', '0.1', '2x3', '(0, 2)')
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return "x".join(map(str, value.shape)) if value.ndim > 1 else f"({len(value)},)"
    if isinstance(value, np.ndarray):
        value = value[()]
    if isinstance(value, (float, np.floating)):
        return short(value)
    return printable(str(value), 40)


def set_text(variables: Mapping[str, object]) -> str:
    """What a statement has set: `a = 1, mask 2x2`."""
    return ", ".join(
        f"{name} {value_text(value)}" if isinstance(value, np.ndarray) and value.ndim else f"{name} = {value_text(value)}"
        for name, value in variables.items()
    )


def draw_own(lines: Sequence[OwnLine], width: int, height: int) -> Text:
    """As many lines around the one where the step stands as there is room for, each of them whole.

    Args:
        lines: of the function.
        width: columns of room.
        height: lines of room.
    """
    number = len(str(lines[-1].number)) + 1 if width >= NUMBERED_FROM and lines else 0
    scale = _scale(lines, width - number)
    current = next((at for at, line in enumerate(lines) if line.current), 0)
    marked = [at for at, line in enumerate(lines) if line.done or line.current] or [current]
    drawn = list[list[Text]]()
    for everywhere in (True, False):
        drawn = [list(_rows(line, width, number, scale, everywhere)) for line in lines]
        if sum(map(len, drawn[marked[0] : marked[-1] + 1])) + 2 <= height:
            break
    rows = [row for own in drawn for row in own]
    at = sum(map(len, drawn[:current]))
    first = max(0, min(at - height // 2, len(rows) - height))
    text = Text("\n").join(rows[first : first + max(height, 1)])
    text.no_wrap, text.overflow = True, "crop"
    return text


def _standing(event: Event, *, executed: bool) -> tuple[set[int], int]:
    """The lines that the step has executed, and the one where it stands."""
    done, left = set[int](), event.made
    if not executed and not event.made:
        return done, event.statements[0].line if event.statements else event.line
    for statement in event.statements:
        writes = sum(access.writes for access in statement.accesses)
        if not executed and writes > left:
            return done, statement.line
        left -= writes
        done.add(statement.line)
    return done, event.line


def _scale(lines: Sequence[OwnLine], width: int) -> float:
    """What part of the indentation there is room for: as much as leaves lines in one piece."""
    for scale in (1.0, 0.5):
        if all(_start(line, scale) + cell_len(line.code) + len(line.loop) + 1 <= width for line in lines):
            return scale
    return 0.25


def _start(line: OwnLine, scale: float) -> int:
    return 2 + int(line.indent * scale)


def _rows(line: OwnLine, width: int, number: int, scale: float, everywhere: bool) -> Iterator[Text]:
    """A line with its mark, its loop's counter and its note: beside it, or below where that has no room."""
    mark = MARKS["next" if line.current else "done" if line.done else "later"]
    style = "bold reverse" if line.current else "bold" if line.done else ""
    start = min(_start(line, scale), max(width - number - 12, 2))
    label = f"{line.number:>{number - 1}} " if number else ""
    end = f" {line.loop}" if line.loop else ""
    room = max(width - number - start - len(end), 2)
    first, *others = _broken(line.code, room)
    beside = f"  {line.note}" if line.note and not others and not end else ""
    fits = bool(beside) and cell_len(first) + cell_len(beside) <= room
    row = Text(label, "dim", no_wrap=True)
    row.append(mark.ljust(2), "not dim bold")
    row.append(" " * (start - 2))
    row.append(padded(first, room) if end or (line.current and not fits) else first, f"not dim {style}")
    row.append(beside if fits else end, "not dim italic" if fits else "not dim bold")
    yield row
    blank = " " * (number + start)
    for other in others:
        yield Text.assemble(blank, (other, style))
    if line.note and not fits and (everywhere or line.current):
        for part in _broken(line.note, max(width - number - start, 2)):
            yield Text.assemble(blank, (part, "italic"))


def _broken(code: str, room: int) -> list[str]:
    """A line of code in pieces that fit, those after the first a little to the right."""
    if cell_len(code) <= room:
        return [code]
    first, *rest = (line.plain for line in wrap(Text(code), room))
    left = code[len(first) :].lstrip()
    return [first, *(f"  {line.plain}" for line in wrap(Text(left), max(room - 2, 2)))] if rest else [first]


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def notes_of(event: Event, numbers: Mapping[int, str]) -> dict[int, str]:
    """By line, what its statement came to: what it has set, or the statement with its indices.

    Args:
        event: the step.
        numbers: by the number of a statement, its text with numbers.
    """
    return {
        statement.line: _note(statement, numbers.get(number, ""))
        for number, statement in enumerate(event.statements)
    }


def _note(statement: Statement, text: str) -> str:
    writes = any(access.writes for access in statement.accesses)
    if statement.variables:
        return set_text(statement.variables)
    return text if writes and text != statement.text else ""
