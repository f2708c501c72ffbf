"""What is raised for the shapes of arrays is raised again; nothing else is foreseen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.outcome import RAISED, REFUSED, RETURNED, Outcome
from convstep.candidate.check.cases import Case
from convstep.candidate.check.foreseen import Foreseen

CASE = Case((7, 8), (3, 3), channels=2, filters=4, batch=1)
PADDED = replace(CASE, padding=((1, 1), (1, 1)))
CALL = Call(
    "named",
    own_cache=True,
    layouts=Layouts("NCHW", "OIHW"),
    forward=Method("forward", (("x", "A_prev"), ("w", "W"), ("b", "b"))),
    backward=Method("", (("dout", "dZ"), ("cache", "cache"))),
)
MISFIT = "ValueError: operands could not be broadcast together with shapes (2,3) (4,3)"
RAISES = Outcome(RAISED, message=MISFIT, line=3)
REFUSES = Outcome(REFUSED, message=f"not tried: {MISFIT}", forward_message=MISFIT)


def with_bias(bias: str, call: Call = CALL) -> Call:
    assert call.layouts is not None
    return replace(call, layouts=replace(call.layouts, b=bias))


def test_what_a_forward_raised_it_raises_whatever_follows_and_a_backward_where_all_is_the_same() -> None:
    other = replace(CALL, backward=Method("", (("dout", "dZ"), ("cache[0]: x", "A_prev"))))
    foreseen = Foreseen()
    assert foreseen(CALL, CASE) is None
    foreseen.learn(CALL, CASE, REFUSES)
    assert [foreseen(call, case) for call in (CALL, other) for case in (CASE, PADDED)] == [REFUSES] * 4
    foreseen = Foreseen()
    foreseen.learn(CALL, CASE, RAISES)
    assert foreseen(CALL, CASE) is RAISES
    assert foreseen(other, CASE) is foreseen(CALL, PADDED) is None


def test_a_forward_that_is_told_its_padding_may_not_raise_with_another() -> None:
    told = replace(CALL, forward=Method("forward", (("x", "A_prev"), ("w", "W"), ("pad", "padding"))))
    foreseen = Foreseen()
    foreseen.learn(told, CASE, REFUSES)
    assert foreseen(told, CASE) is REFUSES
    assert foreseen(told, PADDED) is None


def test_the_same_words_with_three_biases_are_not_about_the_bias() -> None:
    foreseen = Foreseen()
    for number, bias in enumerate(("O", "111O", "O1")):
        assert (foreseen(with_bias("1O11"), CASE) is None) is (number < 3)
        foreseen.learn(with_bias(bias), CASE, RAISES)
    assert foreseen(with_bias("1O11"), CASE) is RAISES
    foreseen.learn(with_bias("O11"), CASE, replace(RAISES, line=4))
    assert foreseen(with_bias("1O11"), CASE) is None
    assert foreseen(with_bias("O11"), CASE) is not None


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(RETURNED),
        Outcome(RAISED, message="ValueError: it wants more", line=3),
        Outcome(RAISED, message=MISFIT),
        Outcome(RAISED, message="ZeroDivisionError: division by zero", line=3),
        Outcome(REFUSED, message=MISFIT),
        Outcome(REFUSED, message="", forward_message="AssertionError: shapes differ"),
    ],
)
def test_what_is_not_raised_for_shapes_is_asked_again(outcome: Outcome) -> None:
    foreseen = Foreseen()
    foreseen.learn(CALL, CASE, outcome)
    assert foreseen(CALL, CASE) is None
