"""The lines of a source as a page has them at a step."""

from __future__ import annotations

from collections.abc import Sequence

from convstep.frozen import frozen
from convstep.view.scene.own_lines import note_forms
from convstep.view.scene.scene import Scene, SourceLine

DONE, NEXT = "v", ">"
"""Marks of lines, as the tape has them."""


@frozen()
class Line:
    """One line of a source at a step."""

    number: int
    """As it is labelled; 0 without."""
    code: str
    """Without its indentation."""
    indent: int
    """Columns of it."""
    mark: str = ""
    """`NEXT`, `DONE` or ""."""
    turn: str = ""
    """How far its loop is."""
    note: str = ""
    """What it came to."""
    said: str = ""
    """What its author's own forward says of it."""
    hue: str = ""
    """What it does with cells: `READS`, `WRITES`, or "now" for the single value of the step."""


def state_of(line: Line) -> str:
    """What a step makes of a line: a letter for its mark, one for its hue, then its turn, note and sign."""
    said = "\n".join(" ".join(words.split()) for words in (line.turn, line.note, line.said))
    return f"{line.mark or ' '}{line.hue[:1] or ' '}{said}".rstrip()


def own_lines(lines: Sequence[SourceLine]) -> list[Line]:
    """Lines of code, as a step stands in them."""
    return [
        Line(
            line.number,
            line.code,
            line.indent,
            NEXT if line.current else DONE if line.done else "",
            line.loop,
            note_forms(line)[-1],
            line.said,
            "now" if line.now else line.hue,
        )
        for line in lines
    ]


def lines_of(scene: Scene) -> list[Line]:
    """The source beside a scene."""
    return own_lines(scene.source)
