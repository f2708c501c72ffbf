"""Stops a person types: `4,*,1`, `watch dW[2, 0, 1, 0]`, `abs(dz) > 0.1 hits 3`."""

from __future__ import annotations

import dataclasses
import re

from convstep.conv.geometry import Geometry, StepIndex
from convstep.conv.gradients import GRADIENTS, check_cell
from convstep.language import tr
from convstep.replay.conditions import Condition, ConditionError
from convstep.replay.places import example_place, too_many
from convstep.replay.stop_kinds import (
    Breakpoint,
    ConditionStop,
    Stop,
    Watchpoint,
    check_place,
)
from convstep.steps.cells import check_index

MOST_HITS = 10**9
"""No run meets more hits than this."""

_HITS = re.compile(r"(.*?)\s+hits\s+(\S+)", re.DOTALL)
_PLACE = re.compile(r"\(?\s*((?:-?\d{1,9}|\*)(?:[\s,]+(?:-?\d{1,9}|\*))*)\s*\)?")
_CELL = re.compile(r"(?:watch\b\s*)?(\w+)\s*\[([^\]]*)\]")
_SHORT = {"dA": "dA_prev_pad"}


def parse_stop(text: str, geometry: Geometry, bias: bool = True) -> Stop:
    """The stop a person means; `str(stop)` gives a text that reads as the same stop again.

    - `4,2,1`, `4,*,1`, `4,2`: a place of the loop, as in `goto`; `*` or nothing matches every
      value. With a batch `i_n` comes first. `137` is the step that leads to position 137.
    - `watch dW[2, 0, 1, 0]`, `watch db[2]`, `watch dA_prev_pad[3, 4, 0]` (`dA` for short), `watch
      dA_prev[2, 3, 0]` counted without padding: a cell that is written. `watch` may be left out.
    - anything else is a condition; one that only fixes loop indices is a place of the loop.
    - `… hits 3` passes over the first two hits of every run.

    Args:
        text: what was typed.
        geometry: the loop it is about.
        bias: whether the problem has one; without, there is no `db`.

    Raises:
        ValueError: one sentence; a `ConditionError` says which column is wrong.
    """
    body, hits = text, 1
    if counted := _HITS.fullmatch(text.strip()):
        body, hits = counted[1], _hits(counted[2])
    stop = _target(body, geometry, bias)
    return dataclasses.replace(stop, hits=hits)


def _hits(number: str) -> int:
    if not re.fullmatch(r"\d{1,10}", number) or not 1 <= int(number) <= MOST_HITS:
        raise ValueError(tr("hits is {number!r}; it must be a whole number, at least 1", number=number))
    return int(number)


def _target(text: str, geometry: Geometry, bias: bool) -> Stop:
    plain = text.strip()
    if place := _PLACE.fullmatch(plain):
        return _breakpoint(re.split(r"[\s,]+", place[1]), plain, geometry)
    cell = _CELL.fullmatch(plain)
    if re.match(r"watch\b", plain) or (cell and _names_a_cell(cell)):
        return _watchpoint(cell, plain, geometry, bias)
    condition = Condition.parse(text, geometry, bias)
    index = condition.as_index()
    if index is not None:
        return _place(index, geometry)
    for name, values in condition.places(geometry)._asdict().items():
        if not values:
            sentence = tr(
                "this is never true: {name} goes from 0 to {last}", name=name, last=_last(name, geometry)
            )
            raise ConditionError(sentence, 1, plain)
    return ConditionStop(condition)


def _last(name: str, geometry: Geometry) -> int:
    whole = (geometry.samples, *geometry.output_shape, geometry.total_steps)
    return whole[(*StepIndex._fields, "step").index(name)] - 1


def _breakpoint(parts: list[str], text: str, geometry: Geometry) -> Breakpoint:
    numbers = [None if part == "*" else int(part) for part in parts]
    if numbers == [None]:
        return Breakpoint()
    if len(numbers) == 1 and numbers[0] is not None:
        position = numbers[0]
        if not 1 <= position <= geometry.total_steps:
            raise ValueError(
                tr(
                    "a run cannot stop at step {position}; there are steps 1 to {total}",
                    position=position,
                    total=geometry.total_steps,
                )
            )
        return Breakpoint(*geometry.index_at(position - 1))
    names = StepIndex._fields if geometry.batch is not None or len(numbers) == 4 else StepIndex._fields[1:]
    if len(numbers) > len(names):
        raise ValueError(too_many(text, len(numbers), names))
    given = zip(names, numbers, strict=False)
    return _place({name: number for name, number in given if number is not None}, geometry)


def _place(index: dict[str, int], geometry: Geometry) -> Breakpoint:
    """The breakpoint with these indices fixed."""
    stop = Breakpoint(*(index.get(name) for name in StepIndex._fields))
    check_place(stop, geometry)
    return stop


def _names_a_cell(cell: re.Match[str]) -> bool:
    """Whether `dW[0, 1, 2, 0]` without `watch` can only mean a cell: in a condition it is nothing."""
    return cell[1] in (*GRADIENTS, *_SHORT, "dA_prev")


def _watchpoint(cell: re.Match[str] | None, text: str, geometry: Geometry, bias: bool) -> Watchpoint:
    numbers = [part.strip() for part in cell[2].split(",")] if cell else []
    if cell is None or not all(re.fullmatch(r"-?\d{1,9}", number) for number in numbers):
        example = f"watch dA_prev_pad[{example_place(geometry)}]"
        raise ValueError(
            tr(
                "{text!r} does not name a cell; type it like watch dW[0, 0, 0, 0] or {example}",
                text=text,
                example=example,
            )
        )
    gradient, index = cell[1], tuple(int(number) for number in numbers)
    if gradient == "dA_prev":
        gradient, index = "dA_prev_pad", _padded(index, geometry)
    gradient = _SHORT.get(gradient, gradient)
    check_cell(gradient, index, geometry, bias)
    stop = Watchpoint(gradient, index)
    if not stop.steps(geometry):
        raise ValueError(tr("{stop} would never stop: no window reaches the cell", stop=stop.target))
    return stop


def _padded(index: tuple[int, ...], geometry: Geometry) -> tuple[int, ...]:
    """Where a cell of `dA_prev` lies in `dA_prev_pad`."""
    leading = () if geometry.batch is None else (geometry.batch,)
    check_index("dA_prev", index, (*leading, *geometry.input_shape))
    (top, _), (left, _) = geometry.padding
    *sample, row, column, channel = index
    return (*sample, row + top, column + left, channel)
