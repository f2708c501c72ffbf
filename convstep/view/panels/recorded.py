"""What the arrays and the statements of a recorded step are on the screen: faces, notes, sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.expr.language import read_expression
from convstep.language import tr
from convstep.steps.cells import cell_text
from convstep.steps.event import Access, Event, Statement
from convstep.view.grid.faces import Face, Fixed, face
from convstep.view.numbers.text import full, short
from convstep.view.scene.numbered import Value, assigned, numbered
from convstep.view.scene.own_lines import set_text
from convstep.view.scene.scene import Words

Array = npt.NDArray[Any]

NUMBERS = "biuf"
"""Kinds of arrays whose cells are written as numbers."""
READS = 4
"""Single values that are said of one statement."""


def cell_name(array: str, index: Sequence[int]) -> str:
    """A cell by name; of an array without axes the array itself."""
    return cell_text(array, index) if index else array


def shape_words(name: str, shape: Sequence[int]) -> str:
    """An array with its shape: `dx 2x3x8x8`; a list `db (3,)`."""
    text = "x".join(map(str, shape)) if len(shape) > 1 else f"({shape[0]},)" if shape else ""
    return f"{name} {text}".rstrip()


def number_of(index: Sequence[int | None], axes: Sequence[int], shape: Sequence[int]) -> int:
    """Which face a cell or another face stands on, counted through the axes that are not seen."""
    number = 0
    for axis, (at, length) in enumerate(zip(index, shape, strict=True)):
        if axis not in axes:
            number = number * length + (at or 0)
    return number


def fixed_at(number: int, axes: Sequence[int], shape: Sequence[int]) -> Fixed:
    """The other way round than `number_of`."""
    fixed: list[int | None] = [None] * len(shape)
    for axis in reversed(range(len(shape))):
        if axis not in axes:
            number, fixed[axis] = divmod(number, max(shape[axis], 1))
    return tuple(fixed)


def face_of(name: str, array: Array | None, shape: tuple[int, ...], fixed: Fixed) -> Face:
    """A face of an array; zeros in its place where there is none or its cells are no numbers."""
    if not all(shape):
        return Face(name, np.zeros((1, 1)), tuple(0 for _ in shape), shape)
    if array is None or array.dtype.kind not in NUMBERS:
        array = np.broadcast_to(0.0, shape)
    return face(name, array, fixed)


def note_of(array: Array | None, shape: Sequence[int], line: int) -> str:
    """What a panel says in place of numbers; "" where it has some."""
    if array is None:
        return tr("not there yet: line {line} makes it", line=line) if line else tr("not there yet")
    if not all(shape):
        return tr("empty: {shape}", shape="x".join(map(str, shape)))
    if array.dtype.kind not in NUMBERS:
        return tr("{dtype} is not shown", dtype=array.dtype)
    return ""


def statement_texts(event: Event, earlier: Mapping[str, object]) -> list[str]:
    """The step's statements with their indices as numbers.

    Args:
        event: the step.
        earlier: the variables before it, as far as they are known.
    """
    return [
        numbered(statement.text, value_in(variables))
        for statement, variables in zip(event.statements, _variables(event, earlier), strict=True)
    ]


def _variables(event: Event, earlier: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """The variables before each statement: what the step sets later is left out, unless it was known before."""
    later = [set(statement.variables) for statement in event.statements]
    known = {**earlier}
    for number, statement in enumerate(event.statements):
        still = set[str]().union(*later[number:])
        yield {**{name: value for name, value in event.variables.items() if name not in still}, **{
            name: value for name, value in known.items() if name in still or name not in event.variables
        }}
        known |= statement.variables


def value_in(variables: Mapping[str, object]) -> Value:
    """What expressions are, given some variables."""
    numbers = {
        name: value
        for name, value in variables.items()
        if isinstance(value, (int, float, np.number, np.ndarray)) and not isinstance(value, bool)
    }
    shapes = {name: np.shape(value) for name, value in numbers.items()}

    def value_of(text: str) -> object:
        if text.isidentifier():
            return numbers[text]
        value = read_expression(text, shapes, "").value(numbers)
        return int(value) if np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iu" else value

    return value_of


def words_of(event: Event, texts: Sequence[str], earlier: Mapping[str, object]) -> dict[int, Words]:
    """By the number of a write, what its statement says.

    Args:
        event: the step.
        texts: its statements with numbers.
        earlier: the variables before it.
    """
    found, number = dict[int, Words](), 0
    for statement, text, variables in zip(event.statements, texts, _variables(event, earlier), strict=True):
        reads = tuple(dict.fromkeys(_reads(statement, variables)))[:READS]
        for access in statement.accesses:
            if access.writes:
                remark = tr("new: {array}", array=shape_words(access.array, np.shape(access.value)))
                found[number] = Words(text, reads, remark if access.kind == "makes" else "")
                number += 1
    return found


def _reads(statement: Statement, variables: Mapping[str, object]) -> Iterator[str]:
    """The single cells that a statement reads, with their values."""
    for access in statement.accesses:
        if access.kind == "reads" and np.ndim(access.value) == 0:
            named = numbered(access.text, value_in(variables)) if "[" in access.text else cell_text(access.array, access.region)
            yield f"{named} = {_number(access.value)}"


def _number(value: Any) -> str:
    return short(value, 6) if np.asarray(value).dtype.kind in "f" else str(value)


def notes_of(event: Event, texts: Sequence[str]) -> dict[int, str]:
    """By line, what its statement came to: what it has set, or the statement with its indices."""
    found = dict[int, str]()
    for statement, text in zip(event.statements, texts, strict=True):
        writes = any(access.writes for access in statement.accesses)
        said = text if writes and text != statement.text else ""
        if not said and statement.variables:
            said = set_text(statement.variables)
        if said:
            found[statement.line] = said
    return found


def remarks_of(event: Event, texts: Sequence[str], arrays: Mapping[str, Array]) -> list[str]:
    """What the card says of statements that write no cells: what they set, what a name now stands for."""
    found = list[str]()
    for statement, text in zip(event.statements, texts, strict=True):
        names = [access for access in statement.accesses if access.kind == "names"]
        if names:
            found += [_named(access, statement, arrays) for access in names]
        elif statement.variables and not any(access.writes for access in statement.accesses):
            found.append(set_text(statement.variables) if not _told(statement) else f"{text}: {set_text(statement.variables)}")
    return found


def _told(statement: Statement) -> bool:
    """Whether it says something to see where a value comes from."""
    return any(access.kind == "reads" for access in statement.accesses)


def _named(access: Access, statement: Statement, arrays: Mapping[str, Array]) -> str:
    """What a name now stands for: `dx is now dx_pad[:, 1:-1]`."""
    name = assigned(statement.text).target or access.text
    owner = arrays.get(access.array)
    whole = owner is not None and all(
        isinstance(part, slice) and part.indices(length) == (0, length, 1)
        for part, length in zip(access.region, owner.shape, strict=False)
    )
    cells = access.array if whole else region_text(access, owner)
    return tr("{name} is now {cells}", name=name, cells=cells)


def region_text(access: Access, owner: Array | None) -> str:
    """The cells of an access as NumPy writes them, whole axes as `:`."""
    parts = list[int | slice | str]()
    lengths = owner.shape if owner is not None else (-1,) * len(access.region)
    for part, length in zip(access.region, lengths, strict=False):
        all_of_it = isinstance(part, slice) and part.indices(max(length, 0)) == (0, length, 1)
        parts.append(":" if all_of_it else part)
    while parts and parts[-1] == ":":
        parts.pop()
    words = [part if isinstance(part, str) else cell_text("", (part,))[1:-1] for part in parts]
    return f"{access.array}[{', '.join(words)}]" if words else access.array


def standing_at(event: Event, *, executed: bool) -> int:
    """Which of the step's statements it stands at."""
    left = event.made
    for number, statement in enumerate(event.statements):
        writes = sum(access.writes for access in statement.accesses)
        if not executed and writes > left:
            return number
        left -= writes
    return max(len(event.statements) - 1, 0)


def nonfinite(event: Event, arrays: Mapping[str, Array]) -> tuple[str, tuple[int, ...]] | None:
    """The first cell that a step makes NaN or infinite: the array and the index."""
    for write in event.writes:
        after = np.asarray(write.after)
        if after.dtype.kind != "f":
            continue
        strange = ~np.isfinite(after)
        if write.before is not None:
            strange &= np.isfinite(write.before)
        if write.cells is not None:
            strange &= write.cells
        if strange.any():
            offset = tuple(int(at) for at in np.argwhere(strange)[0])
            return write.array, write.cell(offset)
    return None
