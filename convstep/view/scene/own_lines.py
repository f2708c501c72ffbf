"""Source on the screen: whole lines, with what a step made of each; those of somebody's own function."""

from __future__ import annotations

import ast
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from convstep.language import tr
from convstep.printable import printable
from convstep.steps.event import Event
from convstep.steps.number_text import shape_text, short
from convstep.view.grid.look import NOW, READS, WRITES
from convstep.view.scene.card import MARKS
from convstep.view.scene.scene import SourceLine, turn_text
from convstep.view.text.wrapping import padded, wrapped

NUMBERED_FROM = 44
"""Columns from which lines have their numbers."""
STOP, CURSOR = "◆", "›"
"""What stands before a line at which runs stop, and before the one with the cursor."""
SAID = {"✓": "bold green", "≠": "bold red"}
"""The styles of what its own forward says of a line: a ✓ in another column says only that it has run."""
LINE = "line"
"""What the number of a line is called in the style of its text, so that a click finds it."""
TAB = 4
"""Columns of a tab."""
FEW = 8
"""Values of a tuple that are said."""


def own_lines(
    event: Event,
    lines: Mapping[int, str],
    notes: Mapping[int, str],
    current: int,
    *,
    executed: bool,
) -> tuple[SourceLine, ...]:
    """The lines of the function that a step runs in, by their numbers, with what a statement came to.

    It stands at the `current` line; `executed`: all of the step is.
    """
    done = _done(event, executed=executed)
    loops = {loop.line: turn_text(loop) for loop in event.loops if loop.line}
    texts, base, hues = *_texts(lines), _hues(event)
    return tuple(
        SourceLine(
            number,
            text.strip(),
            max(_indent(text) - base, 0),
            done=number in done,
            current=number == current,
            loop=loops.get(number, ""),
            note=notes.get(number, ""),
            hue=hues.get(number, ""),
        )
        for number, text in texts.items()
    )


def own_size(lines: Mapping[int, str]) -> tuple[int, int]:
    """Columns and lines in which the lines of a function are seen whole, without what a step made of them.

    >>> own_size({9: "  def f(x):", 10: "    return x"})
    (15, 2)
    """
    texts, base = _texts(lines)
    widest = max((cell_len(text) for text in texts.values()), default=base)
    return len(str(max(lines, default=0))) + 3 + widest - base, len(lines)


def _texts(lines: Mapping[int, str]) -> tuple[dict[int, str], int]:
    """Lines as they are written on the screen, by their numbers, and what all of them are indented by."""
    texts = {number: printable(line.expandtabs(TAB).rstrip(), None) for number, line in lines.items()}
    return texts, min((_indent(text) for text in texts.values() if text), default=0)


def value_text(value: object) -> str:
    """What a variable is, in a few characters: a number, the shape of an array.

    >>> value_text(1), value_text(np.float32(0.1)), value_text(np.zeros((2, 3))), value_text((0, np.ones(2)))
    ('1', '0.1', '2x3', '(0, (2,))')
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return shape_text(value.shape)
    if isinstance(value, np.ndarray):
        value = value[()]
    if isinstance(value, tuple) and len(value) <= FEW:
        return f"({', '.join(map(value_text, value))}{',' * (len(value) == 1)})"
    if isinstance(value, (float, np.floating)):
        return short(value)
    return printable(str(value), 40)


def set_text(variables: Mapping[str, object]) -> str:
    """What a statement has set: `a = 1, mask 2x2`."""
    return ", ".join(
        tr("returns {value}", value=value_text(value))
        if name == "return"
        else f"{name}{' ' if isinstance(value, np.ndarray) and value.ndim else ' = '}{value_text(value)}"
        for name, value in variables.items()
    )


def draw_own(lines: Sequence[SourceLine], width: int, height: int) -> Text:
    """As many lines around the one where the step stands as there is room for, each of them whole."""
    last = lines[-1].number if lines else 0
    # what is said of somebody's lines comes later than they do, and has its column from the start
    number = len(str(last)) + 1 if last and width >= NUMBERED_FROM else bool(last)
    scale = _scale(lines, width - number)
    current = next((at for at, line in enumerate(lines) if line.current), 0)
    marked = [at for at, line in enumerate(lines) if line.done or line.current] or [current]
    drawn = list[tuple[Text, ...]]()
    for everywhere in (True, False):
        drawn = [_rows(line, width, number, scale, everywhere) for line in lines]
        if sum(map(len, drawn[marked[0] : marked[-1] + 1])) + 2 <= height:
            break
    rows = [row for own in drawn for row in own]
    seen = next((at for at, line in enumerate(lines) if line.cursor), current)
    at = sum(map(len, drawn[:seen]))
    first = max(0, min(at - height // 2, len(rows) - height))
    starts = itertools.accumulate(map(len, drawn), initial=0)
    first = next((start for start in starts if start >= first), first)  # no line is begun in its middle
    text = Text("\n").join(rows[first : first + max(height, 1)])
    text.no_wrap, text.overflow = True, "crop"
    return text


def _done(event: Event, *, executed: bool) -> set[int]:
    """The lines that the step has executed."""
    found, left = set[int](), event.made
    for statement in event.statements if executed or event.made else ():
        writes = sum(access.writes for access in statement.accesses)
        if not executed and writes > left:
            break
        left -= writes
        found.add(statement.line)
    return found


def _hues(event: Event) -> dict[int, str]:
    """By line, the style of what its statement does with cells."""
    found = dict[int, str]()
    for statement in event.statements:
        kinds = {access.writes for access in statement.accesses}
        if kinds and found.get(statement.line) != WRITES:
            found[statement.line] = WRITES if True in kinds else READS
    return found


def _scale(lines: Sequence[SourceLine], width: int) -> float:
    """What part of the indentation there is room for: as much as breaks no line more often than it must."""

    def broken(scale: float) -> int:
        return sum(_breaks(line.code, _room(line, width, scale)) for line in lines)

    least = broken(0.25)
    return next(scale for scale in (1.0, 0.5, 0.25) if broken(scale) == least)


def _start(line: SourceLine, scale: float) -> int:
    return 2 + int(line.indent * scale)


def _room(line: SourceLine, width: int, scale: float) -> int:
    return max(width - _start(line, scale) - len(line.loop) - bool(line.loop), 2)


@functools.lru_cache(maxsize=2048)  # most lines of a step are those of the step before
def _rows(line: SourceLine, width: int, number: int, scale: float, everywhere: bool) -> tuple[Text, ...]:
    """A line with its mark, its loop's counter and its note: beside it, or below where that has no room."""
    rows = [*_drawn_rows(line, width, number, scale, everywhere)]
    for row in rows:
        row.apply_meta({LINE: line.number})
    return tuple(rows)


