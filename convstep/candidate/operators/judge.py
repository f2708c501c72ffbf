"""The verdict on a backward of an operator: called on many problems, judged, its mistakes named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from convstep.candidate.call.conventions import AUTO
from convstep.candidate.call.outcome import RAISED, Attempt, Candidate, CannotCall
from convstep.candidate.call.parameters import Parameter, read
from convstep.candidate.call.words import BESIDES
from convstep.candidate.check.wording import listed
from convstep.candidate.operators.answer import UNSAID, Answer, Judged, Swept
from convstep.candidate.operators.caller import Caller
from convstep.candidate.operators.diagnose import diagnose
from convstep.candidate.operators.gathering import forward_fits
from convstep.candidate.operators.notes import notes
from convstep.candidate.operators.own_line import own_words
from convstep.candidate.operators.raising import place_of
from convstep.candidate.operators.report import report
from convstep.candidate.operators.settled import settled
from convstep.candidate.operators.sweep import Progress, swept
from convstep.candidate.operators.verdict import OperatorVerdict
from convstep.candidate.operators.vocabulary import Vocabulary, comes_from_above, holds, keeps
from convstep.candidate.operators.ways import vocabulary
from convstep.language import tr

GEOMETRY = re.compile(r"(?i)_?(dilations?|dilation_?(rate|size|factor)|atrous_?rate|(n_?|num_?)?groups?)")
"""Parameters that change what windows read, and that no operator but conv2d has."""
CALLED = re.compile(r"forward|fwd|backward|bwd|back_?prop|call", re.I)
"""What the methods are called that a check calls."""
MISCALLED = ("AttributeError", "IndexError", "KeyError", "TypeError", "ValueError")
"""Exceptions that may come from how something is called."""


def operator_verdict(
    worker: Caller, operator: str | None = None, convention: str = AUTO, progress: Progress | None = None
) -> OperatorVerdict | None:
    """Try somebody's backward as an operator's, by default that of its name; say what is wrong with it.

    `convention` is the name of one of the operator's, "own" for its own layout; AUTO finds out. None if
    neither its name nor its numbers show which operator it is. `CannotCall` if it is one by its name, and no
    way was found to call it; an `OperatorError` if there is no operator of that name.
    """
    tried = swept(worker, operator, progress, convention=None if convention == AUTO else convention)
    if tried is None:
        return None
    _check_called(worker, tried)
    result, said = settled(tried)
    named = () if operator is None else ("--operator", operator)
    laid = () if convention == AUTO else ("--convention", convention)
    own = None if result.varying else own_words(worker, result)
    return OperatorVerdict(
        report,
        worker.address,
        worker.candidate.name,
        result,
        diagnose(result, worker.candidate.source),
        (*said, *notes(result), *_untried(worker.candidate, result)),
        flags=(*worker.flags, *named, *laid),
        own=own.words if own else "",
        own_place=own.place if own else None,
    )


def _untried(candidate: Candidate, tried: Swept) -> Iterator[str]:
    """Which of its parameters stayed as they are, where the operator has no such thing."""
    made = [(name, each) for text in candidate.methods for name, listed in [read(text)] for each in listed]
    names = dict.fromkeys((*candidate.parameters, *candidate.keywords, *candidate.forward_parameters))
    names |= dict.fromkeys(each.name for _, each in made)
    needed = {*candidate.needed, *candidate.forward_required, *_needed(made)}
    words = vocabulary(tried.operator)
    beyond = [
        name
        for name in names
        if (GEOMETRY.fullmatch(name) and name not in tried.operator.small().options)
        or not (name in needed or _is_told(name, words) or BESIDES.fullmatch(name))
    ]
    if beyond:
        yield tr(
            "not varied: {names}, which kept its default"
            if len(beyond) == 1
            else "not varied: {names}, which kept their defaults",
            names=listed(beyond),
        )


def _needed(methods: Sequence[tuple[str, Parameter]]) -> Iterator[str]:
    """The parameters that have no default, and those of methods that are called for something else."""
    for name, each in methods:
        if each.default is None or each.star or not (name == "__init__" or CALLED.search(name)):
            yield each.name


def _is_told(name: str, words: Vocabulary) -> bool:
    """Whether a parameter is one that the operator has a word for."""
    return bool(words.role(name) or words.making(name)) or any(
        says(name) for says in (keeps, holds, comes_from_above)
    )


def _check_called(worker: Caller, tried: Swept) -> None:
    """Refuse, by `CannotCall`, a verdict on what raises everywhere, as it would if it were called wrongly.

    Where it was guessed that it takes one sample alone, it is enough that it raises on most problems.
    """
    told = [one for one in tried.results if one.answer.kind != UNSAID]
    raising = [one for one in told if _miscalled(one.answer)]
    loose = tried.way is not None and not tried.way.whole
    on_all = len(raising) == len(told)
    if (on_all or (loose and 2 * len(raising) > len(told))) and not all(map(_own_fault, raising)):
        first = raising[0].answer
        place = place_of(first)
        attempt = Attempt(
            first.call or worker.candidate.name, first.message, first.line, first.line_text, place
        )
        said = tr(
            "{name} cannot be called as {operator}: {reason}",
            name=worker.candidate.name,
            operator=tr(tried.operator.title),
            reason=first.message,
        )
        raise CannotCall(said, worker.candidate, (attempt,))


def _miscalled(answer: Answer) -> bool:
    """Whether it raises as what is called in a wrong way does."""
    return answer.kind == RAISED and answer.message.partition(":")[0] in MISCALLED


def _own_fault(judged: Judged) -> bool:
    """Whether what raises was called in the right way: shapes clash, and all that it was handed is right.

    Its own forward has returned the operator's numbers, and its backward got what that kept and the gradient
    of what that returned, nothing else.
    """
    answer = judged.answer
    clash = answer.message.partition(":")[0] in ("IndexError", "ValueError")
    clash = clash and "to unpack" not in answer.message  # what it takes apart may be something else
    return clash and not answer.guessed and forward_fits(judged) is True
