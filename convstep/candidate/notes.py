"""Notes: what is worth a sentence of a candidate besides what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from convstep.candidate.call.conventions import CONVENTIONS
from convstep.candidate.call.outcome import NAMES, RETURNED
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.defaults import defaults, left_alone
from convstep.candidate.check.grade import RIGHT, ends_in_relu, problem_words
from convstep.candidate.check.laid import NOBODY, Laid
from convstep.candidate.check.sweep import Swept
from convstep.candidate.check.wording import count, listed
from convstep.candidate.step.probing import Probe
from convstep.language import tr
from convstep.steps.number_text import short

SINGLE = 1e-5
"""Of the error that still counts as right: what float32 leaves and float64 does not."""


def notes(swept: Swept) -> Iterator[str]:
    """What a sweep shows: what was not tried or not computed, how precise it is, what it prints."""
    yield from swept.candidate.notes
    outcomes = [result.outcome for result in swept.results]
    if swept.unsaid:
        yield tr(
            "not tried, because the {convention} convention cannot express it: {geometry}"
            if swept.call.convention in CONVENTIONS
            else "not tried in this way of calling: {geometry}",
            convention=swept.call.convention,
            geometry=tr(", ").join(swept.unsaid),
        )
    if kept := [each.name for each in left_alone(swept.call, swept.candidate)]:
        yield tr(
            "not varied: {names}, which kept its default"
            if len(kept) == 1
            else "not varied: {names}, which kept their defaults",
            names=listed(kept),
        )
    if swept.summing:
        yield tr(
            "{names} adds up over calls, and nothing in its file clears it: right if whoever trains does, "
            "as a zero_grad would"
            if len(swept.summing) == 1
            else "{names} add up over calls, and nothing in its file clears them: right if whoever trains "
            "does, as a zero_grad would",
            names=listed(swept.summing),
        )
    if others := list(_told_otherwise(swept)):
        yield tr("called with {values}", values=listed(others))
    yield from (limit.note for limit in swept.limits)
    if swept.untried:
        yield tr(
            "larger problems were not tried ({count}): it is too slow, or crashed too often",
            count=swept.untried,
        )
    yield from _laid(swept)
    absent, other = _not_computed(swept), dict(swept.call.places).get("other-bias")
    if other is not None and "db" in absent:
        absent.remove("db")
        yield tr("{place} does not hold one number a filter: its gradient is not checked", place=other)
    if absent and "" in swept.call.returns:
        yield tr(
            "{names} is not checked: nothing that it returns has its shape"
            if len(absent) == 1
            else "{names} are not checked: nothing that it returns has their shapes",
            names=listed(absent),
        )
    elif absent:
        yield tr(
            "{names} was not found, and is not checked"
            if len(absent) == 1
            else "{names} were not found, and are not checked",
            names=listed(absent),
        )
    beyond = [result for result in swept.results if result.ok and result.outcome.beyond]
    if beyond:
        yield tr(
            "line {line}: as_strided makes a view that reaches beyond its array, on {problems} whose "
            "gradients are right all the same (the first is {problem})",
            line=beyond[0].outcome.beyond,
            problems=count(len(beyond)),
            problem=problem_words(beyond[0]),
        )
    if refusing := [result for result in swept.results if result.refused]:
        yield tr(
            "it refuses {problems}, which does not count as wrong: {message} (the first is {problem})",
            problems=count(len(refusing)),
            message=refusing[0].outcome.message,
            problem=problem_words(refusing[0]),
        )
    if swept.whole_numbers:
        yield tr(
            "given integers, it cuts {names} to whole numbers (integer-truncation): "
            "make its buffers floating-point, with np.zeros(shape) rather than zeros_like",
            names=listed(swept.whole_numbers),
        )
    imprecise = [
        found.max_abs_error
        for result in swept.results
        for found in result.grades
        if found.kind == RIGHT
        and not found.rounding
        and found.max_abs_error > SINGLE * result.right.loose[found.name]
    ]
    if imprecise:
        yield tr(
            "its numbers are accurate only to single precision: errors up to {worst} in float64",
            worst=short(max(imprecise), 3),
        )
    if swept.grew > 256 << 20:
        yield tr(
            "its process grew by {size} MB: it holds on to memory that it should release",
            size=swept.grew >> 20,
        )
    messages = {outcome.forward_message for outcome in outcomes} - {""}
    if messages and all(outcome.Z is None for outcome in outcomes):
        yield tr(
            "its own {forward} could not be checked: {message}",
            forward=swept.candidate.forward or "forward",
            message=min(messages),
        )
    if printed := next((outcome.printed for outcome in outcomes if outcome.printed), ""):
        yield tr("it prints: {line}", line=printed.strip().splitlines()[0][:80])
    warned = dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings)
    yield from (tr("it warns: {warning}", warning=warning) for warning in list(warned)[:2])


def _laid(swept: Swept) -> Iterator[str]:
    """Sentences about the other memory layouts: where it is right too, and what it does not take."""
    by_words: dict[str, list[Laid]] = {}
    for each in swept.laid:
        by_words.setdefault(each.laying.words, []).append(each)
    right = [
        words for words, found in by_words.items() if all(each.taken and not each.wrong for each in found)
    ]
    if right and swept.failing is None:
        yield tr("also right where {cases}", cases=tr("; where ").join(map(tr, right)))
    for words, found in by_words.items():
        raising = [each.result.outcome for each in found if not each.taken]
        left = [each.wrong for each in found if each.laying is NOBODY]
        if names := [name for name in NAMES if any(name in wrong for wrong in left)]:
            yield tr(
                "where {when}, {names} should be zeros and is not"
                if len(names) == 1
                else "where {when}, {names} should be zeros and are not",
                when=tr(words),
                names=listed(names),
            )
        if raising and not any(each.failed for each in found):
            yield tr(
                "not taken, which does not count as wrong: where {when}: {message}",
                when=tr(words),
                message=raising[0].message,
            )


def _told_otherwise(swept: Swept) -> Iterator[str]:
    """What was told something else than its default, so that it is a plain convolution."""
    call = swept.call
    for method in (call.maker, call.forward, call.backward):
        values = {} if method is None else defaults(method, call, swept.candidate)
        for name, role in method.given if method is not None else ():
            value, default = {"zero": "0", "use_bias": "True"}.get(role), values.get(name, "...")
            if value is not None and default not in (value, "...", "0.0", "None"):
                yield tr("{name}={value} (by default {default})", name=name, value=value, default=default)


def _not_computed(swept: Swept) -> list[str]:
    """Gradients that never come back, where that does not count as wrong."""
    returned = [result for result in swept.results if result.outcome.kind == RETURNED]
    return [
        name
        for name in NAMES
        if not any(name in result.outcome.gradients or result.wrong(name) for result in returned)
        and any(name in result.right.gradients for result in returned)
    ]


def about_relu(swept: Swept) -> Iterator[str]:
    """That a backward which is right for this convolution leaves out a part of its own forward."""
    if any(result.case is not None and result.case.relu for result in swept.results):
        yield tr(
            "its own {forward} ends in a ReLU, and the backward is right neither with it nor without: it was "
            "tried with a dZ that is zero where the ReLU is, which is the same for both",
            forward=swept.candidate.forward or "forward",
        )
    elif swept.failing is not None and ends_in_relu(swept.results):
        yield tr(
            "its own {forward} ends in a ReLU, and the backward is right neither with it nor without: "
            "what is said here is without it",
            forward=swept.candidate.forward or "forward",
        )
    elif ends_in_relu(swept.results):
        yield tr(
            "its own {forward} ends in a ReLU, and the backward leaves it out: it is right if it is given "
            "the gradient before the ReLU, and wrong if that of what {forward} returns",
            forward=swept.candidate.forward or "forward",
        )


def about_linearity(worker: Worker, swept: Swept) -> Iterator[str]:
    """What adding up its parts says of a candidate that no known mistake explains."""
    failing = swept.failing
    if failing is None or failing.outcome.kind != RETURNED:
        return
    found = Probe(worker, swept.call, failing.right.problem, fresh=swept.keeps_state).additivity()
    if found.offset:
        yield tr(
            "with a dZ of zeros it still returns a nonzero {names}: it starts from something else",
            names=listed(found.offset),
        )
    if found.broken:
        yield tr(
            "it is not linear in dZ: in {names}, the results for two parts of dZ do not add up to the "
            "result for all of it; look for rounding, clipping, a condition on dZ, or something that it "
            "keeps between calls",
            names=listed(found.broken),
        )
