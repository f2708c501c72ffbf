"""One step of somebody's own function as words, and as a record for programs.

Lines of the source with what each reads, sets and writes; numbers in full. Steps count as the screen
does, indices from 0; lines as the file counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.steps.cells import cell_text
from convstep.steps.event import Access, Event, Statement
from convstep.view.numbers.text import full
from convstep.view.panels.trace import Json, json_value

Array = npt.NDArray[Any]

MOST = 400
"""Cells of one access that the text writes out; a program gets all."""
_SIGNS = {"adds": "+=", "assigns": "=", "changes": "by"}
"""What stands between the cells of a write and the source's words for the value."""


def recorded_record(event: Event) -> dict[str, Json]:
    """A step as a value that `json.dumps(..., allow_nan=False)` takes.

    NaN and infinities become the strings "nan", "inf" and "-inf".

    Args:
        event: The step.

    Returns:
        `step` (from 0), `position` (after it), `line`, `loops` (each `name`, `at`, `count`, `value` where
        it has one), and `statements` (each `line`, `text`, `depth` of calls, `variables` it sets, and
        `accesses`: `array`, `cells` as an index, `kind`, `text`, `value`, and of a write `before` and
        `after`; where an access is about some of the cells alone, `where` lists them).
    """
    return {
        "step": event.index,
        "position": event.index + 1,
        "line": event.line,
        "loops": [
            {"name": loop.name, "at": loop.at, "count": loop.count, "line": loop.line}
            | ({"value": loop.value} if loop.value else {})
            for loop in event.loops
        ],
        "statements": [
            {
                "line": statement.line,
                "text": statement.text,
                "depth": statement.frame,
                "variables": {name: json_value(value) for name, value in statement.variables.items()},
                "accesses": [_access_record(access) for access in statement.accesses],
            }
            for statement in event.statements
        ],
    }


def recorded_text(event: Event, total: int) -> str:
    """A step as lines of words and numbers, without a line at the end.

    Args:
        event: The step.
        total: How many steps there are.
    """
    place = ", ".join(f"{loop.name} {loop.value or loop.at}" for loop in event.loops if loop.name)
    lines = [f"step {event.index + 1}/{total}  ({place or f'line {event.line}'})"]
    for statement in event.statements:
        lines.append(f"line {statement.line}  {'  ' * statement.frame}{statement.text}")
        lines += [f"  {line}" if line.strip() else "" for line in _statement_lines(statement)]
    return "\n".join(lines)


def _statement_lines(statement: Statement) -> Iterator[str]:
    arrays = [name for name, value in statement.variables.items() if isinstance(value, np.ndarray)]
    named = [access for access in statement.accesses if access.kind in ("names", "makes")]
    # a name and the cells it stands for belong together where there are as many of the one as of the other
    names = dict(zip(map(id, named), arrays, strict=True)) if len(named) == len(arrays) else {}
    for access in statement.accesses:
        yield from _access_lines(access, names.get(id(access), ""))
    for name, value in statement.variables.items():
        if not isinstance(value, np.ndarray):
            yield f"{name} = {_value_text(value)}"
        elif not names:
            yield from _with_matrix(f"{name} =", value)


def _access_lines(access: Access, name: str) -> Iterator[str]:
    cell = cell_text(access.array, access.region) if access.region else access.array
    some = "" if access.cells is None else f", {int(access.cells.sum())} of these cells"
    if access.kind == "reads":
        yield from _with_matrix(f"reads {cell}{some} =", access.value)
    elif access.kind == "names":
        same = not name or name == access.array
        yield from _with_matrix(f"{access.text if same else name} is {cell}{some} =", access.value)
    elif access.kind == "makes":
        yield from _with_matrix(f"makes {cell}{some} =", access.value)
    else:
        yield f"writes {cell}{some} {_SIGNS[access.kind]} {access.text}"
        if access.before is not None:
            yield from (f"  {line}" for line in _with_matrix("before", access.before))
        if access.after is not None:
            yield from (f"  {line}" for line in _with_matrix("after", access.after))


def _with_matrix(words: str, values: Any) -> Iterator[str]:
    """Words and a value behind them, or rows of numbers in aligned columns below."""
    array = np.asarray(values)
    if array.ndim == 0:
        yield f"{words} {_value_text(array[()])}"
        return
    if array.size == 0 or array.size > MOST:
        shape = "x".join(map(str, array.shape))
        yield f"{words} {'no cells' if array.size == 0 else f'{array.size} cells'} ({shape})"
        return
    yield words
    texts = np.array([_value_text(value) for value in array.reshape(-1)]).reshape(array.shape)
    width = max(map(len, texts.reshape(-1)))
    for at, row in enumerate(texts.reshape(-1, texts.shape[-1])):
        if at and array.ndim > 2 and at % array.shape[-2] == 0:
            yield ""
        yield "  " + "  ".join(f"{text:>{width}}" for text in row)


def _value_text(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return full(value)
    return str(value)


def _access_record(access: Access) -> dict[str, Json]:
    found: dict[str, Json] = {
        "array": access.array,
        "cells": [
            [part.start, part.stop, part.step or 1] if isinstance(part, slice) else int(part)
            for part in access.region
        ],
        "kind": access.kind,
        "text": access.text,
        "value": json_value(access.value),
    }
    if access.cells is not None:
        found["where"] = json_value(
            [list(access.cell(index)) for index in np.argwhere(access.cells).tolist()]
        )
    if access.writes and access.kind != "makes":
        found |= {"before": json_value(access.before), "after": json_value(access.after)}
    return found
