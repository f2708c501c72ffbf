"""What a recorded step is told by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from convstep.recording.record import record
from convstep.view.panels.recording import RecordingStage
from convstep.view.scene.cards import Cards

Array = npt.NDArray[np.float64]


def half(a: Array) -> Array:
    return a / 2


def twice(a: Array) -> Array:
    return a * 2


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


def row_sums(x: Array) -> Array:
    found = np.zeros(len(x))
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            found[i] += x[i, j]
    return found


def test_below_a_step_stand_those_before_it_with_the_numbers_they_changed() -> None:
    x = np.random.default_rng(1).random((4, 5))
    walked, jumped = (RecordingStage(record(row_sums, x).scout()) for _ in range(2))
    told = list[str]()
    for position in range(1, walked.run.total + 1):
        walked.run.next()
        jumped.run.seek(position)
        drawn = [Cards(one.scene(), None, behind=one.behind).draw(60, 20).plain for one in (walked, jumped)]
        lines = drawn[0].split("\n")
        assert drawn[1] == drawn[0]
        assert len(lines) <= 20
        assert [line.strip() for line in lines[len(lines) - len(told[-12:]) :]] == told[-12:]
        brief = Cards(walked.scene(), None, behind=walked.behind).draw(24, 20).plain.split("\n")
        assert not told[1:] or brief[-1].endswith(told[-1].rpartition("  ")[2])
        i, j = divmod(position - 2, 5)
        sums = " → ".join(f"{x[i, :end].sum():.6g}" for end in (j, j + 1))
        words = f"found[{i}] += x[{i}, {j}]  {sums}" if position > 1 else "found = np.zeros(len(x))"
        told.append(f"{position}  {words}")
