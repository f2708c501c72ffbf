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
    """A frame as a PNG file.

    Args:
        frame: what to draw.
        cell: width and height of a cell in pixels.
    """
    file = io.BytesIO()
    Image.fromarray(pixels(frame, cell)).save(file, "PNG", optimize=True)
    return file.getvalue()


def pixels(frame: Frame, cell: tuple[int, int] = CELL) -> Pixels:
    """A frame as pixels. Shape: `(lines * cell height, columns * cell width, 3)`.

    Args:
        frame: what to draw.
        cell: width and height of a cell in pixels.
    """
    canvas = Canvas(cell, frame.size)
    canvas.paint(frame)
    looks = looks_of(frame)
    foreground = spread(np.array([[look.foreground for look in line] for line in looks], np.int16), cell)
    background = spread(np.array([[look.background for look in line] for line in looks], np.int16), cell)
    coverage = canvas.coverage[:, :, np.newaxis].astype(np.int32)
    mixed: Pixels = (background + ((foreground - background) * coverage + 127) // 255).astype(np.uint8)
    return mixed


def looks_of(frame: Frame) -> list[list[Look]]:
    """The look of every cell, line by line."""
    return [
        [run.look for run in row for _, columns in cells(run.text) for _ in range(columns)]
        for row in frame.rows
    ]


def spread(values: npt.NDArray[np.int16], cell: tuple[int, int]) -> npt.NDArray[np.int16]:
    """A value of every cell on every pixel of the cell. Shape: `(lines, columns, ...)`."""
    width, height = cell
    return values.repeat(height, axis=0).repeat(width, axis=1)
