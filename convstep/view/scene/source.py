"""The loop's own source, line by line, with what each line means to the debugger."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass

from rich.text import Text

from convstep.conv import backward
from convstep.view.scene.card import MARKS
from convstep.view.scene.scene import Scene


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of the loop."""

    code: str
    """The code without its indentation."""
    depth: int
    """How deep it is nested below the outermost `for`."""
    loop: str = ""
    """The variable of a `for` line."""
    addition: str = ""
    """The gradient an addition writes."""
    rests: bool = False
    """Whether the loop rests here between two steps."""


@functools.cache
def source_lines() -> tuple[SourceLine, ...]:
    """The lines of the loop that runs, from its first `for` to its `yield`."""
    code = inspect.getsource(backward._loop).splitlines()
    first = next(n for n, line in enumerate(code) if line.lstrip().startswith("for i_n"))
    last = next(n for n, line in enumerate(code) if line.lstrip().startswith("yield"))
    base = _indent(code[first])
    return tuple(_parse(line, base) for line in code[first : last + 1])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _parse(line: str, base: int) -> SourceLine:
    code = line.strip()
    return SourceLine(
        code=code,
        depth=(_indent(line) - base) // 4,
        loop=code.split()[1] if code.startswith("for ") else "",
        addition=code.split("[")[0] if " += " in code else "",
        rests=code.startswith("yield"),
    )


def draw_source(scene: Scene, width: int, height: int) -> Text:
    """The loop with the place it stands at: `▶` runs next or rests, `✓` is done in this step.

    Args:
        scene: what the screen shows.
        width: columns of room.
        height: lines of room; where the loop is longer, the lines around the mark are shown.
    """
    lines = source_lines()
    marks = _marks(scene, lines)
    widest = max(len(line.code) for line in lines if line.addition)
    indent = 4 if width >= 4 * 4 + widest + 2 else 2 if width >= 2 * 4 + widest + 2 else 1
    gap = 1 if width >= indent * 4 + widest + 2 else 0  # the marked lines are indented anyway
    drawn = [_draw(line, mark, scene, width, indent, gap) for line, mark in zip(lines, marks, strict=True)]
    current = marks.index(MARKS["next"])
    first = max(0, min(current - height // 2, len(drawn) - height))
    text = Text("\n").join(drawn[first : first + height])
    text.no_wrap, text.overflow = True, "crop"
    return text


def _marks(scene: Scene, lines: tuple[SourceLine, ...]) -> list[str]:
    """`▶` on the next addition, or on the line where the loop rests once all are made."""
    marks, addition = [], 0
    for line in lines:
        mark = MARKS["later"]
        if line.addition and addition < len(scene.additions):
            mark = MARKS["done"] if addition < scene.made else mark
            mark = MARKS["next"] if addition == scene.made else mark
            addition += 1
        elif line.rests and scene.made == len(scene.additions):
            mark = MARKS["next"]
        marks.append(mark)
    return marks


def _draw(line: SourceLine, mark: str, scene: Scene, width: int, indent: int, gap: int) -> Text:
    counter = ""
    for loop in scene.loops:
        if loop.name == line.loop:
            counter = f" {loop.at}/{loop.count}"
    code = " " * (line.depth * indent) + line.code
    room = width - 1 - gap - len(counter)
    if len(code) > room:
        code = code[: room - 1] + "…"
    style = "bold reverse" if mark == MARKS["next"] else "bold" if mark == MARKS["done"] else ""
    drawn = Text.assemble((mark + " " * gap, "bold"))
    drawn.append(code.ljust(room), style)
    drawn.append(counter, "bold" if counter else "")
    return drawn
