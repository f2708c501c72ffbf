"""Stops a person types: `4,*,1`, `watch dW[2, 0, 1, 0]`, `abs(dz) > 0.1 hits 3`."""

from __future__ import annotations

import dataclasses
import re

from convstep.expr.text import ExpressionError
from convstep.language import tr
from convstep.replay.conditions import Condition
from convstep.replay.places import too_many
from convstep.replay.stop_kinds import Breakpoint, ConditionStop, LineStop, Stop, Watchpoint
from convstep.steps.cells import cell_text
from convstep.steps.layout import Layout

MOST_HITS = 10**9
"""No run meets more hits than this."""

_HITS = re.compile(r"(.*?)\s+hits\s+(\S+)", re.DOTALL)
_PLACE = re.compile(r"\(?\s*((?:-?\d{1,9}|\*)(?:[\s,]+(?:-?\d{1,9}|\*))*)\s*\)?")
_CELL = re.compile(r"(?:watch\b\s*)?(\S.*?)\s*\[([^\[\]]*)\]")
_WHOLE = re.compile(r"watch\s+(\S+)")
_LINE = re.compile(r"line\s*(?:==)?\s*(\d{1,9})")


def parse_stop(text: str, layout: Layout) -> Stop:
    """The stop a person means; `str(stop)` gives a text that reads as the same stop again.

    - `4,2,1`, `4,*,1`, `4,2`: a place in the loops, outermost first, as in `goto`; `*` or nothing
      matches every turn. `137` is the step that leads to position 137.
    - `watch NAME[3, 4, 0]`: a cell that is written. `watch` may be left out. `watch NAME` of an array
      without axes.
    - `line 12`: a line of somebody's own source.
    - anything else is a condition; one that only fixes loop indices is a place in the loops.
    - `… hits 3` passes over the first two hits of every run.

    Raises:
        ValueError: one sentence; an `ExpressionError` says which column is wrong.
    """
    body, hits = text, 1
    if counted := _HITS.fullmatch(text.strip()):
        body, hits = counted[1], _hits(counted[2])
    return dataclasses.replace(_target(body, layout), hits=hits)


def _hits(number: str) -> int:
    if not re.fullmatch(r"\d{1,10}", number) or not 1 <= int(number) <= MOST_HITS:
        raise ValueError(tr("hits is {number!r}; it must be a whole number, at least 1", number=number))
    return int(number)


def _target(text: str, layout: Layout) -> Stop:
    plain = text.strip()
    if (whole := _WHOLE.fullmatch(plain)) and layout.written.get(whole[1]) == ():
        return Watchpoint(*layout.cell(whole[1], ()))
    if place := _PLACE.fullmatch(plain):
        return _breakpoint(re.split(r"[\s,]+", place[1]), plain, layout)
    cell = _CELL.fullmatch(plain)
    # without `watch` too: in a condition a written array with all its indices is nothing
    if re.match(r"watch\b", plain) or (cell and layout.known(cell[1])):
        return _watchpoint(cell, plain, layout)
    if not layout.counted and (line := _LINE.fullmatch(plain)):
        return _line(int(line[1]), layout)
    condition = Condition.parse(text, layout)
    index = condition.as_place(layout.nest.names) if layout.counted else None
    if index is not None:
        return _place(index, layout)
    counts = layout.counts if layout.counted else {"step": layout.nest.total}
    for name, values in condition.ranges(counts).items():
        if not values:
            said = "this is never true: {name} goes from 0 to {last}"
            raise ExpressionError(tr(said, name=name, last=counts[name] - 1), 1, plain)
    return ConditionStop(condition)


def _breakpoint(parts: list[str], text: str, layout: Layout) -> Stop:
    nest, numbers = layout.nest, [None if part == "*" else int(part) for part in parts]
    if numbers == [None]:
        return Breakpoint()
    if len(numbers) == 1 and numbers[0] is not None:
        position = numbers[0]
        if not 1 <= position <= nest.total:
            said = "a run cannot stop at step {position}; there are steps 1 to {total}"
            raise ValueError(tr(said, position=position, total=nest.total))
        if nest.even:
            return Breakpoint(zip(nest.names, nest.index_at(position - 1), strict=True))
        return ConditionStop(Condition.parse(f"step == {position - 1}", layout))
    if not layout.counted:
        said = "{text!r} is no place here; type a condition like {example}"
        raise ValueError(tr(said, text=text, example=layout.example))
    names = nest.names if len(numbers) == len(nest.names) else nest.spoken
    if len(numbers) > len(names):
        raise ValueError(too_many(text, len(numbers), names))
    given = zip(names, numbers, strict=False)
    return _place({name: number for name, number in given if number is not None}, layout)


def _place(index: dict[str, int], layout: Layout) -> Breakpoint:
    """The breakpoint with these loops fixed."""
    layout.check_place(index)
    return Breakpoint((name, index[name]) for name in layout.nest.names if name in index)


def _line(line: int, layout: Layout) -> LineStop:
    stop = LineStop(line)
    steps = stop.steps(layout)
    if steps is not None and not steps:
        raise ValueError(tr("{stop} would never stop: no step executes it", stop=stop.target))
    return stop


def _watchpoint(cell: re.Match[str] | None, text: str, layout: Layout) -> Watchpoint:
    numbers = [part.strip() for part in cell[2].split(",")] if cell else []
    if cell is None or not all(re.fullmatch(r"-?\d{1,9}", number) for number in numbers):
        examples = [cell_text(name, (0,) * len(shape)) for name, shape in layout.written.items()]
        said = "{text!r} does not name a cell; type it like watch {first} or watch {last}"
        raise ValueError(tr(said, text=text, first=examples[0], last=examples[-1]))
    stop = Watchpoint(*layout.cell(cell[1], tuple(int(number) for number in numbers)))
    steps = stop.steps(layout)
    if steps is not None and not steps:
        raise ValueError(tr("{stop} would never stop: no step writes the cell", stop=stop.target))
    return stop
