"""The loop's own source, line by line, with what each line means to the debugger."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from convstep.view.scene.card import MARKS
from convstep.view.scene.own_lines import draw_own
from convstep.view.scene.scene import Scene, SourceLine


def draw_source(scene: Scene, width: int, height: int) -> Text:
    """The loop with the place it stands at: `▶` runs next or rests, `✓` is done in this step.

    Args:
        scene: what the screen shows.
        width: columns of room.
        height: lines of room; where the loop is longer, the lines around the mark are shown.
    """
    if scene.own:
        return draw_own(scene.own, width, height)
    lines = scene.source
    marks = marks_of(scene, lines)
    widest = max(len(line.code) for line in lines if line.addition)
    indent = 4 if width >= 4 * 4 + widest + 2 else 2 if width >= 2 * 4 + widest + 2 else 1
    gap = 1 if width >= indent * 4 + widest + 2 else 0  # the marked lines are indented anyway
    drawn = [_draw(line, mark, scene, width, indent, gap) for line, mark in zip(lines, marks, strict=True)]
    current = marks.index(MARKS["next"])
    first = max(0, min(current - height // 2, len(drawn) - height))
    text = Text("\n").join(drawn[first : first + height])
    text.no_wrap, text.overflow = True, "crop"
    return text


def marks_of(scene: Scene, lines: Sequence[SourceLine]) -> list[str]:
    """By line: `▶` on the next addition, or on the line where the loop rests once all are made."""
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
    # a loop that is not counted makes a single turn
    at, count = next(((loop.at, loop.count) for loop in scene.event.loops if loop.name == line.loop), (0, 1))
    counter = f" {at}/{count}" if line.loop else ""
    code = " " * (line.depth * indent) + line.code
    room = width - 1 - gap - len(counter)
    if len(code) > room:
        code = code[: room - 1] + "…"
    style = "bold reverse" if mark == MARKS["next"] else "bold" if mark == MARKS["done"] else ""
    drawn = Text.assemble((mark + " " * gap, "bold"))
    drawn.append(code.ljust(room), style)
    drawn.append(counter, "bold" if counter else "")
    return drawn
