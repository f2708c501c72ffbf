"""Copies of a process: how each ends is told, whatever it does."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

from convstep.candidate.power.copies import BROKEN, OUT_OF_TIME, PASSED, Copies
from tests.strategies import SELDOM

ENDINGS: dict[int, Callable[[Copies], object]] = {
    3: lambda copies: copies.end(3, {"code": PASSED, "failed": ""}),
    4: lambda _: os._exit(0),
    5: lambda _: os.kill(os.getpid(), signal.SIGKILL),
    6: lambda _: time.sleep(600),
}


@SELDOM
def test_how_each_copy_ends_is_told_once() -> None:
    here, there = os.pipe()
    copies = Copies(there, 2, 2.0)
    for number, ending in ENDINGS.items():
        if copies.make(number):
            try:
                ending(copies)
            finally:
                os._exit(1)
    copies.wait()
    copies.tell(-1, {"code": PASSED})
    os.close(there)
    with os.fdopen(here) as lines:
        told = [json.loads(line) for line in lines]
    assert told[-1] == {"code": PASSED, "suspect": -1}
    assert {one["suspect"]: one["code"] for one in told[:-1]} == {
        3: PASSED,
        4: BROKEN,
        5: BROKEN,
        6: OUT_OF_TIME,
    }
    assert len(told) == len(ENDINGS) + 1
