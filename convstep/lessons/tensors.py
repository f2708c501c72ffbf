"""The tensors a lesson may name, their shapes, and cells of them as NumPy writes them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from typing import Any

from convstep.conv.geometry import Geometry
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.language import tr
from convstep.lessons.errors import LessonError, wrong
from convstep.lessons.fields import Field
from convstep.replay.edits import Numbers, number_of, plain, same
from convstep.steps.cells import Array, cell_text

Index = tuple[int, ...]
Setting = tuple[str, Index, str]
"""The input, the cell and the number as it is written."""

_CELLS = re.compile(r"([A-Za-z_]\w*)\s*(?:\[([^\]]*)\])?")
_PART = re.compile(r"(-?\d{1,6})?\s*(:\s*(-?\d{1,6})?\s*(?::\s*(\d{1,6})?)?)?")
MOST_CELLS = 20_000
"""Cells that one directive may name."""


@frozen()
class Cells:
    """Some cells of one tensor."""

    tensor: str
    """`A_prev_pad`, `W`, `b`, `dZ`, `dA_prev_pad`, `dW` or `db`; of a recording any of its arrays."""
    indices: tuple[Index, ...]
    """Each as an index into that tensor, in reading order."""

    def __str__(self) -> str:
        if len(self.indices) == 1:
            return cell_text(self.tensor, self.indices[0])
        return tr("{count} cells of {tensor}", count=len(self.indices), tensor=self.tensor)


def shapes(problem: Problem) -> dict[str, Index]:
    """The shape of every tensor that has panels, by name; `b` and `db` only if there is a bias."""
    geometry = problem.geometry
    batch = geometry.lead
    padded = (*batch, *geometry.padded_shape)
    found: dict[str, Index] = {
        "A_prev_pad": padded,
        "W": geometry.kernel_shape,
        "dZ": (*batch, *geometry.output_shape),
        "dA_prev_pad": padded,
        "dW": geometry.kernel_shape,
    }
    if problem.b is not None:
        found |= {"b": (geometry.kernel_shape[0],), "db": (geometry.kernel_shape[0],)}
    return found


def array_shape(name: str, problem: Problem) -> Index | None:
    """The shape of a tensor by name, the unpadded ones included; None for an unknown name."""
    geometry = problem.geometry
    batch = geometry.lead
    if name in ("A_prev", "dA_prev"):
        return (*batch, *geometry.input_shape)
    return (*batch, *geometry.output_shape) if name == "Z" else shapes(problem).get(name)


def parse_cells(text: str, problem: Problem, line: int) -> Cells:
    """Cells like `dW[0, 1, 2, 0]`, `dA_prev_pad[1:4, :, 0]`, `dA_prev[0, 0, 0]` or `db`; else LessonError.

    Cells of `A_prev` and `dA_prev` are counted without padding; they stand for the padded ones.
    """
    known = {name: array_shape(name, problem) for name in (*shapes(problem), "A_prev", "dA_prev")}
    cells = named_cells(text, known, ", ".join(shapes(problem)), name_example(problem), line)
    if cells.tensor in ("A_prev", "dA_prev"):
        inside = tuple(padded(index, problem.geometry) for index in cells.indices)
        return Cells(f"{cells.tensor}_pad", inside)
    return cells


def named_cells(text: str, known: Mapping[str, Index | None], names: str, example: str, line: int) -> Cells:
    """Cells of one of some arrays, as NumPy writes them: `dx[1:4, :]`, or the array's name alone.

    `known` are shapes by name, `names` and an example go into the error. Raises LessonError: no such cells.
    """
    text = text.strip()
    found = _CELLS.fullmatch(text)
    name = found[1] if found else ""
    shape = known.get(name)
    if found is None or shape is None:
        sentence = "{text!r} does not name cells; write {example}, or one of {names}"
        raise wrong(sentence, line, text=text, example=example, names=names)
    parts = [part.strip() for part in found[2].split(",")] if found[2] and found[2].strip() else []
    if len(parts) > len(shape):
        sentence = "{text!r} has {count} indices, but {name} has {axes} axes"
        raise wrong(sentence, line, text=text, count=len(parts), name=name, axes=len(shape))
    parts += [":"] * (len(shape) - len(parts))
    axes = [_axis(part, length, text, line) for part, length in zip(parts, shape, strict=True)]
    if math.prod(map(len, axes)) > MOST_CELLS:
        raise wrong("{text!r} is more than {most:,} cells; name fewer", line, text=text, most=MOST_CELLS)
    return Cells(name, tuple(itertools.product(*axes)))


def parse_cell(text: str, problem: Problem, line: int) -> tuple[str, Index]:
    """One cell: its tensor and its index. Raises LessonError: there is no such cell, or there are several."""
    return single(parse_cells(text, problem, line), text, line)


def single(cells: Cells, text: str, line: int) -> tuple[str, Index]:
    """The only one of some cells. Raises LessonError: there are several."""
    if len(cells.indices) != 1:
        raise wrong("{text!r} is not a single cell; give a number for every axis", line, text=text)
    return cells.tensor, cells.indices[0]


def name_example(problem: Problem) -> str:
    """A cell of this problem, to show how one is written."""
    shape = shapes(problem)["dA_prev_pad"]
    return f"dA_prev_pad[{', '.join('1' if length > 1 else '0' for length in shape[:-1])}, 0]"


def padded(index: Index, geometry: Geometry) -> Index:
    """Where a cell of the input lies in the padded array."""
    (top, _), (left, _) = geometry.padding
    *sample, row, column, channel = index
    return (*sample, row + top, column + left, channel)


def in_padding(geometry: Geometry) -> frozenset[Index]:
    """The cells of `dA_prev_pad` that are cut off."""
    rows, columns = (range(*part.indices(part.stop)) for part in geometry.crop)
    return frozenset(
        index for index in _padded_cells(geometry) if index[-3] not in rows or index[-2] not in columns
    )


def untouched(geometry: Geometry) -> frozenset[Index]:
    """The cells of `dA_prev_pad` that no window covers."""
    return frozenset(
        index for index in _padded_cells(geometry) if not geometry.steps_touching("dA_prev_pad", index)
    )


def cells_of_step(tensor: str, step: int, geometry: Geometry) -> frozenset[Index]:
    """The cells of a gradient that one step writes."""
    index = geometry.index_at(step)
    if tensor == "db":
        return frozenset({(index.i_c,)})
    if tensor == "dW":
        kernel = geometry.kernel_shape[1:]
        return frozenset((index.i_c, *k) for k in itertools.product(*map(range, kernel)))
    i_n, *parts = geometry.window(index)
    window = itertools.product(*(range(p.start, p.stop, p.step or 1) for p in parts))
    batch = () if geometry.batch is None else (i_n,)
    return frozenset((*batch, *cell) for cell in window)


def _padded_cells(geometry: Geometry) -> itertools.product[Index]:
    batch = geometry.lead
    return itertools.product(*(range(length) for length in (*batch, *geometry.padded_shape)))


def _axis(part: str, length: int, text: str, line: int) -> range:
    """The numbers that one index stands for."""
    found = _PART.fullmatch(part)
    if found is None or not part:
        sentence = "{part!r} in {text!r} is not an index; write a number or a slice like 1:4"
        raise wrong(sentence, line, part=part, text=text)
    if found[2] is None:
        at = int(found[1])
        if not -length <= at < length:
            sentence = "{text!r} does not exist: {at} is out of range, it goes from 0 to {last}"
            raise wrong(sentence, line, text=text, at=at, last=length - 1)
        return range(at % length, at % length + 1)
    first, last, step = (None if found[n] is None else int(found[n]) for n in (1, 3, 4))
    if step == 0 or not (taken := range(*slice(first, last, step).indices(length))):
        sentence = "{part!r} in {text!r} selects none of the {count} cells"
        raise wrong(sentence, line, part=part, text=text, count=length)
    return taken


def read_setting(key: str, field: Field, inputs: Mapping[str, Array]) -> Setting:
    """What `key: A_prev[2, 3, 0] = 0` sets; LessonError without the cell, or if it holds that anyway."""
    first = next(iter(inputs), "x")
    example = f"{cell_text(first, (0,) * inputs[first].ndim) if inputs else 'x[0]'} = 0"
    text, equals, number = map(str.strip, field.text.partition("="))
    if not equals:
        raise wrong(
            "{key} is {text!r}; write {example}", field.line, key=key, text=field.text, example=example
        )
    known = {name: array.shape for name, array in inputs.items()}
    array, cell = single(named_cells(text, known, ", ".join(known), example, field.line), text, field.line)
    held = inputs[array][cell]
    try:
        wanted = number_of(number, held.dtype)
    except ValueError as error:
        raise LessonError(f"`{key}`: {error}", field.line) from error
    if same(held, wanted):
        sentence = "{cell} is {number} anyway; give it another number"
        raise wrong(sentence, field.line, cell=text, number=plain(held))
    return array, cell, number


def numbers_of(settings: list[Setting], inputs: Mapping[str, Array]) -> Numbers:
    """The same as a run takes them."""
    found: dict[str, dict[Index, Any]] = {}
    for array, cell, number in settings:
        found.setdefault(array, {})[cell] = number_of(number, inputs[array].dtype)
    return found
