"""Places a person names: from "4,2,1", "137", "53%" or "end" to a position."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convstep.language import tr
from convstep.steps.layout import out_of_range
from convstep.steps.nest import Nest, Nested

_DIGITS = r"\d{1,18}"
"""A number that Python reads; no problem has as many steps."""


def parse_place(text: str, loops: Nested) -> int:
    """The position, 0 … total, that a person means; a ValueError in one sentence if there is none.

    A number is a position: that many steps are executed. A loop index `4,2,1`, outermost first, is
    the position at which exactly that step was just executed; later indices may be left out and
    count as 0. `53%`, `start` and `end` work too.
    """
    text = text.strip().lower()
    nest = loops.nest
    total = nest.total
    if text in ("start", "end"):
        return 0 if text == "start" else total
    if percent := re.fullmatch(rf"({_DIGITS}(?:\.\d+)?)\s*%", text):
        return _within(round(float(percent[1]) / 100 * total), total, text)
    if re.fullmatch(_DIGITS, text):
        return _within(int(text), total, text)
    parts = [part for part in re.split(r"[,\s()]+", text) if part]
    if len(parts) > 1 and nest.even and all(re.fullmatch(_DIGITS, part) for part in parts):
        return nest.step_at(_index([int(part) for part in parts], nest, text)) + 1
    if not nest.even:
        said = "{text!r} is not a place; type a step number (0 to {total}), a percentage, start or end"
        raise ValueError(tr(said, text=text, total=total))
    said = (
        "{text!r} is not a place; type a step number (0 to {total}), a loop index like {example}, "
        "a percentage, start or end"
    )
    raise ValueError(tr(said, text=text, total=total, example=example_place(loops)))


def _within(position: int, total: int, text: str) -> int:
    if position > total:
        raise ValueError(tr("{text} is beyond the end; steps go from 0 to {total}", text=text, total=total))
    return position


def _index(numbers: list[int], nest: Nest, text: str) -> tuple[int, ...]:
    names = nest.names if len(numbers) == len(nest.names) else nest.spoken
    counts = nest.counts[-len(names) :]
    if len(numbers) > len(names):
        raise ValueError(too_many(text, len(numbers), names))
    numbers = numbers + [0] * (len(names) - len(numbers))
    for name, number, count in zip(names, numbers, counts, strict=True):
        if number >= count:
            raise ValueError(out_of_range(name, number, count))
    return *(0,) * (len(nest.names) - len(names)), *numbers


def too_many(text: str, count: int, names: Sequence[str]) -> str:
    """Says that a place has more numbers than the loop has indices."""
    said = "{text!r} has {count} numbers; the loop has {indices}: {names}"
    return tr(said, text=text, count=count, indices=len(names), names=", ".join(names))


def example_place(loops: Nested) -> str:
    """A loop index of this run, to show how one is written."""
    return _typed(loops.nest.total // 2, loops.nest)


def place_argument(position: int, loops: Nested) -> str:
    """What `--goto` takes to come back to a position: a loop index, or 0 at the start."""
    return _typed(position - 1, loops.nest) if position else "0"


def _typed(step: int, nest: Nest) -> str:
    return ",".join(map(str, nest.place_of(step))) if nest.even else str(step + 1)
