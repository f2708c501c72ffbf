"""One step as words, backward or forward: plain text for pipes and screen readers, a record for programs.

Text counts as the screen does: "step 5/80" is the position after five steps. A record says both that
`position` and the `step` as Python counts it, from 0. Indices (`i_h`, rows, channels) begin at 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Access, Event
from convstep.view.numbers.text import full
from convstep.view.scene.trace import Json as Json
from convstep.view.scene.trace import json_value as json_value
from convstep.view.scene.trace import matrix


def step_record(event: Event) -> dict[str, Json]:
    """A step of the backward loop as a value that `json.dumps(..., allow_nan=False)` takes.

    JSON has no NaN and no infinity: they become the strings "nan", "inf" and "-inf". Every other number is
    the shortest that reads back as the same bits in the problem's dtype.

    It has `step` (from 0, as `Step.index`), `position` (after it, as on the screen), `i_n`, `i_h`, `i_w`,
    `i_c`, `window` (`rows` and `columns` as `[start, stop, step]` and `channels` as `[start, stop]`, places
    in `A_prev_pad`), `dz`, `x` and `w` (`F_h x F_w x C_in // groups`), and `dW` (the filter `i_c`),
    `dA_prev_pad` (the window) and `db` (the value `i_c`, or None without a bias), each with `before`, `added`
    and `after`; what has not been added to yet has no `before`, and None stands there.
    """
    written: dict[str, Json] = {
        write.array: {
            "before": json_value(write.before) if made else None,
            "added": json_value(write.value),
            "after": json_value(write.after if made else write.before),
        }
        for write, made in _writes(event)
    }
    written.setdefault("db", None)
    read = {name: json_value(event.read(name).value) for name in ("dz", "x", "w")}
    return {**_place(event), **read, **written}


def forward_record(event: Event) -> dict[str, Json]:
    """A step of the forward loop, as `step_record` has one of the backward loop.

    `step`, `position`, indices and `window` as there; `x`, `w` and `b` (None without a bias); and `Z`, the
    cell with its value `before` the step, `summed` over the window, and `after` it.
    """
    summed, last = event.writes[0], event.writes[-1]
    bias = next((read.value for read in event.reads if read.text == "b"), None)
    return {
        **_place(event),
        **{name: json_value(event.read(name).value) for name in ("x", "w")},
        "b": json_value(bias),
        "Z": {
            "before": json_value(summed.before),
            "summed": json_value(summed.value if event.made else None),
            "after": json_value(last.after if event.made else summed.before),
        },
    }


def forward_text(event: Event, total: int) -> str:
    """A step of the forward loop as lines of words and numbers, without a line at the end."""
    channels, last = _window(event)[2], event.writes[-1]
    cell, bias = cell_text(last.array, last.region), [read for read in event.reads if read.text == "b"]
    value = np.asarray(last.after if event.made else event.writes[0].before)
    lines = [f"{_step_words(event, total)}  {cell} = {full(value[()])}", *_factors(event)]
    lines += [
        f"b = {cell_text(read.array, read.region)} = {full(np.asarray(read.value)[()])}" for read in bias
    ]
    for write, made in _writes(event):
        sign = "+=" if write.kind == "adds" else "="
        lines += [f"{cell} {sign} {write.text}", *_before_and_after(write, made, channels.start)]
    return "\n".join(lines)


def step_text(event: Event, total: int) -> str:
    """A step of the backward loop as lines of words and numbers, without a line at the end."""
    channels, x, dz = _window(event)[2], event.read("x"), event.read("dz")
    lines = [f"{_step_words(event, total)}  dz = {full(dz.value)}", *_factors(event)]
    for write, made in _writes(event):
        same = f"{write.array}, the same window"
        target = same if write.region == x.region else cell_text(write.array, write.region)
        lines += [f"{target} += {write.text}", *_before_and_after(write, made, channels.start)]
    return "\n".join(lines)


def _place(event: Event) -> dict[str, Json]:
    """Where a step stands, for a record."""
    rows, columns, channels = _window(event)
    return {
        "step": event.index,
        "position": event.index + 1,
        "i_n": 0,  # a loop without a batch too, for a program
        **{loop.name: loop.at for loop in event.loops},
        "window": {
            "rows": [rows.start, rows.stop, rows.step],
            "columns": [columns.start, columns.stop, columns.step],
            "channels": [channels.start, channels.stop],
        },
    }


def _step_words(event: Event, total: int) -> str:
    """The same in words: `step 5/80  (i_h 0, i_w 1, i_c 0)`."""
    place = ", ".join(f"{loop.name} {loop.at}" for loop in event.loops)
    return f"step {event.index + 1}/{total}  ({place})"


def _factors(event: Event) -> list[str]:
    """The window and the kernel of a step, with their numbers."""
    rows, columns, channels = _window(event)
    x, w = event.read("x"), event.read("w")
    return [
        f"x, the window of {x.array}: rows {_span(rows)}, columns {_span(columns)}, {_channels(channels)}",
        *_matrix(x.value, channels.start, "  "),
        f"w, the kernel {cell_text(w.array, w.region)}",
        *_matrix(w.value, channels.start, "  "),
    ]


def _window(event: Event) -> list[slice]:
    """Rows, columns and channels of the padded input that the step reads."""
    return [part for part in event.read("x").region if isinstance(part, slice)]


def _writes(event: Event) -> Iterator[tuple[Access, bool]]:
    """What the step adds, in the loop's order, and whether it is added already."""
    for number, write in enumerate(event.writes):
        yield write, number < event.made


def _before_and_after(write: Access, made: bool, channel: int) -> list[str]:
    """A gradient's cells before and after, or that nothing is added yet."""
    before, after = np.asarray(write.before), np.asarray(write.after)
    if not made:
        return ["  not added yet; now", *_matrix(before, channel, "    ")]
    if after.ndim == 0:
        return [f"  before  {full(before[()])}", f"  after   {full(after[()])}"]
    return ["  before", *_matrix(before, channel, "    "), "  after", *_matrix(after, channel, "    ")]


def _matrix(values: Array | np.generic, channel: int, indent: str) -> list[str]:
    """Rows of numbers `(rows, columns, channels)` in aligned columns, one block per channel."""
    values = np.asarray(values)
    if values.ndim == 0:
        return [indent + full(values[()])]
    lines = []
    for offset in range(values.shape[2]):
        if values.shape[2] > 1:
            lines.append(f"{indent}channel {channel + offset}")
        lines += [indent + line for line in matrix(values[:, :, offset])]
    return lines


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
