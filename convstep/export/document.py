"""Markdown with pictures: a page that can be read, printed, or turned into slides."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from convstep.export.frame import Frame

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
