"""What is asked of a survey, looked at once before anything is checked: else every row would complain."""

from __future__ import annotations

from dataclasses import dataclass

from convstep.candidate.call.conventions import AUTO, check_convention
from convstep.candidate.call.opening import check_timeout
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.survey.naming import OPERATORS
from convstep.conv.validation import check_type
from convstep.language import tr


@dataclass(frozen=True, slots=True)
class Options:
    """How backwards are checked; see `convstep.check`."""

    convention: str = AUTO
    timeout: float | None = None
    run_all: bool = False
    python2: bool = False
    adapter: str | None = None

    def check(self) -> None:
        """Refuse what no backward could be checked with.

        Raises:
            CandidateError: one sentence.
        """
        check_type("convention", self.convention, str)
        check_convention(self.convention)
        check_timeout(self.timeout)
        if self.adapter is not None:
            check_type("adapter", self.adapter, str)
            Target.parse(self.adapter)


def check_operator(operator: str | None) -> None:
    """Refuse an operator that no name means.

    Raises:
        CandidateError: one sentence.
    """
    if operator is not None and operator not in OPERATORS:
        raise CandidateError(
            tr(
                "there is no operator {operator!r}; the operators are {known}",
                operator=operator,
                known=", ".join(OPERATORS),
            )
        )
