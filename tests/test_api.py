"""The public functions, given what they are not made for: one sentence of Python's own kinds of errors."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.files import FileRefused
from convstep.printable import SENTENCE
from tests.strategies import some
from tests.test_printable import obeyed

A_PREV, W, B, DZ = np.ones((5, 6, 4)), np.ones((6, 3, 2, 4)), np.ones(6), np.ones((3, 5, 6))
PROBLEM = convstep.Problem(A_PREV, W, B, DZ)
CACHE: dict[str, Any] = {"A_prev": A_PREV, "W": W, "b": B}
GRADIENTS = (W, B, np.ones((5, 6, 4)))

FUNCTIONS: dict[str, Callable[[Any], object]] = {
    "forward": lambda value: convstep.conv2d_forward(value, W, B, 1, 0),
    "forward, b": lambda value: convstep.conv2d_forward(A_PREV, W, [value], 1, 0),
    "forward, stride": lambda value: convstep.conv2d_forward(A_PREV, W, B, (value, value), 0),
    "forward, padding": lambda value: convstep.conv2d_forward(A_PREV, W, B, 1, (value, 0)),
    "backward": lambda value: convstep.conv2d_backward(value, CACHE, 1, 0),
    "backward, cache": lambda value: convstep.conv2d_backward(DZ, value, 1, 0),
    "backward, A_prev": lambda value: convstep.conv2d_backward(DZ, CACHE | {"A_prev": value}, 1, 0),
    "steps, cache": lambda value: convstep.conv2d_backward_steps(DZ, value, 1, 0),
    "steps, dilation": lambda value: convstep.conv2d_backward_steps(DZ, CACHE, 1, 0, value),
    "with arrays": lambda value: PROBLEM.with_arrays(W=(value, 1)),
    "with recorded": lambda value: PROBLEM.with_recorded([value]),  # type: ignore[arg-type]
    "save": PROBLEM.save,
    "load": convstep.Problem.load,
    "load tensors": convstep.load_tensors,
    "recorded, by": lambda value: convstep.Recorded([value], {"dW": W}, 1e-7),  # type: ignore[arg-type]
    "recorded, gradients": lambda value: convstep.Recorded("me", value, 1e-7),
    "recorded, dW": lambda value: convstep.Recorded("me", {"dW": [[value], []]}, 1e-7),  # type: ignore[dict-item]
    "recorded, eps": lambda value: convstep.Recorded("me", {"dW": W}, value),
    "timeline": convstep.Timeline,
    "seek": lambda value: convstep.Timeline(PROBLEM).seek(-1 if value is True else value),
    "compare": convstep.compare,
    "compare, position": lambda value: convstep.compare(PROBLEM, (value,), oracle="numeric"),  # type: ignore[arg-type]
    "compare, gradients": lambda value: convstep.compare(PROBLEM, 0, [5] if value is None else value),  # type: ignore[arg-type]
    "compare, dW": lambda value: convstep.compare(PROBLEM, 0, (value, *GRADIENTS[1:]), oracle="numeric"),
    "compare, dA": lambda value: convstep.compare(PROBLEM, 0, (*GRADIENTS[:2], value), oracle="numeric"),
    "compare, oracle": lambda value: convstep.compare(PROBLEM, oracle=value),
    "check": convstep.check,
    "check, convention": lambda value: convstep.check(len, [value]),  # type: ignore[arg-type]
    "check, problem": lambda value: convstep.check(len, problem=[value]),  # type: ignore[arg-type]
    "check, timeout": lambda value: convstep.check(len, timeout=-1 if value in (True, None) else value),
    "check, adapter": lambda value: convstep.check(len, adapter=[value]),  # type: ignore[arg-type]
    "assert correct": convstep.assert_correct,
    "debug": convstep.debug,
    "debug, function": lambda value: convstep.debug(print, value),
    "record": convstep.record,
    "record, function": lambda value: convstep.record(len, value),
    "survey": convstep.survey,
    "survey, jobs": lambda value: convstep.survey(".", jobs=-1 if value in (True, None) else value),
    "survey, timeout": lambda value: convstep.survey(".", timeout=-1 if value in (True, None) else value),
    "survey, convention": lambda value: convstep.survey(".", convention=[value]),  # type: ignore[arg-type]
    "survey, adapter": lambda value: convstep.survey(".", adapter=[value]),  # type: ignore[arg-type]
    "survey, operator": lambda value: convstep.survey(".", operator=[value]),  # type: ignore[arg-type]
    "survey, function": lambda value: convstep.survey(".", function=[value]),  # type: ignore[arg-type]
    "power": lambda value: convstep.power(value, "layers.py:f"),
    "power, target": lambda value: convstep.power(__file__, value),
    "power, jobs": lambda value: convstep.power(
        __file__, "a.py:f", jobs=-1 if value in (True, None) else value
    ),
    "debug, sample": lambda value: convstep.debug(PROBLEM, 7 if value in (True, None) else value),
}
"""Arguments of the public functions in whose place a stranger can stand; none of it starts a process."""

STRANGERS: dict[str, Any] = {
    "None": None,
    "a bool": True,
    "a long number": 10**5000,
    "a number": 2**70,
    "below zero": -(2**70),
    "nan": float("nan"),
    "no text": "",
    "codes": "\x1b]0;x\x07\u202e\ud800",
    "a zero": "a\x00b",
    "a long text": "x" * 10**5,
    "bytes": b"\x00\xff",
    "a tuple": (),
    "a list": [1, [2, 3]],
    "a dict": {"A_prev": None, "W": "x"},
    "a set": {1},
    "an object": object(),
}


@pytest.mark.parametrize("stranger", some(STRANGERS, 5))
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_makes_no_sense_is_one_sentence(
    function: str, stranger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ValueError, TypeError, OSError)) as caught:
        FUNCTIONS[function](STRANGERS[stranger])
    if isinstance(caught.value, OSError) and not isinstance(caught.value, FileRefused):
        assert stranger == "a long text"  # the system's own words, with the name as it is
        return
    said = str(caught.value)
    assert said
    assert obeyed(said) == []
    assert len(said) <= SENTENCE
    assert not list(tmp_path.iterdir())


def test_the_number_of_an_open_file_is_no_path_and_the_file_stays_open() -> None:
    read, write = os.pipe()
    functions: list[Callable[[Any], object]] = [convstep.Problem.load, convstep.load_tensors, PROBLEM.save]
    for function in functions:
        with pytest.raises(TypeError, match="PathLike"):
            function(read)
    for end in (read, write):
        os.close(end)


@pytest.mark.parametrize("path", [".", ".."])
def test_a_folder_is_no_file_to_write(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match=r"directory|busy"):
        PROBLEM.save(path)
