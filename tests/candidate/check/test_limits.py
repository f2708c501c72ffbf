"""What a candidate never takes and does not claim to take is a limit; everything else is a mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep.candidate.call.worker import Worker
from convstep.candidate.check.sweep import Swept, sweep
from tests.candidate.call.test_named import core
from tests.waiting import GENEROUS


def swept(function: Callable[..., Any]) -> Swept:
    with Worker.of_function(function, GENEROUS) as running:
        return sweep(running, clock=lambda: 0.0)


def _square(x: Any, w: Any, g: Any, s: int) -> Any:
    if w.shape[2] != w.shape[3]:
        np.zeros(w.shape[2])[w.shape[3] + 9]
    return core(x, w, g, s)


def one_side(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    k = bank.shape[-1]
    return _square(picture, bank, delta, step * k // k)


def one_name(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    _, _, k, _ = bank.shape
    dx, dw, db = _square(picture, bank, delta, step * k // k)
    return 2 * dx, dw, db


def says_nothing(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    dx, dw, db = core(picture, bank, delta, step)
    return dx, (dw if len({*dw.shape[2:]}) == 1 else dw * 2), db


def both_sides(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    kh, kw = bank.shape[2:]
    return _square(picture, bank, delta, step * kh * kw // (kh * kw))


def one_filter(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    dx, dw, db = core(picture, bank, delta, step)
    return dx, dw * (2 if len(bank) > 1 else 1), db


@pytest.mark.parametrize("function", [one_side, one_name, says_nothing])
def test_a_limit_is_not_held_against_it(function: Callable[..., Any]) -> None:
    found = swept(function)
    assert [limit.what for limit in found.limits] == ["kernels that are not square"]
    assert not any(limit.beyond(r.right.problem.geometry) for limit in found.limits for r in found.results)
    assert "kernels that are not square (" in found.limits[0].note
    assert (found.failing is None) == (function is not one_name)


@pytest.mark.parametrize("function", [both_sides, one_filter])
def test_what_it_claims_or_gets_wrong_is_no_limit(function: Callable[..., Any]) -> None:
    found = swept(function)
    assert found.limits == ()
    assert found.failing is not None
