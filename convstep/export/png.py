"""PNG pictures, drawn cell by cell with the bundled fonts: the same pixels on every machine."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from convstep.export.frame import Frame, Look, cells
from convstep.export.ink import Canvas

CELL: Final = (16, 32)
"""Width and height of a cell in pixels: twice what a terminal usually has, for sharp screens and print."""

Pixels = npt.NDArray[np.uint8]
"""Red, green and blue. Shape: `(height, width, 3)`."""


def png(frame: Frame, cell: tuple[int, int] = CELL) -> bytes:
    """A frame as a PNG file, with cells of `(width, height)` pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels(frame, cell)).save(file, "PNG", compress_level=6)
    return file.getvalue()


def pixels(frame: Frame, cell: tuple[int, int] = CELL) -> Pixels:
    """A frame as pixels, `(lines * cell height, columns * cell width, 3)`."""
    canvas = Canvas(cell, frame.size)
    canvas.paint(frame)
    picture: Pixels = np.empty((*canvas.coverage.shape, 3), np.uint8)
    for line, looks in enumerate(looks_of(frame)):  # line by line: what is at hand stays small
        rows = slice(line * cell[1], (line + 1) * cell[1])
        foreground, background = (
            np.array(colours, np.int32).repeat(cell[0], axis=0)
            for colours in zip(*((look.foreground, look.background) for look in looks), strict=True)
        )
        coverage = canvas.coverage[rows, :, np.newaxis]
        picture[rows] = background + ((foreground - background) * coverage + 127) // 255
    return picture


def looks_of(frame: Frame) -> list[list[Look]]:
    """The look of every cell, line by line."""
    return [
        [run.look for run in row for _, columns in cells(run.text) for _ in range(columns)]
        for row in frame.rows
    ]
