"""Places a person names: from "4,2,1", "137", "53%" or "end" to a position."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convstep.conv.geometry import Geometry, StepIndex
from convstep.language import tr

_DIGITS = r"\d{1,18}"
"""A number that Python reads; no problem has as many steps."""


def parse_place(text: str, geometry: Geometry) -> int:
    """The position a person means.

    A number is a position: that many steps are executed. A loop index `i_h,i_w,i_c` (with `i_n`
    first where there is a batch) is the position at which exactly that step was just executed;
    later indices may be left out and count as 0. `53%`, `start` and `end` work too.

    Args:
        text: what was typed.
        geometry: the loop it is about.

    Returns:
        A position, 0 … total.

    Raises:
        ValueError: no such place; one sentence.
    """
    text = text.strip().lower()
    total = geometry.total_steps
    if text in ("start", "end"):
        return 0 if text == "start" else total
    if percent := re.fullmatch(rf"({_DIGITS}(?:\.\d+)?)\s*%", text):
        return _within(round(float(percent[1]) / 100 * total), total, text)
    if re.fullmatch(_DIGITS, text):
        return _within(int(text), total, text)
    parts = [part for part in re.split(r"[,\s()]+", text) if part]
    if len(parts) > 1 and all(re.fullmatch(_DIGITS, part) for part in parts):
        return geometry.step_at(_index([int(part) for part in parts], geometry, text)) + 1
    raise ValueError(
        tr(
            "{text!r} is not a place; type a step number (0 to {total}), a loop index like {example}, "
            "a percentage, start or end",
            text=text,
            total=total,
            example=example_place(geometry),
        )
    )


def _within(position: int, total: int, text: str) -> int:
    if position > total:
        raise ValueError(tr("{text} is beyond the end; steps go from 0 to {total}", text=text, total=total))
    return position


def _index(numbers: list[int], geometry: Geometry, text: str) -> StepIndex:
    whole = geometry.batch is not None or len(numbers) == 4
    names = StepIndex._fields if whole else StepIndex._fields[1:]
    counts = (geometry.samples, *geometry.output_shape)[-len(names) :]
    if len(numbers) > len(names):
        raise ValueError(too_many(text, len(numbers), names))
    numbers = numbers + [0] * (len(names) - len(numbers))
    for name, number, count in zip(names, numbers, counts, strict=True):
        if number >= count:
            raise ValueError(out_of_range(name, number, count))
    return StepIndex(*([0] * (4 - len(names))), *numbers)


def too_many(text: str, count: int, names: Sequence[str]) -> str:
    """Says that a place has more numbers than the loop has indices."""
    return tr(
        "{text!r} has {count} numbers; the loop has {indices}: {names}",
        text=text,
        count=count,
        indices=len(names),
        names=", ".join(names),
    )


def out_of_range(name: str, value: int, count: int) -> str:
    """Says that a loop index is not one of 0 … `count - 1`."""
    return tr("{name} is {value}, but it goes from 0 to {last}", name=name, value=value, last=count - 1)


def example_place(geometry: Geometry) -> str:
    """A loop index of this problem, to show how one is written."""
    return _typed(geometry.total_steps // 2, geometry)


def place_argument(position: int, geometry: Geometry) -> str:
    """What `--goto` takes to come back to a position: a loop index, or 0 at the start."""
    if position == 0:
        return "0"
    return _typed(position - 1, geometry)


def _typed(step: int, geometry: Geometry) -> str:
    return ",".join(map(str, geometry.place_of(step)))
