"""What there is to see in the gradients of an operator that no mistake's lines explain."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.check.wording import ENOUGH, LIKELY, PROVEN, SEEN, count, listed
from convstep.candidate.operators.answer import Judged, Swept
from convstep.candidate.operators.axes import sizes
from convstep.candidate.operators.evidence import Evidence, is_wrong, same
from convstep.candidate.operators.finding import Finding
from convstep.candidate.operators.pattern import where
from convstep.candidate.operators.written import laid
from convstep.conv.step import quiet
from convstep.language import tr
from convstep.operators.mistake import Mistake, Variant
from convstep.operators.operator import Array, Operator, OperatorProblem
from convstep.steps.number_text import shape_text, short

CLOSE = 1e-6
"""What a ratio may be off."""
UNKNOWN = "unknown"
"""The id of what is wrong but is not a known mistake."""
SHAPE = "wrong-shape"
"""The id of right numbers in a wrong shape."""
NOT_NUMBERS = "it has nan or inf where the right one has numbers"
"""What is said of a gradient that overflows."""
MUTATES = "mutates-input"
"""The id of a caller's array that is changed, where the operator has no mistake of its own for it."""


def writes(swept: Swept) -> Iterator[Finding]:
    """The caller's arrays that it changes."""
    operator = swept.operator
    ids = {mistake.id: mistake for mistake in operator.mistakes}
    names = dict.fromkeys(name for one in swept.results for name in one.answer.changed)
    rightly = not any(one.failed for one in swept.results)
    for name in names:
        where_it_is = [one for one in swept.results if name in one.answer.changed]
        mistake = ids.get(f"writes-into-{name.replace('_', '-')}")
        said = tr(
            "the gradients are right, but it writes into {name}, the caller's own array, on {problems}: "
            "whoever uses {name} after this call has other numbers"
            if rightly
            else "it writes into {name}, the caller's own array, on {problems}: whoever uses {name} after "
            "this call has other numbers",
            name=name,
            problems=count(len(where_it_is)),
        )
        variant = mistake.variants[0] if mistake is not None and mistake.variants else None
        yield Finding(mistake.id if mistake else MUTATES, PROVEN, said, (), mistake, variant)


# shapes


def reshaped(swept: Swept, names: Sequence[str]) -> Swept:
    """The same sweep, gradients that only have axes of length 1 too many or too few in the right shape."""
    wholly = [name for name in names if _shaped(swept, name)]
    return replace(swept, results=tuple(_reshaped(one, wholly) for one in swept.results))


def _shaped(swept: Swept, name: str) -> list[Judged]:
    """The problems on which a shape is wrong by axes of length 1; none if it is wrong by more on others."""
    found = [one for one in swept.results if np.isinf(one.off.get(name, 0.0)) and _misshapen(one, name)]
    return found if all(_only_by_ones(one, name) for one in found) else []


def _misshapen(judged: Judged, name: str) -> bool:
    return judged.answer.gradients[name].shape != judged.right[name].shape


def _reshaped(judged: Judged, names: Sequence[str]) -> Judged:
    changes = {
        name: judged.answer.gradients[name].reshape(judged.right[name].shape)
        for name in names
        if _only_by_ones(judged, name)
    }
    if not changes:
        return judged
    off = {name: 0.0 if same(value, judged.right[name]) else np.inf for name, value in changes.items()}
    answer = replace(judged.answer, gradients={**judged.answer.gradients, **changes})
    return replace(judged, answer=answer, off={**judged.off, **off})


def _only_by_ones(judged: Judged, name: str) -> bool:
    """Whether the shape of a gradient is wrong by nothing but axes of length 1."""
    one, other = judged.answer.gradients.get(name), judged.right[name]
    return one is not None and one.shape != other.shape and np.squeeze(one).shape == np.squeeze(other).shape


