"""An operator's recorded backward as code: its arguments, the call, and what the right gradients are."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import numpy as np

from convstep.operators.operator import Array, Operator, OperatorProblem
from convstep.recording.case import case_of
from convstep.recording.recording import Recording
from convstep.snippet import Check, Snippet, SnippetError

_MISTAKE = re.compile(r" \([^()]*\)(?=\.py$)")
"""What the file of a backward with a mistake is called by, beside its operator's."""
PRECISION = 1e-10
"""What a number may be off, as a share of the largest."""


def operator_case_of(operator: Operator, problem: OperatorProblem, recording: Recording) -> Snippet:
    """The backward that was recorded, called again; where it has a mistake, its lines are written out.

    Args:
        operator: whose backward.
        problem: what on.
        recording: of the call.

    Raises:
        SnippetError: it is in no file.
    """
    path = recording.source.path
    own = _MISTAKE.sub("", path)
    made = case_of(recording, imports=[] if own != path else None)
    if own != path:
        if not os.path.isfile(own):
            raise SnippetError(f"{os.path.basename(own)} is not there")
        module = operator.backward.__module__
        lines = list(recording.source.lines)
        made = replace(made, imports=[f"from {module} import *", *_whole(lines)])
    names = operator.gradients
    right = operator.right(problem)
    checks = [
        Check("result" if len(names) == 1 else f"result[{at}]", name, right[name], _off(right[name]))
        for at, name in enumerate(names)
    ]
    return replace(
        made,
        about=[f"{recording.name}, a backward of {operator.title}: expected is what is right"],
        checks=checks,
    )


def _whole(lines: list[str]) -> list[str]:
    """A function's lines as they are, set off by empty ones."""
    return ["", "", *lines, ""]


def _off(right: Array) -> float:
    finite = np.abs(np.asarray(right, np.float64))
    return float(finite[np.isfinite(finite)].max(initial=0.0)) * PRECISION
