"""The candidate's own source at the step that does what the reference's does, with its variables."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from convstep.candidate.report import own_words
from convstep.language import tr
from convstep.printable import printable
from convstep.view.numbers.text import short
from convstep.view.scene.card import MARKS
from convstep.view.text.wrapping import wrap

if TYPE_CHECKING:
    from convstep.candidate.step.own_lines import OwnLines
    from convstep.candidate.step.own_run import OwnStep

LEAST_LINES = 3
"""Lines of source that are shown however much there is to say below them."""


def own_title(own: OwnLines) -> str:
    """What the part is called: the file, and whose it is."""
    source = own.run.recording.source
    name = printable(os.path.basename(source.path), 40)
    if source.cell is not None:
        name = tr("cell {cell}", cell=source.cell)
    return tr("{file}: yours", file=name)


def draw_own(own: OwnLines, step: OwnStep | None, width: int, height: int) -> Text:
    """The lines around the one that matters, and below them what is known of it, and the variables.

    Args:
        own: the candidate's own run.
        step: its step; None if none of its steps does what the reference's shown one does.
        width: columns of room.
        height: lines of room.
    """
    if step is None:
        return _joined(_sentence(tr("none of its steps reads this cell of dZ"), width, ""), height)
    said = [line for words in own_words(own, step) for line in _sentence(words, width, "bold")]
    variables = _sentence("  ".join(_variables(own, step)), width, "")
    lines = own.run.recording.source.lines
    wanted = min(max(height - len(said) - len(variables), LEAST_LINES), height)
    rest = [*said, *variables][: max(height - wanted, 0)]
    return _joined([*_lines(lines, step.line, width, wanted), *rest], height)


def _lines(lines: tuple[str, ...], marked: int, width: int, height: int) -> list[Text]:
    """So many lines of the source, the marked one in their middle."""
    first = max(1, min(marked - height // 2, len(lines) - height + 1))
    shown = [
        (number, lines[number - 1].expandtabs(4)) for number in range(first, first + height)[: len(lines)]
    ]
    shown = [(number, line) for number, line in shown if number <= len(lines)]
    indents = [len(line) - len(line.lstrip()) for _, line in shown if line.strip()]
    common, digits = min(indents, default=0), len(str(first + height))
    drawn = []
    for number, line in shown:
        at = number == marked
        code = printable(line[common:], None)
        room = width - digits - 3
        code = code if cell_len(code) <= room else f"{set_cell_size(code, max(room - 1, 0)).rstrip()}…"
        mark = MARKS["next"] if at else " "
        style = "bold reverse" if at else ""
        drawn.append(Text.assemble((f"{mark}{number:>{digits}} ", "bold" if at else "dim"), (code, style)))
    return drawn


def _variables(own: OwnLines, step: OwnStep) -> Iterator[str]:
    """The variables that the marked line and its neighbours name, then the others."""
    lines, window = own.run.recording.source.lines, step.window
    near = " ".join((*lines[step.line - 1 : step.line + 3], *lines[max(step.line - 4, 0) : step.line - 1]))
    named = dict.fromkeys(re.findall(r"[^\W\d]\w*", near))
    if window is not None and window.name:
        yield f"{window.name} = {window.value} ({tr('reference')} {window.right_value})"
        named.pop(window.name, None)
    for name in named:
        if name in step.variables:
            yield f"{name} = {_value(step.variables[name])}"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_value(one) for one in value)})"
    if isinstance(value, (bool, int)):
        return str(value)
    return short(float(value)) if hasattr(value, "__float__") else printable(str(value), 20)


def _sentence(words: str, width: int, style: str) -> list[Text]:
    return [Text(line.plain, style) for line in wrap(Text(printable(words, None)), max(width, 8))]


def _joined(lines: list[Text], height: int) -> Text:
    text = Text("\n").join(lines[:height])
    text.no_wrap, text.overflow = True, "crop"
    return text
