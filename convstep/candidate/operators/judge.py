"""The verdict on a backward of an operator: called on many problems, judged, its mistakes named."""

from __future__ import annotations

from convstep.candidate.call.conventions import AUTO
from convstep.candidate.operators.caller import Caller
from convstep.candidate.operators.diagnose import diagnose
from convstep.candidate.operators.notes import notes
from convstep.candidate.operators.own_line import own_words
from convstep.candidate.operators.report import report
from convstep.candidate.operators.settled import settled
from convstep.candidate.operators.sweep import Progress, swept
from convstep.candidate.operators.verdict import OperatorVerdict


def operator_verdict(
    worker: Caller, operator: str | None = None, convention: str = AUTO, progress: Progress | None = None
) -> OperatorVerdict | None:
    """Try somebody's backward as an operator's, and say what is wrong with it.

    Args:
        worker: it, in its process.
        operator: the operator's name; by default found from the candidate's.
        convention: the name of one of the operator's conventions, "own" for its own layout; AUTO finds out.
        progress: told how many problems are done, and how many there are.

    Returns:
        None if neither its name nor its numbers show which operator it is.

    Raises:
        CannotCall: it is an operator by its name, and no way was found to call it.
        OperatorError: there is no operator of that name.
    """
    tried = swept(worker, operator, progress, convention=None if convention == AUTO else convention)
    if tried is None:
        return None
    result, said = settled(tried)
    named = () if operator is None else ("--operator", operator)
    laid = () if convention == AUTO else ("--convention", convention)
    own = own_words(worker, result)
    return OperatorVerdict(
        report,
        worker.address,
        worker.candidate.name,
        result,
        diagnose(result),
        (*said, *notes(result)),
        flags=(*worker.flags, *named, *laid),
        own=own.words if own else "",
        own_place=own.place if own else None,
    )
