"""Where ink goes: every character of a frame as covered pixels, on a grid of whole pixels.

Colour comes later. A PNG and a GIF mix each cell's two colours by the same coverage.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from convstep.export.fonts import BOLD, CHINESE, REGULAR
from convstep.export.frame import Frame, Row, cells
from convstep.export.shapes import Mask, drawn, light

STAND_INS: Final = {"⟲": "↺", "⟳": "↻", "⭘": "○", "⏎": "↵"}
"""What is drawn for a character that no bundled font has, where another looks the same."""

_ADVANCE = 1233 / 2048
"""Width of a character of the regular font, as a share of its size."""
_ASCENT, _DESCENT = 1901 / 2048, 483 / 2048
"""From the baseline to the top and to the bottom of the line, as shares of the size."""
_IDEOGRAPH_MIDDLE = 0.38
"""From the baseline up to the middle of an ideograph, as a share of the size."""
_SLANT = 0.2
"""Pixels to the right for every pixel upwards, in italics."""
_FULL: Final = 255


class Pen:
    """Writes characters into cells of one size; every mask is made once."""

    def __init__(self, cell: tuple[int, int]) -> None:
        """Prepare for cells of `(width, height)` pixels."""
        self.width, self.height = cell
        self._size = round(self.width / _ADVANCE)
        self._baseline = round((self.height + (_ASCENT - _DESCENT) * self._size) / 2)
        # ideographs fill a square, a little of it below the baseline: it stands in the cells' middle
        self._chinese_size = 2 * self.width - max(2, self.width // 4)
        self._chinese_baseline = int(self.height / 2 + _IDEOGRAPH_MIDDLE * self._chinese_size)
        self._masks: dict[tuple[str, int, bool, bool], Mask] = {}

    def row(self, row: Row) -> Mask:
        """The coverage of one line of the screen. Shape: `(cell height, columns * cell width)`."""
        parts: list[Mask] = []
        for run in row:
            look = run.look
            start = len(parts)
            for character, columns in cells(run.text):
                parts.append(self.mask(character, columns, bold=look.bold, italic=look.italic))
            if look.underline or look.strike:
                ruled = np.hstack(parts[start:])
                if look.underline:
                    self._rule(ruled, self._baseline + max(2, round(0.11 * self._size)))
                if look.strike:
                    self._rule(ruled, self._baseline - round(0.27 * self._size))
                parts[start:] = [ruled]
        return np.hstack(parts)

    def mask(self, character: str, columns: int = 1, *, bold: bool = False, italic: bool = False) -> Mask:
        """The coverage of one character, with its marks, inside the 1 or 2 cells that it takes."""
        key = character, columns, bold, italic
        if key not in self._masks:
            made = drawn(character, self.width * columns, self.height) if columns == 1 else None
            self._masks[key] = self._written(*key) if made is None else made
        return self._masks[key]

    def _rule(self, mask: Mask, top: int) -> None:
        thickness = max(1, round(self._size / 16))
        top = min(top, self.height - thickness)
        mask[top : top + thickness] = _FULL

    def _written(self, character: str, columns: int, bold: bool, italic: bool) -> Mask:
        width = columns * self.width
        if character.isspace():
            return np.zeros((self.height, width), np.uint8)
        character = "".join(STAND_INS.get(one, one) for one in character if one not in "\ufe0e\ufe0f")
        path = _font_of(character, columns, bold)
        if path is None:
            return self._hollow(width)
        size, baseline = self._size, self._baseline
        if path == CHINESE:
            size, baseline = self._chinese_size, self._chinese_baseline
        font = _font(path, size)
        embolden = bold and path != BOLD  # no bold of its own: written twice, a pixel apart
        if font.getlength(character) > width + 1:  # made for two cells and given one
            font = font.font_variant(size=int(font.size * width / font.getlength(character)))
        image = Image.new("L", (width, self.height))
        # whole pixels: a glyph between two pixels is a blurred one
        left = round((width - font.getlength(character)) / 2)
        pen = ImageDraw.Draw(image)
        for shift in range(2 if embolden else 1):
            pen.text((left + shift, baseline), character, _FULL, font, anchor="ls")
        return np.asarray(_slanted(image, baseline) if italic else image)

    def _hollow(self, width: int) -> Mask:
        """What stands for a character that cannot be drawn."""
        mask = np.zeros((self.height, width), np.uint8)
        edge, line = max(1, self.width // 8), light(self.width)
        top = self._baseline - round(0.75 * self._size)
        mask[top : self._baseline, edge : width - edge] = _FULL
        mask[top + line : self._baseline - line, edge + line : width - edge - line] = 0
        return mask


class Canvas:
    """The coverage of a whole screen, from frame to frame; only lines that changed are written again."""

    def __init__(self, cell: tuple[int, int], size: tuple[int, int]) -> None:
        """Prepare an empty screen: `(columns, lines)` of cells of `(width, height)` pixels."""
        self._pen = Pen(cell)
        self._rows: list[Row | None] = [None] * size[1]
        self.coverage: Mask = np.zeros((size[1] * cell[1], size[0] * cell[0]), np.uint8)
        """What is covered. Shape: `(height, width)` in pixels."""

    def paint(self, frame: Frame) -> list[int]:
        """Write a frame of the canvas's size; the lines that are not as they were."""
        changed = [line for line, row in enumerate(frame.rows) if row != self._rows[line]]
        for line in changed:
            top = line * self._pen.height
            self.coverage[top : top + self._pen.height] = self._pen.row(frame.rows[line])
            self._rows[line] = frame.rows[line]
        return changed


def _slanted(image: Image.Image, baseline: int) -> Image.Image:
    """Italics: shifted sideways about the middle of the small letters."""
    shift = _SLANT * baseline * 0.7
    return image.transform(
        image.size, Image.Transform.AFFINE, (1, _SLANT, -shift, 0, 1, 0), Image.Resampling.BICUBIC
    )


def _font_of(character: str, columns: int, bold: bool) -> Path | None:
    """The font that has a character, if any has it; wide ones are the Chinese font's."""
    latin = (BOLD, REGULAR) if bold else (REGULAR,)
    order = (CHINESE, *latin) if columns > 1 else (*latin, CHINESE)
    return next((path for path in order if _has(path, character)), None)


@cache
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    # the basic layout is the one that every Pillow has
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _has(path: Path, character: str) -> bool:
    """Whether a font has every part of a character: what it has not is drawn as its first glyph."""
    font = _font(path, 32)
    missing = _pixels(font, "\U0010ffff")
    return all(_pixels(font, part) != missing for part in character)


def _pixels(font: ImageFont.FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)
