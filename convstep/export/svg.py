"""SVG pictures: text stays text, every column stays in its place whatever font the viewer has.

Rich's own SVG gives a wide character the room of a narrow one, so that Chinese overlaps, and leaves
lines to the font, so that borders have gaps. Here lines and blocks are shapes and words have a place.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Final

import numpy as np

from convstep.export.frame import Frame, Look, Rgb, Run, cells
from convstep.export.shapes import SHADES, Mask, arc, arc_radius, axis, drawn, light

WIDTH: Final = 12
HEIGHT: Final = 24
"""A cell, in the picture's own units."""

_FONT_SIZE, _BASELINE = 20, 18
_UNDERLINE, _STRIKE = 21, 13
_TOP, _SIDE = 40, 9
_CHROME = "#292929"
_FONTS = (
    "'DejaVu Sans Mono','Fira Code',Menlo,Consolas,'Noto Sans Mono CJK SC','PingFang SC','Microsoft YaHei',"
    "monospace"
)

Cell = tuple[int, str, int]
"""Column, character, and the columns it takes."""


def svg(frame: Frame) -> str:
    """A frame as an SVG file, in a window with the frame's title."""
    columns, lines = frame.size
    width, height = columns * WIDTH, lines * HEIGHT
    whole = width + 2 * _SIDE, height + _TOP + _SIDE
    painting = _Painting(frame)
    for line, row in enumerate(frame.rows):
        column = 0
        for run in row:
            column = painting.add(line, column, run)
    title = escape(frame.title)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{whole[0]}" height="{whole[1]}" '
            f'viewBox="0 0 {whole[0]} {whole[1]}">',
            f"<title>{title}</title>",
            f"<desc>{escape(frame.caption)}</desc>",
            *_window(*whole, title),
            f'<g transform="translate({_SIDE},{_TOP})" font-family="{_FONTS}" font-size="{_FONT_SIZE}">',
            f'<rect width="{width}" height="{height}" fill="{_hex(painting.background)}"/>',
            *painting.elements(),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _window(width: int, height: int, title: str) -> list[str]:
    """What stands around the screen."""
    buttons = [
        f'<circle cx="{x}" cy="20" r="7" fill="{fill}"/>'
        for x, fill in ((26, "#ff5f57"), (48, "#febc2e"), (70, "#28c840"))
    ]
    return [
        f'<rect x="1" y="1" width="{width - 2}" height="{height - 2}" rx="8" '
        f'fill="{_CHROME}" stroke="#ffffff" stroke-opacity="0.35"/>',
        *buttons,
        f'<text x="{width / 2:g}" y="26" fill="#c5c8c6" text-anchor="middle" font-weight="bold" '
        f'font-size="18" font-family="sans-serif">{title}</text>',
    ]


