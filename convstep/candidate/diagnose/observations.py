"""What is wrong with a candidate and needs no reproduction: it was watched happening."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from convstep.candidate.call.outcome import DIED, HUNG, NAMES, RETURNED, Outcome
from convstep.candidate.check.cases import Right
from convstep.candidate.check.grade import Result, problem_words, wrong_cells
from convstep.candidate.check.laid import Laid
from convstep.candidate.check.sweep import Swept
from convstep.candidate.check.wording import ENOUGH, LIKELY, PROVEN, SEEN, VERBS, count, listed
from convstep.candidate.diagnose.findings import Finding, known, titled
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS
from convstep.conv.validation import shape_text
from convstep.language import tr

if TYPE_CHECKING:
    from convstep.candidate.diagnose.own_forward import OwnForward


def seen_directly(swept: Swept) -> list[Finding]:
    """What needs no reproduction: it was watched happening."""
    found = []
    last = swept.results[-1]
    if last.outcome.kind == HUNG:
        found.append(Finding("hangs", SEEN, _on(last)))
    died = [result for result in swept.results if result.outcome.kind == DIED]
    if died:
        found.append(Finding("crashes", SEEN, _on(died[0])))
    beyond = [result for result in swept.results if result.failed and result.outcome.beyond]
    if beyond:
        seen = tr(
            "line {line}: as_strided makes a view that reaches beyond its array, on {problems} that are "
            "wrong; what it reads there is whatever lies in memory",
            line=beyond[0].outcome.beyond,
            problems=count(len(beyond)),
        )
        found.append(Finding("reads-beyond", SEEN, seen))
    changed = [result for result in swept.results if result.outcome.changed]
    # what reads what happens to lie in memory may return anything
    wild = any(each.outcome.beyond for each in swept.results)
    # a second call on changed arrays says nothing
    if swept.keeps_state and not changed and not wild:
        again = swept.second
        if again is not None and again.kind != RETURNED:
            seen = tr("called a second time with the same arrays: {message}", message=again.message)
        elif others := _others(swept, again):
            seen = tr(
                "a second call with the same arrays makes another {names} than the first"
                if len(others) == 1
                else "a second call with the same arrays makes other {names} than the first",
                names=listed(others),
            )
        else:
            seen = tr("called a second time with the same arrays, it returns something else")
        found.append(known("state-kept", seen))
    if swept.stale and not wild:
        seen = tr(
            "called on one picture and then on another, the same object returns something else for the "
            "second than a new one does: it uses what it kept of the first"
        )
        found.append(Finding("stale", SEEN, seen))
    if swept.only_batch:
        seen = tr(
            "it is right with a batch of {size} and raises with every other batch size that was tried",
            size=swept.only_batch,
        )
        found.append(known("batch-hardcoded", seen))
    if changed:
        names = sorted({name for result in changed for name in result.outcome.changed})
        seen = tr(
            "it changes {names} in place, seen on {problems}",
            names=listed(names),
            problems=count(len(changed)),
        )
        found.append(known("mutates-input", seen))
    return found


def _on(result: Result) -> str:
    """A sentence for what happened, with the problem."""
    return tr("{message}, on {problem}", message=result.outcome.message, problem=problem_words(result))


def about_forward(swept: Swept, wrong: Sequence[Result], forward: OwnForward | None) -> str:
    """That its own forward is wrong, what it does instead, and what that means for the backward."""
    sentence = "its own {forward} is wrong on {problems}, for example {problem}"
    if all(result.ok for result in swept.results if not result.refused):
        sentence = (
            "its own {forward} is wrong on {problems}, for example {problem}; the backward itself is right"
        )
    elif swept.call.own_cache:
        sentence = (
            "its own {forward} is wrong on {problems}, for example {problem}; "
            "the backward was given the cache from it"
        )
    words = tr(
        sentence,
        forward=swept.candidate.forward or "forward",
        problems=count(len(wrong)),
        problem=problem_words(wrong[0]),
    )
    if forward and forward.does:
        words = tr("{does}; {seen}", does=forward.does, seen=words)
    return with_follow(words, forward) if forward else words


def with_follow(words: str, forward: OwnForward) -> str:
    """What was seen of a forward, and the gradients that are right for it."""
    if not forward.follow:
        return words
    return tr(
        "{seen}; {names} is right for it" if len(forward.follow) == 1 else "{seen}; {names} are right for it",
        seen=words,
        names=listed(forward.follow),
    )


def _others(swept: Swept, again: Outcome | None) -> list[str]:
    """The gradients that a second call makes otherwise."""
    first = next((each.outcome for each in swept.results if each.outcome.kind == RETURNED), None)
    if first is None or again is None:
        return []
    both = [name for name in NAMES if name in first.gradients and name in again.gradients]
    pairs = {name: (first.gradients[name], again.gradients[name]) for name in both}
    return [
        name
        for name, (one, other) in pairs.items()
        if one.shape != other.shape or not np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True)
    ]


def seen_in_results(results: Sequence[Result], names: Sequence[str]) -> list[Finding]:
    """Mistakes that the returned arrays show by themselves, in gradients that nothing reproduced."""
    found = []
    returned = [result for result in results if result.outcome.kind == RETURNED]
    shaped = [result for result in returned if "db" in names and result.wrong("db")]
    if shaped and all(_repeats(result) for result in returned):
        bug, shape = KNOWN_BUGS["db-shape"], shaped[0].outcome.gradients["db"].shape
        seen = tr("its shape is {shape}, for example", shape=shape_text(shape))
        found.append(Finding(bug.id, PROVEN, titled(bug, seen), ("db",), bug))
    whole = tuple(name for name in names if name != "db" or not found)
    whole = tuple(name for name in whole if _whole_numbers(name, returned))
    if whole:
        bug = KNOWN_BUGS["integer-truncation"]
        buffers = all(result.outcome.gradients[whole[0]].dtype.kind in "iu" for result in returned)
        seen = tr(
            "all values of {names} are whole numbers of an integer dtype, on all {count} problems"
            if buffers
            else "all values of {names} are whole numbers, on all {count} problems",
            names=listed(whole),
            count=len(returned),
        )
        found.append(Finding(bug.id, PROVEN if buffers else LIKELY, titled(bug, seen), whole, bug))
    return found


def never_added_to(results: Sequence[Result], names: Sequence[str]) -> Finding | None:
    """Gradients that are zeros wherever they come back, but for a padded `dA_prev` alone: another mistake."""
    returned = [result for result in results if result.outcome.kind == RETURNED]

    def zeros(name: str) -> bool:
        made = [result.outcome.gradients[name] for result in returned if name in result.outcome.gradients]
        return not any(array.any() or array.dtype.kind in "iu" for array in made)

    empty = tuple(name for name in NAMES if name in names and zeros(name))
    padded = any(max(map(max, result.right.problem.geometry.padding)) for result in returned)
    if not empty or (empty == ("dA_prev",) and padded):
        return None
    failing = max(sum(result.wrong(name) for result in returned) for name in empty)
    message = tr(
        "{names} is all zeros on {problems}, as if nothing were ever added to it"
        if len(empty) == 1
        else "{names} are all zeros on {problems}, as if nothing were ever added to them",
        names=listed(empty),
        problems=count(failing),
    )
    return Finding("gradient-not-returned", LIKELY, message, empty)


def about_laying(laid: Sequence[Laid]) -> Iterator[Finding]:
    """What goes wrong only because tensors are not contiguous; its own control is the same problem."""
    wrong = [each for each in laid if each.wrong and each.failed]
    failing = wrong or [each for each in laid if each.failed]
    if not failing:
        return
    when = tr(" and where ").join(tr(words) for words in dict.fromkeys(each.laying.words for each in failing))
    if wrong:
        names = tuple(name for name in NAMES if any(name in each.wrong for each in wrong))
        seen = tr("{names} came back wrong, on {problems}", names=listed(names), problems=count(len(wrong)))
        strength = PROVEN if len(wrong) >= ENOUGH else LIKELY
    else:
        outcome, names, strength = failing[0].result.outcome, (), SEEN
        seen = tr("it {verb}: {message}", verb=tr(VERBS[outcome.kind]), message=outcome.message.rstrip("."))
    laid_so = {name for each in failing for name, _ in each.laying.laid}
    message = tr(
        "where {when}, {seen}; on the same numbers laid out contiguously it is right: call .contiguous() of "
        "{array} first, or use indices and reshape rather than view and as_strided",
        when=when,
        seen=seen,
        array="dZ" if "dZ" in laid_so else tr("the pictures"),
    )
    yield Finding("memory-layout", strength, message, names)


def multiplied_by_the_rate(swept: Swept, results: Sequence[Result], wrong: Sequence[str]) -> Finding | None:
    """That a layer's gradients are the update's steps."""
    rate, returned = swept.call.rate, [r for r in results if r.outcome.kind == RETURNED]
    steps = tuple(
        name
        for name in wrong
        if rate and all(_is_times(rate, name, result) for result in returned) and len(returned) >= ENOUGH
    )
    if not steps:
        return None
    message = tr(
        "{names} is multiplied by the learning rate, on {problems}"
        if len(steps) == 1
        else "{names} are multiplied by the learning rate, on {problems}",
        names=listed(steps),
        problems=count(len(returned)),
    )
    return Finding("unknown", SEEN, message, steps)


def _is_times(rate: float, name: str, result: Result) -> bool:
    gradient = result.outcome.gradients.get(name)
    if gradient is None or gradient.shape != result.right.gradients[name].shape:
        return False
    return not wrong_cells(name, result.right, gradient / rate).any()


def from_updated_kernels(swept: Swept, results: Sequence[Result]) -> Finding | None:
    """That a layer works out `dA_prev` from kernels which it has updated before."""
    found = 0
    for result in results:
        dA, dW = (result.outcome.gradients.get(name) for name in ("dA_prev", "dW"))
        if dA is None or dW is None or not swept.call.rate or dW.shape != result.right.problem.W.shape:
            return None
        if dA.shape != result.right.gradients["dA_prev"].shape:
            return None
        problem = result.right.problem
        after = Right.of(problem.with_arrays(W=problem.W - swept.call.rate * dW))
        if wrong_cells("dA_prev", after, dA).any():
            return None
        found += result.wrong("dA_prev")
    message = tr(
        "dA_prev is what the kernels give after the update, on {problems}: work it out before it",
        problems=count(found),
    )
    return Finding("unknown", SEEN, message, ("dA_prev",)) if found >= ENOUGH else None


def _repeats(result: Result) -> bool:
    """Whether db holds the right values, whatever its shape: as they are, or repeated."""
    actual, right = result.outcome.gradients["db"], result.right.gradients["db"]
    for axis in range(actual.ndim):
        rows = np.moveaxis(actual, axis, -1)
        if rows.shape[-1] == right.size and np.allclose(
            rows, right, rtol=1e-5, atol=result.right.loose["db"]
        ):
            return True
    return False


def _whole_numbers(name: str, returned: Sequence[Result]) -> bool:
    """Whether a gradient holds nothing but whole numbers on every problem, and not only zeros."""
    gradients = [result.outcome.gradients[name] for result in returned]
    whole = all(bool((gradient == np.rint(gradient)).all()) for gradient in gradients)
    return bool(gradients) and whole and any(gradient.any() for gradient in gradients)
