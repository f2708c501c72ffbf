"""Somebody who raised is not asked again about what would be the same to them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from convstep.candidate.call.outcome import RAISED
from convstep.candidate.operators.asking import Asking
from convstep.candidate.operators.caller import Handed, Raw
from convstep.candidate.operators.ways import Way, vocabulary
from convstep.operators.registry import operator_named

LINEAR = operator_named("linear")


class Raising:
    """Takes x alone, and raises."""

    candidate = SimpleNamespace(kind="function")

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, words: Any, problems: Sequence[Handed], **how: Any) -> list[Raw]:
        self.asked += len(problems)
        return [Raw(RAISED, said=("x",), message="ValueError: no") for _ in problems]


def _asked(remembers: bool, *changes: dict[str, Any]) -> int:
    worker = Raising()
    asking = Asking(worker, vocabulary(LINEAR), remembers=remembers)  # type: ignore[arg-type]
    problem = LINEAR.small()
    before = {**problem.arrays, **LINEAR.run(problem)}
    for change in changes:
        (raws,) = asking.raws(Way(LINEAR), [[(problem, Handed({**before, **change}, {}, {}))]])
        assert [raw.kind for raw in raws] == [RAISED]
    return worker.asked


def test_an_array_that_it_never_takes_is_no_reason_to_ask_again() -> None:
    assert _asked(True, {}, {"w": np.ones((7, 7))}) == 1


def test_one_that_it_takes_is() -> None:
    assert _asked(True, {}, {"x": np.ones((7, 7))}) == 2


def test_where_its_name_says_what_it_is_every_way_is_tried() -> None:
    assert _asked(False, {}, {"w": np.ones((7, 7))}) == 2