class _Painting:
    """The elements of a screen, in the order in which they lie over each other."""

    def __init__(self, frame: Frame) -> None:
        grounds: Counter[Rgb] = Counter()
        for row in frame.rows:
            for run in row:
                grounds[run.look.background] += len(run.text)
        self.background = grounds.most_common(1)[0][0]
        """The colour under everything."""
        self._grounds: list[tuple[int, int, int, Rgb]] = []
        self._shapes: defaultdict[tuple[Rgb, int], list[str]] = defaultdict(list)
        self._curves: defaultdict[Rgb, list[str]] = defaultdict(list)
        self._words: list[str] = []

    def add(self, line: int, column: int, run: Run) -> int:
        """Paint a run; returns the column behind it."""
        placed: list[Cell] = []
        end = column
        for character, columns in cells(run.text):
            placed.append((end, character, columns))
            end += columns
        if run.look.background != self.background:
            self._grounds.append((line, column, end, run.look.background))
        for kind, group in groupby(placed, _kind):
            if kind == "shape":
                self._draw(line, list(group), run.look.foreground)
            elif kind == "word":
                for word in _words(list(group)):
                    self._write(line, word, run.look)
        for wanted, y in ((run.look.underline, _UNDERLINE), (run.look.strike, _STRIKE)):
            if wanted:
                box = column * WIDTH, line * HEIGHT + y, (end - column) * WIDTH, 1
                self._shapes[run.look.foreground, 255].append(_box(box))
        return end

    def elements(self) -> Iterator[str]:
        for (line, colour), group in groupby(self._grounds, lambda ground: (ground[0], ground[3])):
            ends = list(group)
            # neighbours in one line and colour only: others may lie between
            for _, start, end, _ in _joined(ends):
                yield (
                    f'<rect x="{start * WIDTH}" y="{line * HEIGHT}" width="{(end - start) * WIDTH}" '
                    f'height="{HEIGHT}" fill="{_hex(colour)}" shape-rendering="crispEdges"/>'
                )
        for (colour, coverage), boxes in self._shapes.items():
            opacity = "" if coverage == 255 else f' fill-opacity="{coverage / 255:.2f}"'
            yield (
                f'<path fill="{_hex(colour)}"{opacity} shape-rendering="crispEdges" d="{"".join(boxes)}"/>'
            )
        for colour, curves in self._curves.items():
            yield (
                f'<path fill="none" stroke="{_hex(colour)}" stroke-width="{light(WIDTH)}" '
                f'd="{"".join(curves)}"/>'
            )
        yield from self._words

    def _draw(self, line: int, group: list[Cell], colour: Rgb) -> None:
        """Lines and blocks; neighbours become one shape."""
        x, y = group[0][0] * WIDTH, line * HEIGHT
        masks = []
        for column, character, _ in group:
            mask = drawn(character, WIDTH, HEIGHT)
            assert mask is not None
            if character in SHADES or arc(character) is not None:
                if character in SHADES:
                    whole = column * WIDTH, y, WIDTH, HEIGHT
                    self._shapes[colour, SHADES[character]].append(_box(whole))
                else:
                    self._curves[colour].append(_curve(column * WIDTH, y, character))
                mask = np.zeros_like(mask)
            masks.append(mask)
        for left, top, width, height in rectangles(np.hstack(masks)):
            self._shapes[colour, 255].append(_box((x + left, y + top, width, height)))

    def _write(self, line: int, word: list[Cell], look: Look) -> None:
        text = "".join(character for _, character, _ in word)
        first = word[0][0] * WIDTH
        if text.isascii():
            # every monospace font has these, so that spacing them evenly puts each in its column
            place = f'x="{first}" textLength="{len(text) * WIDTH}"'
        else:
            # others may come from another font: each gets a place of its own
            place = (
                'x="'
                + " ".join(
                    str(column * WIDTH + (columns * WIDTH - _FONT_SIZE) // 2 * (columns > 1))
                    for column, character, columns in word
                    for _ in character
                )
                + '"'
            )
        style = ' font-weight="bold"' * look.bold + ' font-style="italic"' * look.italic
        shown, y = escape(text).replace(" ", "&#160;"), line * HEIGHT + _BASELINE
        self._words.append(f'<text {place} y="{y}" fill="{_hex(look.foreground)}"{style}>{shown}</text>')


def rectangles(mask: Mask) -> Iterator[tuple[int, int, int, int]]:
    """The covered part of a mask as boxes: x, y, width, height."""
    top = 0
    for row, same in groupby(mask, key=lambda pixels: (pixels > 0).tobytes()):
        height = len(list(same))
        covered = np.frombuffer(row, np.bool_).astype(np.int8)
        edges = np.flatnonzero(np.diff(covered, prepend=0, append=0)).tolist()
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            yield start, top, end - start, height
        top += height


def _joined(grounds: list[tuple[int, int, int, Rgb]]) -> list[tuple[int, int, int, Rgb]]:
    joined = grounds[:1]
    for line, start, end, colour in grounds[1:]:
        if joined[-1][2] == start:
            joined[-1] = line, joined[-1][1], end, colour
        else:
            joined.append((line, start, end, colour))
    return joined


def _kind(cell: Cell) -> str:
    _, character, _ = cell
    return "word" if drawn(character, WIDTH, HEIGHT) is None else "shape"


def _words(group: list[Cell]) -> Iterator[list[Cell]]:
    """Text without the blanks around it; two blanks in a row divide it."""
    word: list[Cell] = []
    blank: list[Cell] = []
    for cell in group:
        if cell[1].isspace():
            blank.append(cell)
            continue
        if word and len(blank) > 1:
            yield word
            word = []
        word += [*blank, cell] if word else [cell]
        blank = []
    if word:
        yield word


def _curve(left: int, top: int, character: str) -> str:
    """A rounded corner, from the edge above or below to the one at its side."""
    sides = arc(character)
    assert sides is not None
    upright, level = sides
    x, y = axis(WIDTH, light(WIDTH)), axis(HEIGHT, light(WIDTH))
    radius = arc_radius(upright, level, WIDTH, HEIGHT)
    down, right = upright == "down", level == "right"
    end_y, end_x = (HEIGHT if down else 0), (WIDTH if right else 0)
    near_y, near_x = y + radius * (1 if down else -1), x + radius * (1 if right else -1)
    return (
        f"M{left + x:g} {top + end_y}V{top + near_y:g}"
        f"A{radius:g} {radius:g} 0 0 {int(down == right)} {left + near_x:g} {top + y:g}H{left + end_x}"
    )


def _box(box: tuple[int, int, int, int]) -> str:
    x, y, width, height = box
    return f"M{x} {y}h{width}v{height}h-{width}z"


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
