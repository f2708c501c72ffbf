"""Animated GIF: one palette for all frames, and of every frame only what changed.

A pixel is a mixture of its cell's two colours, so the palette is known before anything is drawn, and exact
where 255 colours are enough. Pillow compresses a frame; its own `save_all` would hold all of them: 2 GB for
the most.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
from PIL import GifImagePlugin, Image

from convstep.export.frame import Frame, Rgb, cells
from convstep.export.ink import Canvas
from convstep.frozen import frozen

CELL: Final = (9, 18)
"""Width and height of a cell in pixels: text as large as on an ordinary screen, where the font is sharp."""

_UNCHANGED: Final = 255
_MOST_COLOURS: Final = 255
_LEVELS: Final = (16, 12, 8, 6, 5)
_LONGEST: Final = 65_535

Pair = tuple[Rgb, Rgb]
"""A cell's foreground and background."""
Indices = npt.NDArray[np.uint8]
"""Places in the palette. Shape: `(height, width)`."""


@frozen(eq=False)
class Palette:
    """The colours of a whole GIF."""

    colours: npt.NDArray[np.uint8]
    """Red, green and blue. Shape: `(at most 255, 3)`."""
    places: dict[Pair, int]
    """The row of `mixed` for each pair."""
    mixed: Indices
    """The colour of each pair at each coverage. Shape: `(pairs, 256)`."""


def write_gif(frames: Sequence[Frame], file: BinaryIO, cell: tuple[int, int] = CELL) -> None:
    """Write frames of one size as a GIF that repeats for ever; `cell` is `(width, height)` in pixels."""
    palette = palette_of(frames)
    columns, lines = frames[0].size
    size = columns * cell[0], lines * cell[1]
    file.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0xF7, 0, 0))
    file.write(palette.colours.tobytes().ljust(768, b"\0"))
    file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
    for frame, corner, changed in _changes(frames, palette, cell):
        hundredths = min(max(round(frame.seconds * 100), 1), _LONGEST)
        timed = {"duration": hundredths * 10, "disposal": 1, "transparency": _UNCHANGED}
        file.writelines(GifImagePlugin.getdata(Image.fromarray(changed), corner, **timed))
    file.write(b";")


def palette_of(frames: Sequence[Frame]) -> Palette:
    """The colours that frames need: exact if they are few enough, else the nearest of 255."""
    counts: Counter[Pair] = Counter()
    for frame in frames:
        for line in _pairs(frame):
            counts.update(line)
    pairs = sorted(counts)
    for levels in _LEVELS:
        wanted = _mixtures(pairs, levels)
        distinct = np.unique(wanted.reshape(-1, 3), axis=0)
        if len(distinct) <= _MOST_COLOURS:
            break
    else:
        distinct = _nearest_few(pairs, counts, wanted)
    nearest = [((colour - distinct) ** 2).sum(axis=1).argmin() for colour in wanted.reshape(-1, 3)]
    steps = np.round(np.arange(256) * (levels - 1) / 255).astype(np.intp)
    mixed = np.array(nearest, np.uint8).reshape(len(pairs), levels)[:, steps]
    return Palette(distinct.astype(np.uint8), {pair: place for place, pair in enumerate(pairs)}, mixed)


def _mixtures(pairs: list[Pair], levels: int) -> npt.NDArray[np.int32]:
    """Every pair in a number of levels, background first. Shape: `(pairs, levels, 3)`."""
    both = np.array(pairs, np.float64)
    share = np.linspace(0, 1, levels)[None, :, None]
    return np.round(both[:, None, 1] + (both[:, None, 0] - both[:, None, 1]) * share).astype(np.int32)


def _nearest_few(
    pairs: list[Pair], counts: Counter[Pair], wanted: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """A palette for more colours than there is room for: the commonest plain ones stay exact."""
    plain: Counter[Rgb] = Counter()
    for (foreground, background), count in counts.items():
        plain[background] += 4 * count  # most of a cell is background
        plain[foreground] += count
    exact = [colour for colour, _ in sorted(plain.items(), key=lambda item: (-item[1], item[0]))][:128]
    weights = np.array([1 + min(counts[pair], 200) // 10 for pair in pairs])
    rest = wanted.repeat(weights, axis=0).reshape(1, -1, 3).astype(np.uint8)
    few = Image.fromarray(rest).quantize(_MOST_COLOURS - len(exact), Image.Quantize.MEDIANCUT, kmeans=3)
    chosen = np.array(few.getpalette(), np.int32).reshape(-1, 3)
    return np.unique(np.concatenate([np.array(exact, np.int32), chosen]), axis=0)


def _changes(
    frames: Sequence[Frame], palette: Palette, cell: tuple[int, int]
) -> Iterator[tuple[Frame, tuple[int, int], Indices]]:
    """Each frame with the corner and the pixels of the part that is not as in the frame before."""
    canvas = Canvas(cell, frames[0].size)
    before: Indices | None = None
    for frame in frames:
        canvas.paint(frame)
        places = np.array([[palette.places[pair] for pair in line] for line in _pairs(frame)], np.int16)
        pixels = places.repeat(cell[1], axis=0).repeat(cell[0], axis=1)
        now = palette.mixed[pixels, canvas.coverage]
        if before is None:
            yield frame, (0, 0), now
        else:
            yield frame, *_difference(before, now)
        before = now


def _difference(before: Indices, now: Indices) -> tuple[tuple[int, int], Indices]:
    changed = before != now
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):  # nothing: a single pixel that lets it stand longer
        return (0, 0), np.full((1, 1), _UNCHANGED, np.uint8)
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    pixels = np.where(changed[part], now[part], np.uint8(_UNCHANGED))
    return (int(columns[0]), int(rows[0])), np.ascontiguousarray(pixels)


def _pairs(frame: Frame) -> Iterator[list[Pair]]:
    """The two colours of every cell, line by line; a blank one has only its background."""
    for row in frame.rows:
        line: list[Pair] = []
        for run in row:
            look = run.look
            ruled = look.underline or look.strike
            inked, blank = (look.foreground, look.background), (look.background, look.background)
            for character, columns in cells(run.text):
                line += [blank if character == " " and not ruled else inked] * columns
        yield line
