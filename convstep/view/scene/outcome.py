"""How a recorded run ended: what it returned, or why it did not, and what it did to its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from convstep.language import tr
from convstep.printable import printable
from convstep.view.scene.expressions import value_words

if TYPE_CHECKING:
    from convstep.recording.recording import Recording

MOST = 20
"""Parts of a result that are listed."""


def draw_outcome(recording: Recording) -> list[Text]:
    """How a recording ended, wherever it stands, in paragraphs."""
    ended = recording.ended
    if ended is None:
        said = [Text(_heading(recording), "bold")]
        said += [Text(f"  {line}") for line in _returned(recording.result)]
    else:
        line = recording.source.line(ended.line).strip()
        said = [Text(printable(ended.sentence, None), "bold")]
        if line:
            said.append(Text(f"  {tr('line {line}: {text}', line=ended.line, text=printable(line, None))}"))
    total = recording.total
    counted = (
        tr("1 step was recorded") if total == 1 else tr("{total} steps were recorded", total=f"{total:,}")
    )
    said.append(Text(counted, "dim"))
    if recording.unseen:
        names = ", ".join(map(printable, recording.unseen))
        said.append(
            Text(tr("{names} changed in a way that was not seen, and may be shown too old", names=names))
        )
    if not recording.alarms:
        left = tr("it leaves the arrays of its caller as they are")
        return [*said, Text(""), Text(left if ended is None else tr("up to there {left}", left=left))]
    said += [Text(""), Text(tr("it writes into arrays of its caller:"), "bold")]
    for alarm in recording.alarms:
        if not alarm.line:
            said.append(Text("  " + tr("{array}, at a line that was not seen", array=printable(alarm.array))))
            continue
        words = tr(
            "step {step}, line {line} changes {array}: {text}",
            step=alarm.step + 1,
            line=alarm.line,
            array=printable(alarm.array),
            text=printable(alarm.text, None),
        )
        said.append(Text(f"  {words}"))
    return said


def _heading(recording: Recording) -> str:
    """That it returned, and by which statement where the last step has one."""
    last = recording.scout()
    last.seek(last.total)
    for one in last.event.statements if last.total else ():
        if one.text.startswith("return") and not one.frame:
            return tr("line {line}: {text}", line=one.line, text=printable(one.text, None))
    return tr("returned:")


def _returned(result: object) -> Iterator[str]:
    """A result in lines: one for each of its parts."""
    if isinstance(result, dict):
        named = [(f"[{key!r}]", value) for key, value in result.items()]
    elif isinstance(result, (tuple, list)) and any(isinstance(value, np.ndarray) for value in result):
        named = [(f"[{at}]", value) for at, value in enumerate(result)]
    else:
        yield value_words(result)
        return
    for name, value in named[:MOST]:
        yield f"{printable(name)}  {value_words(value)}"
    if len(named) > MOST:
        yield "…"
