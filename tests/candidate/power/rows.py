"""A power as it comes out, without running anybody's test."""

from __future__ import annotations

from typing import Any

from convstep.candidate.power.power import MISSED, SEEN, UNTRIED, Power, Row
from convstep.candidate.power.suspects import few, shown_on, suspects, telling
from convstep.operators.registry import operator_named

LINEAR = operator_named("linear")


def power(
    missed: tuple[str, ...] = (), spoiled: tuple[str, ...] = (), untried: tuple[str, ...] = (), **more: Any
) -> Power:
    """Of a test of a linear layer.

    Args:
        missed: the mistakes that it does not ask for.
        spoiled: those that come out otherwise in it and pass.
        untried: those whose run does not end.
        more: as `Power` has it.
    """
    rows, shows, problems = list[Row](), [], telling(LINEAR)
    for suspect in suspects(LINEAR):
        shown = shown_on(LINEAR, suspect, problems, LINEAR.gradients)
        if suspect.id in missed:
            rows.append(Row(suspect, MISSED, smallest=shown[0]))
            shows.append(shown)
        elif suspect.id in spoiled:
            rows.append(Row(suspect, MISSED, spoiled=("dw",), smallest=shown[0]))
        else:
            outcome = UNTRIED if suspect.id in untried else SEEN
            rows.append(Row(suspect, outcome, "" if suspect.id in untried else "test_it"))
    return Power(
        "test_layers.py", "layers.py:back", LINEAR, tuple(rows), ("x 4x3, w 3x5",), few(shows), **more
    )