def in_shapes(swept: Swept, names: Sequence[str]) -> Iterator[Finding]:
    """Gradients whose shape is wrong by axes of length 1."""
    found = {name: _shaped(swept, name) for name in names}
    if not any(found.values()):
        return
    said = [
        tr(
            "{name} has the shape {shape} instead of {right}",
            name=name,
            shape=shape_text(one.answer.shapes.get(name) or one.answer.gradients[name].shape),
            right=shape_text(laid(swept.of(one.answer), name, one.right[name]).shape),
        )
        for name, (one, *_) in ((name, each) for name, each in found.items() if each)
    ]
    number = max(map(len, found.values()))
    message = tr(
        "{seen}, on {problems}: an axis of length 1 is there that should not be, or is missing (keepdims, "
        "a sum, a reshape)",
        seen=tr("; ").join(said),
        problems=count(number),
    )
    strength = PROVEN if number >= ENOUGH else LIKELY
    wrong = tuple(name for name in names if found[name])
    known, variant = _shaping(Evidence(swept), wrong, found[wrong[0]][0])
    yield Finding(SHAPE, strength, message, wrong, known, variant)


def _shaping(
    evidence: Evidence, names: Sequence[str], judged: Judged
) -> tuple[Mistake | None, Variant | None]:
    """The way of making the operator's own mistake of this kind that is about just these gradients."""
    for mistake, variant in evidence.variants():
        made = evidence.made(variant, judged) if mistake.id == SHAPE else None
        if made is not None:
            wrong = {name for name in made if made[name].shape != judged.right[name].shape}
            if wrong == set(names):
                return mistake, variant
    return None, None


# numbers


def in_the_numbers(evidence: Evidence, name: str) -> Finding | None:
    """What a gradient is, wherever it is wrong: the right one times something, or another one."""
    for look in (_other_gradient, _times):
        found = look(evidence, name)
        if found is not None:
            return found
    return None


def _wrong(evidence: Evidence, name: str) -> list[Judged]:
    return [one for one in evidence.returned if is_wrong(one, name)]


def _other_gradient(evidence: Evidence, name: str) -> Finding | None:
    wrong = _wrong(evidence, name)
    for other in evidence.operator.gradients:
        if other != name and all(same(one.answer.gradients[name], one.right[other]) for one in wrong):
            said = tr(
                "where {name} belongs it returns {other}, on {problems}",
                name=name,
                other=other,
                problems=count(len(wrong)),
            )
            return Finding("wrong-order", _strength(wrong), said, (name,))
    return None


def _strength(wrong: Sequence[Judged]) -> str:
    return PROVEN if len(wrong) >= ENOUGH else LIKELY


def transposed(evidence: Evidence, name: str) -> Finding | None:
    """Whether a gradient's axes stand in another order than they should."""
    returned = [one for one in evidence.returned if name in one.answer.gradients]
    axes = {one.right[name].ndim for one in returned}
    if len(axes) != 1 or not 2 <= (rank := axes.pop()) <= 4:
        return None
    for order in itertools.islice(itertools.permutations(range(rank)), 1, None):
        if all(_turned(one, name, order) for one in returned):
            wrong = _wrong(evidence, name)
            said = tr(
                "the axes of {name} are in another order than those of {array}: {order}, on {problems}",
                name=name,
                array=name.removeprefix("d"),
                order=", ".join(map(str, order)),
                problems=count(len(wrong)),
            )
            return Finding("transposed", _strength(wrong), said, (name,))
    return None


def _turned(judged: Judged, name: str, order: tuple[int, ...]) -> bool:
    """Whether a gradient's axes stand in some order; where it is right, whether that makes no difference."""
    right = judged.right[name]
    turned = right.transpose(order)
    if not is_wrong(judged, name):
        return same(np.squeeze(right), np.squeeze(turned))
    return same(judged.answer.gradients[name], turned)


def _times(evidence: Evidence, name: str) -> Finding | None:
    """Whether a gradient is the right one times a number, or times or divided by a size of the problem.

    Where there are numbers: some of its numbers may overflow.
    """
    wrong = _wrong(evidence, name)
    without = [one for one in wrong if _without_numbers(one.answer.gradients[name], one.right[name])]
    found = _times_among(evidence, name, without)
    if found is None or not without:
        return found
    said = tr("on {problems} {seen}", problems=count(len(without)), seen=tr(NOT_NUMBERS))
    return replace(found, message=tr("{one}; {other}", one=found.message, other=said))


