"""The current step as numbers: each addition with its factor, what it adds, before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len
from rich.text import Text

from convstep.language import tr
from convstep.steps.cells import cell_text
from convstep.view.numbers.factor import common_power, factor_text
from convstep.view.numbers.text import CellFormat, is_whole, largest, largest_finite, short
from convstep.view.scene.scene import Addition, Scene
from convstep.view.text.wrapping import centred

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
    title = title_of_step(scene, width, tr("adds nothing"), tr("adds 0"))
    marked = [(addition, _mark(scene, number)) for number, addition in enumerate(scene.additions)]
    details = (_whole, _labelled, _change, _line)
    forms = ([title, *(line for one in marked for line in detail(*one, width))] for detail in details)
    return first_that_fits(forms, height)


def title_of_step(scene: Scene, width: int, *remarks: str) -> Text:
    """The value that the step takes, named in full if it can be; where it is 0 the first remark that fits."""
    if scene.taken is None:
        return Text()
    value, word = short(scene.dz, 6), scene.taken.text
    name = f"{word} = {scene.upstream} = "
    title = Text.assemble(name if len(name + value) <= width else f"{word} = ", (value, "bold"))
    adds = all(write.kind == "adds" for write in scene.event.writes)
    said = remarks if scene.dz == 0 and adds else ()
    title.append(next((f"  {r}" for r in said if title.cell_len + 2 + cell_len(r) <= width), ""), "dim")
    return title


def first_that_fits(forms: Iterable[list[Text]], height: int) -> Text:
    """The first form with no more lines than there is room for, or as much of the last as there is."""
    lines = list[Text]()
    for lines in forms:
        if len(lines) <= height:
            break
    card = Text("\n", no_wrap=True, overflow="crop").join(lines[: max(height, 1)])
    card.no_wrap, card.overflow = True, "crop"
    return card


def _mark(scene: Scene, number: int) -> str:
    if number < scene.made:
        return MARKS["done"]
    return MARKS["next" if number == scene.made else "later"]


def _heading(addition: Addition, mark: str, width: int) -> Text:
    """The addition as the loop writes it, for the channel that is shown; long slices are left out."""
    style = "bold" if mark != MARKS["later"] else "dim"
    channel = addition.cells.fixed[-1]
    several = channel is not None and addition.cells.lengths[-1] > 1
    name = addition.cells.name
    brief = (f"{name}[…, {channel}]",) if several else ()
    parts = (addition.shown, *brief, f"{name}[…]")
    if addition.part:
        parts = tuple(f"{part}{said}" for part in (*parts, name) for said in addition.part)
    headings = [f"{mark} {part} {addition.sign} {addition.formula}" for part in parts]
    return Text(next((text for text in headings if len(text) <= width), headings[-1]), style)


def _whole(addition: Addition, mark: str, width: int) -> list[Text]:
    """Factor, what is added, before and after, as four matrices; a single value as a sentence."""
    if addition.terms:
        return _summed(addition, mark, width, len(addition.terms))
    if not addition.factor_name:
        return _change(addition, mark, width)
    upper = _product(addition, width)
    names = [tr("before"), tr("after" if addition.done else "will be")]
    lower = _side_by_side([addition.before, addition.after], names, width, alike=True)
    if not upper or not lower:
        return _labelled(addition, mark, width)
    heading, sentence = _change(addition, mark, width)
    return [Text(""), heading, *upper, *lower, sentence]


def _labelled(addition: Addition, mark: str, width: int) -> list[Text]:
    """Factor and what is added as matrices under their names, and the cell that changes most."""
    if addition.terms:
        return _summed(addition, mark, width, len(addition.terms) - 1)
    if not addition.factor_name:
        return _change(addition, mark, width)
    heading, sentence = _change(addition, mark, width)
    return [heading, *_product(addition, width), sentence]


def _summed(addition: Addition, mark: str, width: int, shown: int) -> list[Text]:
    """The first terms of a sum as matrices, side by side as far as they fit, and the cell it goes to."""
    heading, sentence = _change(addition, mark, width)
    matrices, at = list[Text](), 0
    while at < shown:
        for count in range(shown - at, 0, -1):
            names, arrays = zip(*addition.terms[at : at + count], strict=True)
            lines = _side_by_side([*arrays], [*names], width)
            if lines:
                break
        matrices, at = matrices + lines, at + count
    return [heading, *matrices, sentence]


def _product(addition: Addition, width: int) -> list[Text]:
    names = [addition.factor_name, addition.formula]
    return _side_by_side([addition.factor, addition.added], names, width)


def _change(addition: Addition, mark: str, width: int) -> list[Text]:
    """The addition and the one cell that it changes most."""
    name, index, before, after = _most_changed(addition)
    wheres = (f"  {name}{index}  ", f"  {index}  ", f" {index} ", f" {index.replace(' ', '')} ")
    sentences = (
        f"{where}{short(before, digits)} → {short(after, digits)}"
        for digits, some in ((4, wheres[:3]), (3, wheres[1:3]), (4, wheres[3:]), (3, wheres[3:]),
                             (2, wheres[2:]), (1, wheres[2:]))
        for where in some
    )  # fmt: skip
    sentence = next((text for text in sentences if len(text) < width), f" {index}")  # not up to the border
    return [_heading(addition, mark, width), Text(sentence, "" if addition.done else "dim")]


def _line(addition: Addition, mark: str, width: int) -> list[Text]:
    """The addition in one line: the cell that it changes most, before and after."""
    name, index, before, after = _most_changed(addition)
    brief, compact = name if len(name) <= 4 else f"{name[:2]}…", index.replace(" ", "")
    spaced, tight = (f"{name}{index}", f"{brief}{index}"), (f"{brief}{compact}",)
    lines = (
        f"{mark} {cell} {short(before, digits)}{arrow}{short(after, digits)}"
        for digits, cells, arrow in (
            (4, spaced, " → "), (3, spaced, " → "), (4, tight, " → "), (3, tight, " → "),
            (2, spaced + tight, " → "), (1, tight, " → "), (1, (*tight, compact), "→"),
        )
        for cell in cells
    )  # fmt: skip
    return [Text(next((line for line in lines if len(line) <= width), f"{mark} {tight[0]}"))]


def _most_changed(addition: Addition) -> tuple[str, str, float, float]:
    """The cell to which most is added: its array, its index, its value before and after."""
    row, column = largest(addition.added)
    cell = addition.cells.index(addition.span.rows[row], addition.span.columns[column])
    index = cell_text("", cell)
    return addition.cells.name, index, addition.before[row, column], addition.after[row, column]


def _side_by_side(arrays: list[Array], names: list[str], width: int, *, alike: bool = False) -> list[Text]:
    """Two matrices next to each other under their names; empty where they do not fit.

    Args:
        arrays: of one shape.
        names: what they are.
        width: columns of room.
        alike: whether their numbers are written in the same way, so that they can be compared.
    """
    rows, columns = arrays[0].shape
    text = min((width - 3) // (len(arrays) * columns) - 1, 7)
    if text < 3:
        return []
    measured = [np.concatenate(arrays)] * len(arrays) if alike else arrays
    wholes = [is_whole(array) for array in measured]
    limits = [largest_finite(array, 1.0) for array in measured]
    powers = [common_power(limit, text, whole=whole) for limit, whole in zip(limits, wholes, strict=True)]
    titles = [f"{name} ({factor_text(p)})" if p else name for name, p in zip(names, powers, strict=True)]
    blocks = [max(columns * (text + 1), cell_len(title)) for title in titles]
    if any(powers) and 2 + sum(blocks) + len(blocks) - 1 > width:  # a factor that is not named is none
        powers, titles, blocks = [0] * len(arrays), names, [columns * (text + 1)] * len(arrays)
    lines = [Text("  " + " ".join(map(centred, titles, blocks)), "dim")]
    formats = [
        CellFormat.fitting(text, limit, whole=whole, power=power)
        for limit, whole, power in zip(limits, wholes, powers, strict=True)
    ]
    for row in range(rows):
        parts = [
            "".join(" " + number.text(value) for value in array[row].tolist()).center(block)
            for array, number, block in zip(arrays, formats, blocks, strict=True)
        ]
        lines.append(Text("  " + " ".join(parts)))
    return lines
