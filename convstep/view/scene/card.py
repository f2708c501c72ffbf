"""The current step as numbers: each addition with its factor, what it adds, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import cell_text
from convstep.view.numbers.factor import CLOSE, common_power, factor_text
from convstep.view.numbers.text import CellFormat, is_whole, largest, largest_finite, short
from convstep.view.scene.scene import Addition, Scene
from convstep.view.text.wrapping import centred, wrap

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
    above = [] if scene.event.statements else [title]
    above += [line for remark in scene.remarks for line in wrap(Text(printable(remark)), width)]
    marked = [(addition, _mark(scene, addition.number)) for addition in scene.additions]
    details = (_line, _change, _labelled, _whole)
    forms = [[detail(*one, width) for detail in details] for one in marked]
    return first_that_fits([[*above, *_as_full_as_fits(scene, forms, height - len(above))]], height)


def _as_full_as_fits(scene: Scene, forms: list[list[list[Text]]], height: int) -> list[Text]:
    """The additions alike in the fullest form that fits; statements each as fully, the latest first."""
    fullest = max((at for at in range(4) if _lines(form[at] for form in forms) <= height), default=0)
    chosen = [fullest] * len(forms)
    latest = sorted(range(len(forms)), key=lambda at: scene.additions[at].done and -at)
    for at in latest if scene.event.statements else ():
        for fuller in range(3, chosen[at], -1):
            others = _lines(forms[n][form] for n, form in enumerate(chosen) if n != at)
            if others + len(forms[at][fuller]) <= height:
                chosen[at] = fuller
                break
    lines = [line for form, at in zip(forms, chosen, strict=True) for line in form[at]]
    return lines[1:] if lines and scene.event.statements and not lines[0].plain else lines


def _lines(forms: Iterable[list[Text]]) -> int:
    return sum(map(len, forms))


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


def _heading(addition: Addition, mark: str, width: int) -> list[Text]:
    """The addition as its source writes it, in the longest form that fits; else broken into lines."""
    style = "bold" if mark != MARKS["later"] else "dim"
    forms = [f"{mark} {text}" for text in addition.headings]
    fitting = next((text for text in forms if cell_len(text) <= width), None)
    if fitting is not None or not addition.words.statement:
        return [Text(forms[-1] if fitting is None else fitting, style)]
    first, *others = wrap(Text(addition.headings[0], style), width - 4)
    return [Text.assemble((f"{mark} ", style), first), *(Text.assemble("    ", line) for line in others)]


def _said(addition: Addition, width: int) -> list[Text]:
    """What the statement reads, and what else is to be said of it."""
    words = [*addition.words.reads, *filter(None, [addition.words.remark])]
    style = "" if addition.done else "dim"
    return [Text(f"  {line.plain}", style) for word in words for line in wrap(Text(word), width - 2)]


def _whole(addition: Addition, mark: str, width: int) -> list[Text]:
    """What is read and added, before and after, as matrices; a single value as a sentence."""
    if addition.terms:
        return _summed(addition, mark, width, len(addition.terms))
    upper, lower = _product(addition, width), _before_and_after(addition, width)
    missing = addition.factor_name and not upper
    if addition.after.size == 1 or not lower or missing:
        return _labelled(addition, mark, width)
    words = [*_heading(addition, mark, width), *_said(addition, width)]
    return [Text(""), *words, *upper, *lower, *_changed(addition, width)]


def _before_and_after(addition: Addition, width: int) -> list[Text]:
    """The cells before and after as matrices, those of a new array alone; empty where they do not fit."""
    after, known = tr("after" if addition.done else "will be"), addition.known
    columns = addition.after.shape[1]
    both, names = [addition.before, addition.after], [tr("before"), after]
    if addition.new:
        lines = _side_by_side([addition.after], [after], width, known)
    elif addition.words.statement and _text_width(2 * columns, width) < CLOSE <= _text_width(columns, width):
        # rather above each other than in so few digits
        lines = [
            line
            for one, name in zip(both, names, strict=True)
            for line in _side_by_side([one], [name], width, known, alike=both)
        ]
    else:
        lines = _side_by_side(both, names, width, known, alike=both)
    said = addition.words.statement and addition.partial
    return [Text(_cut(f"  {addition.shown}:", width), "dim"), *lines] if said and lines else lines


def _labelled(addition: Addition, mark: str, width: int) -> list[Text]:
    """What is added under its factor's name, or before and after; and the cell that changes most."""
    if addition.terms:
        return _summed(addition, mark, width, len(addition.terms) - 1)
    words = [*_heading(addition, mark, width), *_said(addition, width)]
    several = addition.after.size > 1
    shown = _product if addition.factor_name else _before_and_after
    return [*words, *(shown(addition, width) if several else []), *_changed(addition, width)]


def _summed(addition: Addition, mark: str, width: int, shown: int) -> list[Text]:
    """The first terms of a sum as matrices, side by side as far as they fit, and the cell it goes to."""
    matrices, at = list[Text](), 0
    while at < shown:
        for count in range(shown - at, 0, -1):
            names, arrays = zip(*addition.terms[at : at + count], strict=True)
            lines = _side_by_side([*arrays], [*names], width)
            if lines:
                break
        matrices, at = matrices + lines, at + count
    return [*_heading(addition, mark, width), *matrices, *_changed(addition, width)]


