"""What is asked of a survey, looked at once before anything is checked: else every row would complain."""

from __future__ import annotations

from dataclasses import dataclass

from convstep.candidate.call.conventions import AUTO, check_convention
from convstep.candidate.call.opening import check_timeout
from convstep.candidate.load.target import Target
from convstep.candidate.operators.file import known
from convstep.candidate.operators.ways import CONV2D
from convstep.conv.validation import check_type
from convstep.operators.registry import operator_named, operators


@dataclass(frozen=True, slots=True)
class Options:
    """How backwards are checked; see `convstep.check`."""

    convention: str = AUTO
    timeout: float | None = None
    run_all: bool = False
    python2: bool = False
    adapter: str | None = None
    operator: str | None = None

    def check(self) -> None:
        """Refuse what no backward could be checked with.

        Raises:
            CandidateError: one sentence.
            OperatorError: there is no such operator; one sentence.
        """
        check_type("convention", self.convention, str)
        if self.convention not in {one.name for each in operators() for one in each.conventions}:
            check_convention(self.convention)
        if self.operator is not None:
            check_type("operator", self.operator, str)
            with known(self.operator) as name:
                if name not in (None, CONV2D):
                    operator_named(name)
        check_timeout(self.timeout)
        if self.adapter is not None:
            check_type("adapter", self.adapter, str)
            Target.parse(self.adapter)
