"""Any step as words and as a record: for pipes, screen readers and programs.

Text counts as the screen does: "step 5/80" is the position after five steps. A record says both that
`position` and the `step` as Python counts it, from 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from convstep.printable import printable
from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Access, Event, Loop
from convstep.view.numbers.text import full
from convstep.view.scene.numbered import numbered
from convstep.view.scene.scene import loop_words

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

MOST = 400
"""Cells of one access that are written out in words; a record has all of them."""


def event_text(event: Event, total: int) -> str:
    """A step of any run as lines of words and numbers, without a line at the end."""
    from convstep.view.scene.own_lines import set_text  # it measures texts, which a convolution's steps lack

    place = ", ".join(map(loop_words, event.loops))
    line = f"line {event.line}" if event.line else ""
    head = [f"step {event.index + 1}/{total}", f"({place})" if place else "", line]
    lines = ["  ".join(filter(None, head))]
    for statement in event.statements:
        text = printable(numbered(statement.text, statement.subscripts))
        lines.append(f"{statement.line}: {'  ' * statement.frame}{text}")
        lines += [f"  {set_text(statement.variables)}"] if statement.variables else []
        for access in statement.accesses:
            lines += [f"  {words}" for words in _access_lines(access)]
    for access in () if event.statements else event.accesses:
        lines += [f"  {words}" for words in _access_lines(access, named=True)]
    return "\n".join(lines)


def event_record(event: Event) -> dict[str, Json]:
    """A step of any run as a value that `json.dumps(..., allow_nan=False)` takes.

    JSON has no NaN and no infinity: they become the strings "nan", "inf" and "-inf". Every other number is
    the shortest that reads back as the same bits.

    It has `step` (from 0), `position` (after it, as on the screen), `line`, `loops` (each with `name`, `at`,
    `count`, `value`, `line`) and `statements`, each with its `line`, `text`, `numbered` text, the `depth` of
    calls, `variables` that it sets, and `accesses`: `array`, `cells` (as NumPy writes them), `region` (by
    axis a number, or `[start, stop, step]`), `mask` (of scattered cells, else None), `kind`, `text`, the
    `value` of what is read, `before` and `after` of what is written. A run without statements has `accesses`
    in their place.
    """
    found: dict[str, Json] = {
        "step": event.index,
        "position": event.index + 1,
        "line": event.line or None,
        "loops": [_loop_record(loop) for loop in event.loops],
    }
    if not event.statements:
        return found | {"accesses": [_access_record(access) for access in event.accesses]}
    return found | {
        "statements": [
            {
                "line": statement.line,
                "text": statement.text,
                "numbered": numbered(statement.text, statement.subscripts),
                "depth": statement.frame,
                "variables": variables_record(statement.variables),
                "accesses": [_access_record(access) for access in statement.accesses],
            }
            for statement in event.statements
        ]
    }


def variables_record(variables: Mapping[str, object]) -> dict[str, Json]:
    """Variables for a record: numbers and arrays as such, other things as a text."""
    return {
        name: json_value(value)
        if value is None or isinstance(value, (bool, int, float, np.generic, np.ndarray))
        else str(value)
        for name, value in variables.items()
    }


def json_value(value: Any) -> Json:
    """Anything of dicts, lists, arrays and numbers, in a form that strict JSON can hold.

    >>> json_value({"error": np.float32(0.1), "cells": np.array([1.5, np.nan, -np.inf])})
    {'error': 0.1, 'cells': [1.5, 'nan', '-inf']}
    """
    if isinstance(value, Mapping):
        return {str(key): json_value(held) for key, held in value.items()}
    if isinstance(value, np.ndarray):
        return json_value(value[()]) if value.ndim == 0 else [json_value(held) for held in value]
    if isinstance(value, (list, tuple)):
        return [json_value(held) for held in value]
    if isinstance(value, (float, np.floating)):
        # a float32 through its own shortest text: 0.1, not 0.10000000149011612
        return float(full(value)) if np.isfinite(value) else full(value)
    if isinstance(value, (complex, np.complexfloating)):
        return [json_value(value.real), json_value(value.imag)]
    held: Json = value.item() if isinstance(value, np.generic) else value
    return held


def matrix(values: Array | np.generic, cells: Array | None = None) -> list[str]:
    """Numbers of any shape in aligned columns, a block for each place of the axes before the last two.

    Of `cells` the others are a dot; None for all.
    """
    values = np.asarray(values)
    if values.ndim < 2:
        return _aligned(values.reshape(1, -1), None if cells is None else cells.reshape(1, -1))
    lines = list[str]()
    for at in np.ndindex(values.shape[:-2]):
        lines += [cell_text("", (*at, slice(None), slice(None))).replace("None", "")] if at else []
        lines += _aligned(values[at], None if cells is None else cells[at])
    return lines


def _access_lines(access: Access, *, named: bool = False) -> Iterator[str]:
    """What is read or written, before and after.

    `named`: the source's words for the value are said, where no statement says them.
    """
    cells = cell_text(access.array, access.region) if access.region else access.array
    if access.cells is not None:
        cells += f", {int(access.cells.sum())} of these cells"
    said = f" {access.text}" if named else ""
    if access.kind == "names":
        yield f"names {cells}"
    elif access.kind == "reads":
        yield from _numbers(f"reads {cells}{said}", access.value, access.cells)
    else:
        sign = {"adds": " +=", "assigns": " ="}.get(access.kind, "") if named else ""
        yield f"{'makes' if access.kind == 'makes' else 'writes'} {cells}{sign}{said}"
        for word, values in (("before", access.before), ("after", access.after)):
            if values is not None:
                yield from (f"  {line}" for line in _numbers(f"{word:<6}", values, access.cells))


def _numbers(head: str, values: Array | np.generic, cells: Array | None) -> list[str]:
    """Values behind their name where they are one line, else below it."""
    values = np.asarray(values)
    if values.size > MOST:
        return [f"{head}  {'x'.join(map(str, values.shape))} numbers"]
    if not values.size:
        return [f"{head}  no cells"]
    rows = matrix(values, cells)
    return (
        [f"{head}  {rows[0]}".rstrip()] if len(rows) == 1 else [head.rstrip(), *(f"  {row}" for row in rows)]
    )


def _aligned(values: Array, cells: Array | None) -> list[str]:
    """A 2-D array, one line per row, every column as wide as its longest number."""
    meant = np.ones(values.shape, np.bool_) if cells is None else cells
    written = [
        [_cell(value) if known else "." for value, known in zip(row, knowns, strict=True)]
        for row, knowns in zip(values, meant.tolist(), strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(*written, strict=True)]
    return ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in written]


def _cell(value: Any) -> str:
    return full(value) if np.asarray(value).dtype.kind == "f" else str(value)


def _loop_record(loop: Loop) -> dict[str, Json]:
    return {
        "name": loop.name,
        "at": loop.at,
        "count": loop.count if loop.count > loop.at else None,
        "value": loop.value or str(loop.at),
        "line": loop.line or None,
    }


def _access_record(access: Access) -> dict[str, Json]:
    return {
        "array": access.array,
        "cells": cell_text(access.array, access.region) if access.region else access.array,
        "region": [
            [part.start, part.stop, part.step] if isinstance(part, slice) else int(part)
            for part in access.region
        ],
        "mask": json_value(access.cells),
        "kind": access.kind,
        "text": access.text,
        "value": None if access.writes else json_value(access.value),
        "before": json_value(access.before),
        "after": json_value(access.after),
    }
