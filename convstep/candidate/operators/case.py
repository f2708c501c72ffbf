"""An operator's recorded backward as code: its arguments, the call, and what the right gradients are."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from convstep.operators.operator import Array, Operator, OperatorProblem
from convstep.recording.case import case_of
from convstep.recording.recording import Recording
from convstep.snippet import Check, Snippet, importing

_MISTAKE = re.compile(r" \([^()]*\)(?=\.py$)")
"""What the file of a backward with a mistake is called by, beside its operator's."""
PRECISION = 1e-10
"""What a number may be off, as a share of the largest."""


def operator_case_of(operator: Operator, problem: OperatorProblem, recording: Recording) -> Snippet:
    """The backward that was recorded, called again; where it has a mistake, its lines are written out."""
    path = recording.source.path
    own = _MISTAKE.sub("", path)
    imports = None
    if own != path:  # the lines are in no file
        imports = [*importing(own, "*"), "", "", *recording.source.lines, ""]
    made = case_of(recording, imports=imports)
    names = operator.gradients
    right = operator.right(problem)
    checks = [
        Check("result" if len(names) == 1 else f"result[{at}]", name, right[name], _off(right[name]))
        for at, name in enumerate(names)
    ]
    changed = dict.fromkeys(alarm.array for alarm in recording.alarms if alarm.array in made.given)
    checks += [Check(name, name, made.given[name], 0.0) for name in changed]  # nothing is to be written there
    return replace(
        made,
        about=[f"{recording.name}, a backward of {operator.title}: expected is what is right"],
        checks=checks,
    )


def _off(right: Array) -> float:
    finite = np.abs(np.asarray(right, np.float64))
    return float(finite[np.isfinite(finite)].max(initial=0.0)) * PRECISION
