"""How a run ended, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from convstep.recording.record import record
from convstep.recording.recording import Recording
from convstep.view.scene.catalogue import ArrayTable
from convstep.view.scene.outcome import draw_outcome

Array = np.ndarray[Any, Any]


def words(recording: Recording) -> list[str]:
    return [line.plain for line in draw_outcome(recording)]


def three(x: Array) -> tuple[Array, None, float]:
    y = x * 2
    return y, None, 0.1


def fails(x: Array) -> Array:
    x[0] = 7
    return x[9]  # type: ignore[no-any-return]


def table_of(recording: Recording, shown: set[str]) -> list[str]:
    table = ArrayTable(recording.catalogue, recording.arrays, recording.source.line, lambda: shown)
    table.fit(100)
    return [table.header().plain, *(table.row(at).plain for at in range(len(table)))]


def test_each_part_of_the_result_is_said() -> None:
    said = words(record(three, np.array([1.0, -2.0])))
    assert said[0].endswith("return y, None, 0.1")
    assert said[1:4] == ["  [0]  (2,) float64, -4 … 2", "  [1]  None", "  [2]  0.1"]
    assert said[-1] == "it leaves the arrays of its caller as they are"


def test_an_exception_and_a_changed_argument_are_said_with_their_lines() -> None:
    recording = record(fails, np.zeros(3))
    assert recording.ended is not None
    said = words(recording)
    assert said[0].startswith("IndexError")
    assert said[1] == f"  line {recording.ended.line}: return x[9]  # type: ignore[no-any-return]"
    assert said[-1] == f"  step 1, line {recording.ended.line - 1} changes x: x[0] = 7"


def test_the_list_of_arrays_says_what_each_holds_here() -> None:
    recording = record(three, np.array([1.0, np.nan]))
    names, *rows = table_of(recording, {"x"})
    assert names.split() == "array shape dtype least … greatest made at line".split()  # noqa: SIM905
    assert rows[0].split() == ["●", "x", "(2,)", "float64", "1", "…", "1,", "nan", "argument"]
    assert rows[1].split()[:6] == ["y", "(2,)", "float64", "not", "made", "yet"]
    assert "y = x * 2" in rows[1]
    recording.seek(recording.total)
    assert table_of(recording, set())[2].split()[3:6] == ["2", "…", "2,"]


def test_what_is_said_of_a_run_that_ended_early_holds_up_to_there() -> None:
    def late(x: Array) -> Array:
        y = x + 1
        y = y * 2
        return y[9]  # type: ignore[no-any-return]

    def doubled(x: Array) -> Array:
        return x * 2

    early = words(record(late, np.zeros(3)))
    assert early[-1] == "up to there it leaves the arrays of its caller as they are"
    assert "2 steps were recorded" in early
    assert "1 step was recorded" in words(record(doubled, np.zeros(3)))
