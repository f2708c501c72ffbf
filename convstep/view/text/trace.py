"""One step as words: plain text for pipes and screen readers, and a record for programs.

Text counts as the screen does: "step 5/80" is the position after five steps. A record says both that
`position` and the `step` as Python counts it, from 0. Indices (`i_h`, rows, channels) begin at 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.conv.step import Step, quiet
from convstep.conv.timeline import Overwritten
from convstep.view.numbers.text import full
from convstep.view.panels.problem_words import place_text

Array = npt.NDArray[Any]
Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Before = Mapping[str, Overwritten]


def step_record(step: Step, before: Before) -> dict[str, Json]:
    """A step as a value that `json.dumps(..., allow_nan=False)` takes.

    JSON has no NaN and no infinity: they become the strings "nan", "inf" and "-inf". Every other
    number is the shortest that reads back as the same bits in the problem's dtype.

    Args:
        step: The step, with the gradients as they stand after it.
        before: `Timeline.overwritten`, what the step wrote over; a gradient that it lacks has not
            been added to yet, and its "before" is None.

    Returns:
        `step` (from 0, as `Step.index`), `position` (after it, as on the screen), `i_n`, `i_h`,
        `i_w`, `i_c`, `window` (`rows` and `columns` as `[start, stop, step]` and `channels` as
        `[start, stop]`, places in `A_prev_pad`), `dz`,
        `x` and `w` (`F_h x F_w x C_in // groups`), and `dW` (the filter `i_c`), `dA_prev_pad` (the
        window) and `db` (the value `i_c`, or None without a bias), each with `before`, `added` and
        `after`.
    """
    _, rows, columns, channels = step.window
    parts = _parts(step, before)
    return {
        "step": step.index,
        "position": step.index + 1,
        **step.loop_index._asdict(),
        "window": {
            "rows": [rows.start, rows.stop, rows.step],
            "columns": [columns.start, columns.stop, columns.step],
            "channels": [channels.start, channels.stop],
        },
        "dz": json_value(step.dz),
        "x": json_value(step.input_slice),
        "w": json_value(step.kernel),
        **{
            gradient: None if part is None else {name: json_value(values) for name, values in part.items()}
            for gradient, part in parts.items()
        },
    }


def step_text(step: Step, before: Before) -> str:
    """A step as lines of words and numbers, without a line at the end.

    Args:
        step: The step, with the gradients as they stand after it.
        before: `Timeline.overwritten`, what the step wrote over.
    """
    geometry = step.run.geometry
    parts = _parts(step, before)
    _, rows, columns, channels = step.window
    seen = f"rows {_span(rows)}, columns {_span(columns)}, {_channels(channels)}"
    targets = {
        "dW": f"dW[{step.i_c}] += x * dz",
        "dA_prev_pad": "dA_prev_pad, the same window += w * dz",
        "db": f"db[{step.i_c}] += dz",
    }
    lines = [
        f"step {step.index + 1}/{geometry.total_steps}  "
        f"({place_text(step.loop_index, geometry)})  dz = {full(step.dz)}",
        f"x, the window of A_prev_pad: {seen}",
        *_matrix(step.input_slice, channels.start, "  "),
        f"w, the kernel W[{step.i_c}]",
        *_matrix(step.kernel, channels.start, "  "),
    ]
    for gradient, part in parts.items():
        if part is not None:
            lines += [targets[gradient], *_before_and_after(part, channels.start)]
    return "\n".join(lines)


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
    held: Json = value.item() if isinstance(value, np.generic) else value
    return held


def _parts(step: Step, before: Before) -> dict[str, dict[str, Array | None] | None]:
    """What the step adds to each gradient, in the loop's order; None where there is no such gradient."""
    run, filters = step.run, step.i_c
    with quiet():
        return {
            "dW": _part(before.get("dW"), step.input_slice * step.dz, run.dW[filters]),
            "dA_prev_pad": _part(
                before.get("dA_prev_pad"), step.kernel * step.dz, run.samples(run.dA_prev_pad)[step.window]
            ),
            "db": None if run.db is None else _part(before.get("db"), step.dz, run.db[filters]),
        }


def _part(overwritten: Overwritten | None, added: Any, after: Any) -> dict[str, Array | None]:
    before = None if overwritten is None else overwritten.before
    return {"before": before, "added": np.asarray(added), "after": np.asarray(after)}


def _before_and_after(part: Mapping[str, Array | None], channel: int) -> list[str]:
    """A gradient's cells before and after, or that nothing is added yet."""
    before, after = part["before"], part["after"]
    assert after is not None
    if before is None:
        return ["  not added yet; now", *_matrix(after, channel, "    ")]
    if after.ndim == 0:
        return [f"  before  {full(before[()])}", f"  after   {full(after[()])}"]
    return ["  before", *_matrix(before, channel, "    "), "  after", *_matrix(after, channel, "    ")]


def _matrix(values: Array, channel: int, indent: str) -> list[str]:
    """Rows of numbers in aligned columns, one block per channel. Shape: `(rows, columns, channels)`.

    Args:
        values: The cells, or a single value.
        channel: The number of the first channel.
        indent: Blanks before every line.
    """
    if values.ndim == 0:
        return [indent + full(values[()])]
    lines = []
    for offset in range(values.shape[2]):
        if values.shape[2] > 1:
            lines.append(f"{indent}channel {channel + offset}")
        lines += [indent + line for line in _aligned(values[:, :, offset])]
    return lines


def _aligned(cells: Array) -> list[str]:
    """A 2-D array, one line per row, every column as wide as its longest number."""
    written = [[full(value) for value in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*written, strict=True)]
    return ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in written]


def _span(part: slice) -> str:
    """Rows or columns in words: `4 to 6`, `4`, or `0 to 4 in steps of 2`."""
    places = range(part.start, part.stop, part.step)
    if len(places) == 1:
        return str(places[0])
    pace = "" if places.step == 1 else f" in steps of {places.step}"
    return f"{places[0]} to {places[-1]}{pace}"


def _channels(part: slice) -> str:
    """Input channels in words: `channel 0` or `channels 2 to 3`."""
    last = part.stop - 1
    return f"channel {part.start}" if last == part.start else f"channels {part.start} to {last}"
