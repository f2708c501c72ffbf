"""Problems that show mistakes."""

from __future__ import annotations

import pytest

from convstep.candidate.power.suspects import few, shown_on, suspects, telling, untold
from convstep.operators.operator import Operator
from convstep.operators.registry import operator_named, operators
from tests.strategies import some


def test_a_few_problems_show_what_many_would() -> None:
    operator = operator_named("max-pool")
    problems = telling(operator)
    shows = [shown_on(operator, one, problems, operator.gradients) for one in suspects(operator)]
    chosen = few(shows)
    assert 0 < len(chosen) < 6
    assert all(any(one is each for one in chosen for each in shown) for shown in shows if shown)
    assert few([[], []]) == ()


@pytest.mark.parametrize("operator", some(operators(), 4), ids=lambda one: one.name)
def test_every_mistake_that_can_be_made_shows_somewhere(operator: Operator) -> None:
    problems = telling(operator)
    shown = {one.id for one in suspects(operator) if shown_on(operator, one, problems, operator.gradients)}
    assert {one.id for one in suspects(operator)} - shown <= {"groups-ignored", "dilation-ignored"}
    assert not {*untold(operator)} & {one.id for one in suspects(operator)}


def test_only_gradients_that_are_looked_at_show_something() -> None:
    operator = operator_named("linear")
    biases = [one for one in suspects(operator) if one.id == "db-wrong-axis"]
    assert shown_on(operator, biases[0], telling(operator), ("db",))
    assert not shown_on(operator, biases[0], telling(operator), ("dx", "dw"))
