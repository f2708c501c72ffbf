"""Places a person names: from "4,2,1", "137", "53%" or "end" to a position."""

from __future__ import annotations

import re

from convstep.conv.geometry import Geometry, StepIndex


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
    if percent := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text):
        return _within(round(float(percent[1]) / 100 * total), total, text)
    if re.fullmatch(r"\d+", text):
        return _within(int(text), total, text)
    parts = [part for part in re.split(r"[,\s()]+", text) if part]
    if len(parts) > 1 and all(re.fullmatch(r"\d+", part) for part in parts):
        return geometry.step_at(_index([int(part) for part in parts], geometry, text)) + 1
    raise ValueError(
        f"{text!r} is not a place; give a step number (0 to {total}), "
        f"a loop index like {example_place(geometry)}, a percentage, or start, end"
    )


def _within(position: int, total: int, text: str) -> int:
    if position > total:
        raise ValueError(f"{text} is beyond the end; there are steps 0 to {total}")
    return position


def _index(numbers: list[int], geometry: Geometry, text: str) -> StepIndex:
    whole = geometry.batch is not None or len(numbers) == 4
    names = StepIndex._fields if whole else StepIndex._fields[1:]
    counts = (geometry.samples, *geometry.output_shape)[-len(names) :]
    if len(numbers) > len(names):
        raise ValueError(
            f"{text!r} has {len(numbers)} numbers; the loop has {len(names)}: {', '.join(names)}"
        )
    numbers = numbers + [0] * (len(names) - len(numbers))
    for name, number, count in zip(names, numbers, counts, strict=True):
        if number >= count:
            raise ValueError(f"{name} is {number}, but it goes from 0 to {count - 1}")
    return StepIndex(*([0] * (4 - len(names))), *numbers)


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