def _drawn_rows(line: SourceLine, width: int, number: int, scale: float, everywhere: bool) -> Iterator[Text]:
    mark = MARKS["next" if line.current else "done" if line.done else "later"]
    style = "bold reverse" if line.current else f"bold {line.hue}".strip() if line.done else line.hue
    start = min(_start(line, scale), max(width - number - 12, 2))
    label = f"{line.number if number > 1 else '':>{number - 1}}" if number else ""
    end = f" {line.loop}" if line.loop else ""
    room = max(width - number - start - len(end), 2)
    pieces = _broken(line.code, room)
    beside = {} if end else _beside(line, [room - cell_len(piece) for piece in pieces])
    below = () if beside or not line.note or not (everywhere or line.current) else _broken(line.note, room)
    for at, piece in enumerate(pieces):
        row = Text(label if not at else " " * len(label), no_wrap=True)
        row.stylize("dim")
        said = line.said if not at else ""
        row.append(said or " " * bool(number), SAID.get(said, ""))
        row.append(
            f"{mark}{STOP if line.stop else CURSOR if line.cursor else ' '}" if not at else "  ", "bold"
        )
        row.append(" " * (start - 2))
        last, begun = at == len(pieces) - 1, len(row)
        full = (bool(end) and last) or (line.current and at not in beside)
        row.append(padded(piece, room) if full else piece, style)
        if line.cursor:
            row.stylize("underline", begun)
        row.append(end if last else "", "bold")
        if at in beside:
            row.append("  ")
            row.append(beside[at], NOW if line.now else "italic")
        yield row
    for part in below:
        yield Text.assemble(" " * (number + start), (part, NOW if line.now else "italic"))


def _beside(line: SourceLine, rooms: Sequence[int]) -> dict[int, str]:
    """Beside which row of a line its note stands, whole if it can be; nothing where none has room.

    Between two rows of a broken line an assignment would be read as a part of it.
    """
    if not line.note:
        return {}
    last = len(rooms) - 1
    fitting = (
        {at: note}
        for at in (last, *range(last))
        for note in note_forms(line)
        if cell_len(note) + 2 <= rooms[at] and (at == last or "=" not in note)
    )
    return next(fitting, {})


def note_forms(line: SourceLine) -> tuple[str, ...]:
    """The note in the forms to try; one without the name that the line gives a value: `= 0`, `3x3`."""
    if ", " in line.note:
        return (line.note,)
    name, sign, value = line.note.partition(" = ")
    if sign:
        return (f"= {value}" if line.code.startswith(f"{name} = ") else line.note,)
    name, _, shape = line.note.partition(" ")
    if f" {name} = " not in f" {line.code}":
        return (line.note,)
    return (shape,) if f" = {name} = " in line.code else (line.note, shape)  # the second name of two


@functools.lru_cache(maxsize=2048)
def _broken(code: str, room: int) -> tuple[str, ...]:
    """A line of code in pieces that fit, the later ones a little to the right if that cuts no word."""
    if cell_len(code) <= room:
        return (code,)
    first, *rest = wrapped(code, room)
    left = code[len(first) :].lstrip()
    forms = [
        (first, *(f"{blank}{line}" for line in wrapped(left, max(room - len(blank), 2)) if rest))
        for blank in ("  ", "")
    ]
    return min(forms, key=lambda pieces: _cuts(code, pieces))


@functools.lru_cache(maxsize=2048)
def _breaks(code: str, room: int) -> int:
    """How often a line is broken; within a word counts twice."""
    if cell_len(code) <= room:
        return 0
    pieces = _broken(code, room)
    return len(pieces) - 1 + _cuts(code, pieces)


def _cuts(code: str, pieces: Iterable[str]) -> int:
    """How many parts of broken words there are."""
    whole = set(code.split())
    return sum(word not in whole for piece in pieces for word in piece.split())


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def docstrings(lines: Sequence[str]) -> frozenset[int]:
    """The lines of the docstrings of functions."""
    said = (
        one.body[0]
        for one in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(one, ast.FunctionDef) and ast.get_docstring(one, clean=False) is not None
    )
    return frozenset(line for one in said for line in range(one.lineno, (one.end_lineno or one.lineno) + 1))
