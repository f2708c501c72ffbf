"""The candidate's own source at the step that does what the reference's does, with what each line came to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.text import Text

from convstep.candidate.report import lines_text, own_words
from convstep.language import tr
from convstep.printable import printable
from convstep.view.panels import recorded
from convstep.view.scene.own_lines import draw_own as draw_lines
from convstep.view.scene.own_lines import own_lines
from convstep.view.scene.scene import SourceLine
from convstep.view.text.wrapping import wrap

if TYPE_CHECKING:
    from convstep.candidate.step.own_lines import OwnLines
    from convstep.candidate.step.own_run import OwnStep

LEAST_LINES = 3
"""Lines of source that are shown however much there is to say below them."""


def own_title(own: OwnLines) -> str:
    """What the part is called: the file or the cell, and whose it is."""
    source = own.run.recording.source
    name = printable(os.path.basename(source.path), 40)
    if source.cell is not None:
        name = tr("cell {cell}", cell=source.cell)
    return tr("{file}: yours", file=name)


def own_source(own: OwnLines, step: OwnStep) -> tuple[SourceLine, ...]:
    """The lines of the function that the step runs in; beside the one that matters what is right."""
    source, event, window = own.run.recording.source, step.event, step.window
    functions = own.run.recording.log.sites.functions
    around = (one for one in functions if one.line <= step.line <= one.last_line)
    found = min(around, key=lambda one: one.last_line - one.line, default=None)
    numbers = range(1, len(source.lines) + 1) if found is None else range(found.line, found.last_line + 1)
    notes = recorded.notes_of(event, recorded.statement_texts(event))
    if window is not None and window.name:
        notes[step.line] = tr(
            "{name} = {value}; reference: {right}",
            name=window.name,
            value=window.value,
            right=window.right_value,
        )
    elif window is not None:
        notes[step.line] = tr(
            "[{rows}, {columns}]; reference: [{right_rows}, {right_columns}]",
            rows=lines_text(window.rows),
            columns=lines_text(window.columns),
            right_rows=lines_text(window.right_rows),
            right_columns=lines_text(window.right_columns),
        )
    lines = {number: source.line(number) for number in numbers}
    return own_lines(event, lines, notes, step.line, executed=True)


def draw_own(own: OwnLines, step: OwnStep | None, width: int, height: int) -> Text:
    """The lines around the one that matters, and below them what is known of it.

    The step is None if none of the candidate's does what the reference's shown one does.
    """
    if step is None:
        words = [tr("no step of yours stands for this one: none reads this cell of the upstream gradient")]
    else:
        words = own_words(own, step, names=False)  # it stands beside the line
    said = [line for one in words for line in wrap(Text(printable(one, None), "bold"), max(width, 8))]
    if step is not None:
        said = said[: max(height - LEAST_LINES, 0)]
        drawn = draw_lines(own_source(own, step), width, height - len(said))
        said = [*drawn.split("\n"), *said]
    text = Text("\n").join(said[:height])
    text.no_wrap, text.overflow = True, "crop"
    return text