def _product(addition: Addition, width: int) -> list[Text]:
    """The factor and what is added, or what a statement reads."""
    if addition.operands:
        names = [name for name, _ in addition.operands]
        columns = addition.after.shape[1]
        readable = _text_width(len(names) * columns, width) >= CLOSE
        for count in range(len(names) if readable else 1, 0, -1):
            lines = _side_by_side([values for _, values in addition.operands[:count]], names[:count], width)
            if lines:
                return lines
    if not addition.factor_name:
        return []
    names = [addition.factor_name, addition.formula]
    return _side_by_side([addition.factor, addition.added], names, width)


def _change(addition: Addition, mark: str, width: int) -> list[Text]:
    """The addition and the one cell that it changes most."""
    return [*_heading(addition, mark, width), *_changed(addition, width)]


def _changed(addition: Addition, width: int) -> list[Text]:
    """The one cell that the addition changes most, before and after; what else is said where it is new."""
    name, index, *values = _most_changed(addition)
    wheres = (f"  {name}{index}  ", f"  {index}  ", f" {index} ", f" {index.replace(' ', '')} ")
    sentences = (
        f"{where}{' → '.join(short(value, digits) for value in values)}"
        for digits, some in ((4, wheres[:3]), (3, wheres[1:3]), (4, wheres[3:]), (3, wheres[3:]),
                             (2, wheres[2:]), (1, wheres[2:]))
        for where in some
    )  # fmt: skip
    sentence = next((text for text in sentences if len(text) < width), f" {index}")  # not up to the border
    return [Text(sentence, "" if addition.done else "dim")]


def _line(addition: Addition, mark: str, width: int) -> list[Text]:
    """The addition in one line: the cell that it changes most, before and after."""
    name, index, *values = _most_changed(addition)
    brief, compact = name if len(name) <= 4 else f"{name[:2]}…", index.replace(" ", "")
    spaced, tight = (f"{name}{index}", f"{brief}{index}"), (f"{brief}{compact}",)
    lines = (
        f"{mark} {cell} {arrow.join(short(value, digits) for value in values)}"
        for digits, cells, arrow in (
            (4, spaced, " → "), (3, spaced, " → "), (4, tight, " → "), (3, tight, " → "),
            (2, spaced + tight, " → "), (1, tight, " → "), (1, (*tight, compact), "→"),
        )
        for cell in cells
    )  # fmt: skip
    return [Text(next((line for line in lines if len(line) <= width), f"{mark} {tight[0]}"))]


def _most_changed(addition: Addition) -> tuple[Any, ...]:
    """The cell to which most is added: its array, its index, its value before, if any, and after."""
    change = addition.added
    if addition.words.statement and not addition.new:
        change = addition.after.astype(float) - addition.before.astype(float)
    if addition.known is not None:
        change = np.where(addition.known, change, 0)
    row, column = largest(change)
    cell = addition.cells.index(addition.span.rows[row], addition.span.columns[column])
    index = cell_text("", cell) if cell else ""
    values = (addition.after,) if addition.new else (addition.before, addition.after)
    return addition.cells.name, index, *(array[row, column] for array in values)


def _cut(text: str, room: int) -> str:
    """A text, or as much of it as there is room for."""
    return text if cell_len(text) <= room else set_cell_size(text, max(room - 1, 0)).rstrip() + "…"


def _text_width(columns: int, width: int) -> int:
    """Columns of a number where so many stand beside each other."""
    return min((width - 3) // columns - 1, 7)


def _side_by_side(
    arrays: list[Array],
    names: list[str],
    width: int,
    known: Array | None = None,
    *,
    alike: Sequence[Array] = (),
) -> list[Text]:
    """Matrices next to each other under their names; empty where they do not fit.

    Args:
        arrays: of one shape.
        names: what they are.
        width: columns of room.
        known: which cells have a number, the others a dot; None for all.
        alike: all that is written in the same way, so that it can be compared; empty for each in its own.
    """
    rows, columns = arrays[0].shape
    text = _text_width(len(arrays) * columns, width)
    if text < 3:
        return []
    measured = [np.concatenate(alike)] * len(arrays) if alike else arrays
    wholes = [is_whole(array) for array in measured]
    limits = [largest_finite(array, 1.0) for array in measured]
    powers = [common_power(limit, text, whole=whole) for limit, whole in zip(limits, wholes, strict=True)]
    titles = [f"{name} ({factor_text(p)})" if p else name for name, p in zip(names, powers, strict=True)]
    blocks = [max(columns * (text + 1), cell_len(title)) for title in titles]
    if 2 + sum(blocks) + len(blocks) - 1 > width:  # a factor that is not named is none
        powers = [0] * len(arrays)
        room = max((width - 2) // len(arrays) - 1, columns * (text + 1))
        titles = [_cut(name, room) for name in names]
        blocks = [max(columns * (text + 1), cell_len(title)) for title in titles]
    lines = [Text("  " + " ".join(map(centred, titles, blocks)), "dim")]
    formats = [
        CellFormat.fitting(text, limit, whole=whole, power=power)
        for limit, whole, power in zip(limits, wholes, powers, strict=True)
    ]
    meant = np.ones((rows, columns), np.bool_) if known is None else known
    for row, written in enumerate(meant.tolist()):
        parts = [
            "".join(
                " " + (number.text(value) if is_written else "·".rjust(text))
                for value, is_written in zip(array[row].tolist(), written, strict=True)
            ).center(block)
            for array, number, block in zip(arrays, formats, blocks, strict=True)
        ]
        lines.append(Text("  " + " ".join(parts)))
    return lines
