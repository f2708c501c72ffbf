"""The current step as numbers: each addition with its factor, what it adds, before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from rich.text import Text

from convstep.conv.validation import cell_text
from convstep.view.model import Addition, Scene
from convstep.view.numbers import CellFormat, aligned, is_whole, short

Array = npt.NDArray[Any]

MARKS = {"done": "✓", "next": "▶", "later": " "}
"""What stands before an addition."""


def draw_card(scene: Scene, width: int, height: int) -> Text:
    """The step in as much detail as the room allows.

    Args:
        scene: what the screen shows.
        width: columns of room.
        height: lines of room.
    """
    title = _title(scene, width)
    for detail in (_whole, _labelled, _matrices, _change, _line):
        lines = [title]
        for number, addition in enumerate(scene.additions):
            lines += detail(addition, _mark(scene, number), width)
        if len(lines) <= height or detail is _line:
            break
    card = Text("\n", no_wrap=True, overflow="crop").join(lines[: max(height, 1)])
    card.no_wrap, card.overflow = True, "crop"
    return card


def _title(scene: Scene, width: int) -> Text:
    value = short(scene.dz, 6)
    name = f"dz = {scene.upstream} = "
    title = Text.assemble(name if len(name + value) <= width else "dz = ", (value, "bold"))
    remark = next((r for r in ("  adds nothing", "  adds 0") if len(title) + len(r) <= width), "")
    if scene.dz == 0:
        title.append(remark, "dim")
    return title


def _mark(scene: Scene, number: int) -> str:
    if number < scene.made:
        return MARKS["done"]
    return MARKS["next" if number == scene.made else "later"]


def _heading(addition: Addition, mark: str, width: int) -> Text:
    """The addition as the loop writes it; a long index is left out where it does not fit."""
    style = "bold" if mark != MARKS["later"] else "dim"
    heading = f"{mark} {addition.target} += {addition.formula}"
    if len(heading) > width:
        heading = f"{mark} {addition.cells.name}[…] += {addition.formula}"
    return Text(heading, style)


def _whole(addition: Addition, mark: str, width: int) -> list[Text]:
    """Factor, what is added, before and after, as four matrices; a single value as a sentence."""
    if not addition.factor_name:
        return _change(addition, mark, width)
    arrays = [addition.factor, addition.added, addition.before, addition.after]
    names = [addition.factor_name, addition.formula, "before", "after" if addition.done else "will be"]
    upper = _side_by_side(arrays[:2], names[:2], width)
    lower = _side_by_side(arrays[2:], names[2:], width)
    if not upper or not lower:
        return _matrices(addition, mark, width)
    return [Text(""), _heading(addition, mark, width), *upper, *lower]


def _labelled(addition: Addition, mark: str, width: int) -> list[Text]:
    """Factor and what is added as matrices under their names, and the cell that changes most."""
    if not addition.factor_name:
        return _change(addition, mark, width)
    names = [addition.factor_name, addition.formula]
    both = _side_by_side([addition.factor, addition.added], names, width)
    heading, sentence = _change(addition, mark, width)
    return [heading, *both, sentence]


def _matrices(addition: Addition, mark: str, width: int) -> list[Text]:
    """The same without the names."""
    lines = _labelled(addition, mark, width)
    return lines if len(lines) == 2 else [lines[0], *lines[2:]]


def _change(addition: Addition, mark: str, width: int) -> list[Text]:
    """The addition and the one cell that it changes most."""
    row, column = largest(addition.added)
    cell = addition.cells.index(
        addition.origin.row + row * addition.pace.row,
        addition.origin.column + column * addition.pace.column,
    )
    before, after = aligned([addition.before[row, column], addition.after[row, column]])
    index = cell_text("", cell)
    for where in (f"  {index}  ", f" {index} ", "  "):
        sentence = f"{where}{before} → {after}"
        if len(sentence) <= width:
            break
    return [_heading(addition, mark, width), Text(sentence, "" if addition.done else "dim")]


def _line(addition: Addition, mark: str, width: int) -> list[Text]:
    """The addition in one line."""
    row, column = largest(addition.added)
    before, after = addition.before[row, column], addition.after[row, column]
    name = addition.target if width >= 48 else addition.cells.name
    for digits in (4, 3, 2):
        line = f"{mark} {name} {short(before, digits)} → {short(after, digits)}"
        if len(line) <= width:
            break
    return [Text(line)]


def _side_by_side(arrays: list[Array], names: list[str], width: int) -> list[Text]:
    """Two matrices next to each other under their names; empty where they do not fit."""
    rows, columns = arrays[0].shape
    text = min((width - 3) // (len(arrays) * columns) - 1, 7)
    if text < 3:
        return []
    block = columns * (text + 1)
    lines = [Text("  " + " ".join(name.center(block) for name in names), "dim")]
    formats = [CellFormat.fitting(text, _largest_finite(array), whole=is_whole(array)) for array in arrays]
    for row in range(rows):
        parts = [
            "".join(" " + number.text(value) for value in array[row].tolist())
            for array, number in zip(arrays, formats, strict=True)
        ]
        lines.append(Text("  " + " ".join(parts)))
    return lines


def _largest_finite(array: Array) -> float:
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 1.0


def largest(values: Array) -> tuple[int, int]:
    """The cell of greatest magnitude, NaN above all; the first of several."""
    magnitude = np.abs(values)
    place = np.argmax(np.where(np.isnan(magnitude), np.inf, magnitude))
    row, column = np.unravel_index(place, values.shape)
    return int(row), int(column)
