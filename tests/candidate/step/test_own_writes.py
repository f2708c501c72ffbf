"""Which line changes the caller's arrays is said with the mistake, and nothing else changes by that."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from convstep import check, conv2d_backward


def changing(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    found = conv2d_backward(dZ.copy(), {**cache, "A_prev": cache["A_prev"].copy()}, stride, padding)
    A = cache["A_prev"].ravel()  # a view of the caller's
    A += 1
    scaled = dZ * 2
    scaled[...] = 0  # their own
    np.multiply(dZ, 2, out=dZ)
    return found


def test_the_lines_that_change_inputs_are_named_in_text_and_for_programs() -> None:
    verdict = check(changing)
    lines, first = inspect.getsourcelines(changing)
    at = {
        name: next(n for n, line in enumerate(lines, first) if name in line) for name in ("A += 1", "out=dZ")
    }
    (finding,) = verdict.diagnosis
    assert finding.id == "mutates-input"
    assert not verdict.ok
    assert "it changes A_prev and dZ in place" in finding.message
    said = " ".join(str(verdict).split())
    assert f"line {at['A += 1']} writes into A_prev: A += 1" in said
    assert f"line {at['out=dZ']} writes into dZ: np.multiply(dZ, 2, out=dZ)" in said
    (plain,) = verdict.as_dict()["diagnosis"]
    assert {each["line"] for each in plain["writes"]} == {*at.values()}


def scaled(function: Callable[..., Any], *arguments: Any) -> Any:
    found = function(*arguments)
    arguments[0][...] = 0
    return found


def test_what_cannot_be_recorded_is_told_as_before() -> None:
    (finding,) = check(functools.partial(scaled, conv2d_backward), "article").diagnosis
    assert finding.id == "mutates-input"
    assert finding.writes == ()
    assert "it changes dZ in place" in finding.message
