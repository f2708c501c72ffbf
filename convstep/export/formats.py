"""Frames into files: the suffix says what kind."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from convstep.export.frame import Frame, Look, Row
from convstep.export.svg import svg
from convstep.files import check_target, written_whole
from convstep.language import tr
from convstep.printable import SentenceError

_BEGIN = "\x1b[?25l\x1b[?7l\x1b[2J"
"""No cursor, no new line after the last column, an empty screen."""
_END = "\x1b[0m\x1b[?7h\x1b[?25h"
"""The terminal as it was."""


def cast(frames: Sequence[Frame]) -> str:
    """Frames of one size as an asciicast: whole, then lines that changed; the same bytes each time."""
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


_MARKUP = re.compile(r"[\\`*\[\]<>#|~]|(?<!\w)_|_(?!\w)")
"""What may mean something; an underscore inside a word does not."""


def document(frames: Sequence[Frame], pictures: Sequence[Path]) -> str:
    """A page with a section per frame: its caption, text, and its picture, which lies in the same folder."""
    sections = [f"# {escaped(frames[0].title)}"]
    part = caption = ""
    for frame, picture in zip(frames, pictures, strict=True):
        if frame.part != part:
            sections.append(f"## {escaped(frame.part)}")
            part, caption = frame.part, ""
        if frame.caption != caption:  # a second picture of the same section
            sections.append(f"{'###' if part else '##'} {escaped(frame.caption)}")
            caption = frame.caption
        if frame.text.strip():
            sections.append(frame.text.strip())
        alt = escaped(f"{frame.title}: {frame.caption}")
        sections.append(f"![{alt}]({quote(os.fsencode(picture.name))})")
    return "\n\n".join(sections) + "\n"


def escaped(words: str) -> str:
    r"""Words in one line that Markdown takes for nothing but words.

    >>> print(escaped("i_h 0: dW[0] += x * 0.42"))
    i_h 0: dW\[0\] += x \* 0.42
    """
    return _MARKUP.sub(r"\\\g<0>", " ".join(words.split()))


SUFFIXES = (".svg", ".png", ".gif", ".cast", ".md", ".html")
MOST_FRAMES = 3_000
"""More than anybody looks at; each costs memory and up to a second."""


class ExportError(SentenceError, ValueError):
    """Pictures that cannot be made; the message is one sentence."""


def check(output: Path, frames: int) -> None:
    """Refuse, with an ExportError, a suffix that is not written, PNG without Pillow, or too many frames."""
    if output.suffix not in SUFFIXES:
        *others, last = SUFFIXES
        said = tr(
            "{output} does not end in {others} or {last}; the ending of -o decides what is drawn",
            output=output,
            others=", ".join(others),
            last=last,
        )
        raise ExportError(said)
    if output.suffix in (".png", ".gif") and not has_pillow():
        raise ExportError(tr("PNG and GIF need Pillow; pip install 'convstep[export]'"))
    if frames > MOST_FRAMES:
        said = tr(
            "{count:,} pictures are too many for one command; ask for {most:,} or fewer",
            count=frames,
            most=MOST_FRAMES,
        )
        raise ExportError(said)


def has_pillow() -> bool:
    """Whether pixels can be drawn here."""
    return importlib.util.find_spec("PIL") is not None


def write(
    frames: Sequence[Frame], output: Path, progress: Callable[[int], None] = lambda done: None
) -> list[Path]:
    """Write frames of one size in the form that a file's suffix asks for; the files, that one first.

    A .gif, a .cast and an .md are one file, the .md with its pictures beside it. Several .svg or .png get the
    frame's position before the suffix: `out.svg` -> `out-0012.svg`; `progress` is told of each. Nothing is
    written after an `ExportError`, or a `FileRefused`: one of the files is a link, a pipe, a device or a
    socket. An OSError if a file cannot be written.
    """
    check(output, len(frames))
    if not frames:
        raise ExportError("there is nothing to draw")
    if len({frame.size for frame in frames}) > 1 and output.suffix in (".gif", ".cast"):
        raise ExportError(f"{output} needs frames of one size")
    pictures: list[Path] = []
    if output.suffix == ".md":
        pictures = _numbered(frames, output.with_suffix(".png" if has_pillow() else ".svg"))
    elif output.suffix in (".svg", ".png"):
        pictures = [output] if len(frames) == 1 else _numbered(frames, output)
    for path in pictures:
        check_target(path)
    if pictures:  # first: a page never links to what is not there
        _pictures(frames, pictures, progress)
    if output.suffix in (".svg", ".png"):
        return pictures
    with written_whole(output) as file:
        if output.suffix == ".gif":
            from convstep.export.gif import write_gif

            write_gif(frames, file)
        elif output.suffix == ".cast":
            file.write(cast(frames).encode())
        else:
            file.write(document(frames, pictures).encode())
    return [output, *pictures]


def _pictures(frames: Sequence[Frame], paths: Sequence[Path], progress: Callable[[int], None]) -> list[Path]:
    for done, (frame, path) in enumerate(zip(frames, paths, strict=True), 1):
        picture = _picture(frame, path.suffix)
        with written_whole(path) as file:
            file.write(picture)
        progress(done)
    return [*paths]


def _picture(frame: Frame, suffix: str) -> bytes:
    if suffix == ".svg":
        return svg(frame).encode()
    from convstep.export.png import png  # an SVG does without Pillow

    return png(frame)


def _numbered(frames: Sequence[Frame], output: Path) -> list[Path]:
    """A file name for each frame: with its position, or its place in the row where two share one."""
    numbers = [frame.position for frame in frames]
    if len({*numbers}) < len(numbers):
        numbers = [*range(1, len(frames) + 1)]
    most = max(*numbers, *(frame.total for frame in frames))
    digits = max(len(str(most)), 4)
    return [output.with_name(f"{output.stem}-{number:0{digits}d}{output.suffix}") for number in numbers]