def _times_among(evidence: Evidence, name: str, without: Collection[Judged]) -> Finding | None:
    """The same on all problems but some."""
    ratios = [
        (one, ratio)
        for one in evidence.returned
        if name in one.answer.gradients and one.right[name].any() and one not in without
        for ratio in [_ratio(one.answer.gradients[name], one.right[name])]
    ]
    if not ratios or any(ratio is None for _, ratio in ratios):
        return None
    known = [(one, ratio) for one, ratio in ratios if ratio is not None]
    values = [ratio for _, ratio in known]
    wrong = [one for one in _wrong(evidence, name) if one not in without]
    if np.allclose(values, values[0], rtol=10 * CLOSE):
        if np.isclose(values[0], 0.0):
            said = tr("{name} is all zeros", name=name)
            return Finding(UNKNOWN, SEEN, tr("not a known mistake: {seen}", seen=said), (name,))
        if np.isclose(values[0], -1.0):
            mistake = next((each for each in evidence.operator.mistakes if each.id == "sign"), None)
            said = tr("{name} has the opposite sign, on {problems}", name=name, problems=count(len(wrong)))
            return Finding("sign", _strength(wrong), said, (name,), mistake)
        said = tr(
            "{name} is the right one times {factor}, on {problems}",
            name=name,
            factor=short(values[0], 6),
            problems=count(len(wrong)),
        )
        return Finding("scaled", _strength(wrong), said, (name,))
    for words, power, lengths in _powers(evidence.operator, [one.answer.problem for one, _ in known]):
        with quiet():  # an axis may have no length
            powers = np.float_power(lengths, power)
        if np.allclose(values, powers, rtol=10 * CLOSE) and len(set(lengths)) > 1:
            said = tr(
                "{name} is the right one divided by {size}, on {problems}"
                if power == -1
                else "{name} is the right one divided by the square of {size}, on {problems}"
                if power == -2
                else "{name} is the right one times {size}, on {problems}",
                name=name,
                size=words,
                problems=count(len(wrong)),
            )
            return Finding("scaled", _strength(wrong), said, (name,))
    return None


def _ratio(actual: Array, right: Array) -> float | None:
    """By what a gradient is multiplied, the same in all cells; None if it is not."""
    if actual.shape != right.shape:
        return None
    with quiet():
        wide, base = np.asarray(actual, np.float64), np.asarray(right, np.float64)
        factor = float((wide * base).sum() / (base * base).sum())
    if not np.isfinite(factor):
        return None
    scale = max(abs(factor), 1e-12)
    return (
        factor if np.allclose(wide, factor * base, rtol=0, atol=CLOSE * scale * np.abs(base).max()) else None
    )


def _powers(
    operator: Operator, problems: Sequence[OperatorProblem]
) -> Iterator[tuple[str, int, list[float]]]:
    """Sizes of the problems by which a gradient may be divided or multiplied, what they are called."""
    every = [_named_sizes(operator, problem) for problem in problems]
    for power in (-1, 1, -2):
        for words in every[0]:
            if all(words in named for named in every):
                yield words, power, [float(named[words]) for named in every]


def _named_sizes(operator: Operator, problem: OperatorProblem) -> dict[str, int]:
    """The sizes of a problem, by what they are called."""
    ours = {name: axes for name, axes in operator.axes.items() if name in problem.arrays}
    found: dict[str, int] = {}
    for letter, length in sizes(operator, problem).items():
        if letter == "N":
            found[tr("N, the batch size")] = length
        else:
            owner = next(name for name, axes in ours.items() if letter in axes)
            said = tr("{letter} ({array} is {axes})", letter=letter, array=owner, axes=ours[owner])
            found[said] = length
    for name, value in problem.options.items():
        if isinstance(value, tuple) and all(isinstance(one, int) for one in value):
            found[tr("the product of {option}", option=name)] = int(np.prod(value))
            found |= {f"{name}[{at}]": one for at, one in enumerate(value)}
    for name, array in problem.upstream.items():
        found[tr("the number of cells of {array}", array=name)] = array.size
        if array.ndim > 2:
            found[tr("the number of cells of one map of {array}", array=name)] = int(np.prod(array.shape[2:]))
    arrays = {name: array for name, array in problem.arrays.items() if array.ndim > 1}
    for name, array in arrays.items():
        found[tr("the number of cells of {array}", array=name)] = array.size
    return found


