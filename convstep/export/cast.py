"""Terminal recordings: asciicast v2, as `asciinema play` and its web player take them.

Format: https://docs.asciinema.org/manual/asciicast/v2/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from convstep.export.frame import Frame, Look, Row

_BEGIN = "\x1b[?25l\x1b[?7l\x1b[2J"
"""No cursor, no new line after the last column, an empty screen."""
_END = "\x1b[0m\x1b[?7h\x1b[?25h"
"""The terminal as it was."""


def cast(frames: Sequence[Frame]) -> str:
    """Frames of one size as an asciicast: the first whole, of the others the lines that changed.

    Nothing in it tells when or where it was made, so that the same frames give the same bytes.
    """
    columns, lines = frames[0].size
    header = {"version": 2, "width": columns, "height": lines, "title": frames[0].title}
    written = [json.dumps(header, ensure_ascii=False)]
    for seconds, sent in _events(frames):
        written.append(json.dumps([round(seconds, 3), "o", sent], ensure_ascii=False))
    return "\n".join(written) + "\n"


def _events(frames: Sequence[Frame]) -> Iterator[tuple[float, str]]:
    now = 0.0
    before: tuple[Row | None, ...] = (None,) * frames[0].size[1]
    start = _BEGIN
    for frame in frames:
        changed = [line for line, row in enumerate(frame.rows) if row != before[line]]
        yield now, start + "".join(f"\x1b[{line + 1};1H{_ansi(frame.rows[line])}" for line in changed)
        before, start = frame.rows, ""
        now += frame.seconds
    yield now, f"\x1b[{frames[0].size[1]};1H{_END}"  # the last frame stands as long as it should


def _ansi(row: Row) -> str:
    return "".join(_style(run.look) + run.text for run in row) + "\x1b[0m"


def _style(look: Look) -> str:
    marks = (look.bold, 1), (look.italic, 3), (look.underline, 4), (look.strike, 9)
    codes = [0, *(code for wanted, code in marks if wanted)]
    codes += [38, 2, *look.foreground, 48, 2, *look.background]
    return f"\x1b[{';'.join(map(str, codes))}m"
