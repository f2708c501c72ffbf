"""The parts of a line and what they are worth."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from convstep.recording.record import record
from convstep.view.scene.expressions import Part, draw_parts, parts, statement_at, value_words

SOURCE = """
def f(x, dout):
    for i in range(
        len(x)
    ):
        y = np.maximum(x[i, 0:2],
                       dout * 2).sum()
    if x.shape[0] > 1 and y: z = [t for t in x]
    return y, x.T
""".splitlines()


@pytest.mark.parametrize(
    ("line", "statement"),
    [
        (2, "def f(x, dout): pass"),
        (3, "for i in range(\n        len(x)\n    ): pass"),
        (5, "for i in range(\n        len(x)\n    ): pass"),
        (7, "y = np.maximum(x[i, 0:2],\n                       dout * 2).sum()"),
        (9, "return y, x.T"),
        (99, ""),
    ],
)
def test_a_statement_is_found_from_any_of_its_lines(line: int, statement: str) -> None:
    assert statement_at(SOURCE, line) == statement
    if statement:
        ast.parse(statement)


def test_a_line_of_another_python_is_itself() -> None:
    assert statement_at(["def f(x):", "    print x", "    y = x[0] * 2"], 3) == "y = x[0] * 2"


def test_each_part_has_its_value_those_within_others_first() -> None:
    asked = []

    def value_of(text: str) -> object:
        asked.append(text)
        if text == "i":
            raise ValueError("i has no value here")
        return len(text)

    found = parts("y[i] = np.max(x[i, :2] * s) + x.sum() + x.shape[0] + 3", value_of)
    assert [part.text for part in found] == [
        "x", "i", "x[i, :2]", "s", "x[i, :2] * s", "np.max(x[i, :2] * s)", "x.sum()",
        "np.max(x[i, :2] * s) + x.sum()", "x.shape", "x.shape[0]",
        "np.max(x[i, :2] * s) + x.sum() + x.shape[0]",
        "np.max(x[i, :2] * s) + x.sum() + x.shape[0] + 3", "y", "y[i]",
    ]  # fmt: skip
    assert Part("i", None, "i has no value here") in found
    assert "np" not in asked, "a module is no value"
    assert parts("this is no Python", value_of) == []


def test_what_a_comprehension_has_inside_is_not_asked_for() -> None:
    assert [part.text for part in parts("z = [t * 2 for t in x]", lambda text: 0)] == ["z"]


def test_numbers_stand_beside_their_part_and_small_arrays_below_it() -> None:
    drawn = draw_parts(
        [
            Part("a", np.float32(0.1)),
            Part("b  +\n c", np.array([[1, 2], [3, 40]])),
            Part("d", np.zeros((50, 50))),
            Part("e", None, "e has no value here"),
            Part("m", np.array([True, False])),
            Part("t", np.array([3e-7, -4e-9, 0, 1e-15])),
        ]
    )
    assert [line.plain for line in drawn] == [
        "a = 0.1",
        "b + c  2x2 int64, 1 … 40",
        "          1        2",
        "          3       40",
        "d  50x50 float64, 0 … 0",
        "e  has no value here",
        "m  (2,) bool, 0 … 1",
        "          1        0",
        "t  (4,) float64, -4e-9 … 3e-7",
        "  ×1e-7",
        "    3.00000 -0.04000        0  0.00000",
    ]
    assert [line.plain for line in draw_parts([])] == ["there is no expression on this line"]


def test_what_is_no_number_is_said_in_a_line() -> None:
    assert value_words(np.array("text")) == "text"
    assert value_words(np.array(["a", "b"])).startswith("(2,) <U1")
    assert value_words(None) == "None"
    assert value_words(np.zeros((0, 3))) == "0x3 float64"


def shifted(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> object:
    y = x[1:] - x[:-1]
    y *= 2
    return y


def test_parts_are_worth_what_they_are_where_the_recording_stands() -> None:
    recording = record(shifted, np.array([1.0, 4.0, 9.0]))
    line = next(n for n, text in enumerate(recording.source.lines, 1) if "y = x[1:]" in text)
    recording.seek(1)
    statement = statement_at(recording.source.lines, line)
    found = {part.text: part for part in parts(statement, recording.value_of)}
    assert np.asarray(found["x[1:] - x[:-1]"].value).tolist() == [3.0, 5.0]
    assert np.asarray(found["y"].value).tolist() == [3.0, 5.0]
    recording.seek(2)
    assert np.asarray(recording.value_of("y")).tolist() == [6.0, 10.0]
