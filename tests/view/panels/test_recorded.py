"""What a recorded step is told by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from convstep.recording.record import record
from convstep.view.panels.recording import RecordingStage

Array = npt.NDArray[np.float64]


def half(a: Array) -> Array:
    b = a / 2
    return b


def twice(a: Array) -> Array:
    b = a * 2
    return b


def through_helpers(x: Array) -> Array:
    y = np.zeros(2)
    if half(x).sum() > 0:
        y = x[0] + half(x)[0]
    ys = [*map(twice, [x, y])]
    z = twice(half(ys[0])[0]) + twice(x)
    for i in range(2):
        z[i] += half(x)[0, i]
    return z


def test_a_helper_says_which_line_called_it_unless_the_log_leaves_that_open() -> None:
    run = record(through_helpers, np.random.default_rng(0).random((3, 2)))
    stage, told = RecordingStage(run), list[tuple[str, str]]()
    while run.next_write():
        first = stage.scene().source[0]
        called = first.note.rpartition("line ")[2]
        told.append((first.code.split("(")[0], run.source.line(int(called)).strip() if called else ""))
    several = "z = twice(half(ys[0])[0]) + twice(x)"
    assert [call for name, call in told if name == "def half"] == [
        "",  # an `if` leaves no trace, and what comes next could have called it as well
        "y = x[0] + half(x)[0]",
        several,
        *["z[i] += half(x)[0, i]"] * 2,
    ]
    assert [call for name, call in told if name == "def twice"] == ["", "", several, several]
    assert {call for name, call in told if name == "def through_helpers"} == {""}
