"""Make the Chinese font again from the whole one, which is ten times as large.

    pip install fonttools
    python -m convstep.export.fonts.make NotoSansCJK-Regular.ttc

The source is Google's and Adobe's Noto Sans CJK 2.004, a collection; its face "Noto Sans Mono CJK SC"
is taken. What stays is what simplified Chinese is written with: GB 2312, punctuation, full-width forms.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from convstep.export.fonts import CHINESE

FACE = "Noto Sans Mono CJK SC"
"""The face of the collection."""


def wanted() -> set[int]:
    """The code points that stay."""
    rows, columns = range(0xA1, 0xF8), range(0xA1, 0xFF)
    pairs = (bytes((row, column)).decode("gb2312", "ignore") for row in rows for column in columns)
    return {
        *(ord(character) for character in pairs if character),
        *range(0x3000, 0x3040),  # Chinese punctuation
        *range(0xFF00, 0xFFF0),  # full-width and half-width forms
    }


def face(source: Path) -> Any:
    """The face to take from a collection."""
    from fontTools.ttLib import TTCollection

    return next(font for font in TTCollection(source).fonts if font["name"].getDebugName(4) == FACE)


def make(source: Path, target: Path) -> None:
    """Write to the target the part of a font, of the source's collection, that is bundled."""
    from fontTools.subset import Options, Subsetter

    options = Options()
    options.layout_features = []  # glyphs are placed cell by cell: nothing is joined or kerned
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 14]  # copyright and licence stay
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE"]  # nothing is written top to bottom
    font = face(source)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=wanted())
    subsetter.subset(font)
    font["head"].modified = font["head"].created  # the same bytes on every run
    font.recalcTimestamp = False
    font.save(target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the bundled Chinese font.")
    parser.add_argument("source", type=Path, help="NotoSansCJK-Regular.ttc")
    parser.add_argument("-o", "--output", type=Path, default=CHINESE, help="by default the bundled file")
    given = parser.parse_args()
    make(given.source, given.output)