# what is not known


def about_unknown(evidence: Evidence, names: Sequence[str]) -> Iterator[Finding]:
    """That no mistake explains some gradients: on which problems they are wrong, what is true of them.

    Gradients of which the same is to be said share a sentence.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        wrong = _wrong(evidence, name)
        where_it_is = tuple(str(id(one)) for one in wrong)
        alike.setdefault((*where_it_is, *observations(evidence, wrong, name)), []).append(name)
    for together in alike.values():
        first, wrong = together[0], _wrong(evidence, together[0])
        tells = [one for one in evidence.returned if first in one.answer.gradients]
        pattern = where(tells, functools.partial(is_wrong, name=first))
        said = [_where_wrong(together, len(wrong), len(tells), pattern)]
        said += observations(evidence, wrong, first)
        message = tr("not a known mistake: {seen}", seen=tr("; ").join(said))
        yield Finding(UNKNOWN, SEEN, message, tuple(together))


def _where_wrong(names: Sequence[str], failing: int, tried: int, pattern: str) -> str:
    """On how many problems gradients are wrong, and on which."""
    numbers = {"failing": failing, "problems": count(tried), "pattern": pattern}
    if len(names) == 1:
        return tr(
            "{name} is wrong on every problem"
            if failing == tried
            else "{name} is wrong on {failing} of {problems}, {pattern}"
            if pattern
            else "{name} is wrong on {failing} of {problems}",
            name=names[0],
            **numbers,
        )
    return tr(
        "{names} are wrong on every problem"
        if failing == tried
        else "{names} are wrong on {failing} of {problems}, {pattern}"
        if pattern
        else "{names} are wrong on {failing} of {problems}",
        names=listed(names),
        **numbers,
    )


def observations(evidence: Evidence, wrong: Sequence[Judged], name: str) -> Iterator[str]:
    """What is true of a gradient on all problems where it is wrong."""
    pairs = [(one.answer.gradients[name], one.right[name]) for one in wrong]
    if any(actual.shape != right.shape for actual, right in pairs):
        one = next(each for each in wrong if _misshapen(each, name))
        yield tr(
            "its shape is {shape} instead of {right}",
            shape=shape_text(one.answer.shapes.get(name) or one.answer.gradients[name].shape),
            right=shape_text(laid(evidence.swept, name, one.right[name]).shape),
        )
        return
    if without := sum(_without_numbers(actual, right) for actual, right in pairs):
        said = tr(NOT_NUMBERS)
        yield (
            said if without == len(pairs) else tr("on {problems} {seen}", problems=count(without), seen=said)
        )
        return
    cells = [_differing(actual, right) for actual, right in pairs]
    if all((np.asarray(actual)[off] == 0).all() for (actual, _), off in zip(pairs, cells, strict=True)):
        yield tr("every wrong cell is 0")
    elif all(not off.all() for off in cells):
        yield tr("on every problem some cells are right")
    with quiet():
        sums = [(float(actual.sum()), float(right.sum()), np.abs(right).sum()) for actual, right in pairs]
    if all(abs(a - b) <= CLOSE * size for a, b, size in sums):
        yield tr("its sum is right")


def _without_numbers(actual: Array, right: Array) -> bool:
    """Whether there is nan or inf where there should be a number."""
    return actual.shape == right.shape and bool((~np.isfinite(actual) & np.isfinite(right)).any())


def _differing(actual: Array, right: Array) -> Array:
    with quiet():
        scale = float(np.abs(right[np.isfinite(right)]).max(initial=0.0))
        off: Array = ~(np.abs(np.asarray(actual, np.float64) - right) <= CLOSE * scale)
    return off
