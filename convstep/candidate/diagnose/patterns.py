"""On which problems a candidate fails, in words: "wrong only when stride > 1".

What the sweep suggests is a claim, and many a claim fits the problems of a sweep by chance. So it is
tried on fresh problems, a dozen on each side, before it is said; what does not hold is not said.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from convstep.candidate.call.call import Call
from convstep.candidate.call.layers import told_same
from convstep.candidate.check.fresh import FreshProblems
from convstep.candidate.check.grade import Result
from convstep.conv.geometry import Geometry
from convstep.frozen import frozen
from convstep.language import tr

SIDE = 12
"""Fresh problems that a claim is tried on where it says "fails", and where it says "does not"."""
LEAST = 6
"""How many there must be on either side."""
MOSTLY = 0.8
"""Of the problems with a feature, the share from which on it is not counted how many fail."""
CHANCE = 0.01
"""How likely it may be at the most that no problem without a feature fails, if it had no part in that."""
RIVALS, WIDER = 8, 6
"""From how many others that fit, and features of all that fails, a claim is told apart at the most."""
CLAIMS = 12
"""The most claims that are tried; each that falls leaves problems behind that the next must explain."""

Holds = Callable[[Geometry], bool]


@frozen()
class Feature:
    """Something that is true of some problems and not of others."""

    words: str
    """As it stands after "only when"."""
    holds: Holds
    """Whether a problem has it."""


@frozen()
class _Claim:
    """It fails only when something holds; and then always, if it is exact."""

    words: str
    holds: Holds
    exact: bool
    needs: int = 0
    """Problems without it that must be seen to be right; fewer may be so by chance, if few with it fail."""
    near: tuple[Holds, ...] = ()
    """What holds where only one thing is missing, of an exact claim."""

    def fits(self, geometry: Geometry, failed: bool) -> bool:
        """Whether one problem is as claimed."""
        held = self.holds(geometry)
        return held == failed if self.exact else held or not failed


def _windows_overlap(geometry: Geometry) -> bool:
    """Whether two of its windows have a cell in common, padding counted."""
    axes = zip(
        geometry.output_shape, geometry.kernel_shape[1:], geometry.stride, geometry.dilation, strict=False
    )
    return any(
        step * stride % dilation == 0 and step * stride < taps * dilation
        for windows, taps, stride, dilation in axes
        for step in range(1, windows)
    )


FEATURES: tuple[Feature, ...] = (
    Feature("stride > 1", lambda g: max(g.stride) > 1),
    Feature("padding is 0", lambda g: not any(map(any, g.padding))),
    Feature("padding is 0 along an axis", lambda g: any(max(axis) == 0 for axis in g.padding)),
    Feature("padding > 0", lambda g: any(map(any, g.padding))),
    Feature("padding is not 1", lambda g: g.padding != ((1, 1), (1, 1))),
    Feature("padding > 1", lambda g: max(map(max, g.padding)) > 1),
    Feature("the batch has more than one sample", lambda g: g.samples > 1),
    Feature("the batch has a single sample", lambda g: g.samples == 1),
    Feature("the batch has not just 2 samples", lambda g: g.samples != 2),
    Feature("some rows or columns are left over", lambda g: max(g.remainder) > 0),
    Feature("there is one filter", lambda g: g.kernel_shape[0] == 1),
    Feature("there are several filters", lambda g: g.kernel_shape[0] > 1),
    Feature("there is one input channel", lambda g: g.input_shape[2] == 1),
    Feature("there are several input channels", lambda g: g.input_shape[2] > 1),
    Feature("the input is not square", lambda g: g.input_shape[0] != g.input_shape[1]),
    Feature("the input is wider than it is tall", lambda g: g.input_shape[0] < g.input_shape[1]),
    Feature("the input is taller than it is wide", lambda g: g.input_shape[0] > g.input_shape[1]),
    Feature("the output is not square", lambda g: g.output_shape[0] != g.output_shape[1]),
    Feature("the kernel is not square", lambda g: g.kernel_shape[1] != g.kernel_shape[2]),
    Feature("the kernel is wider than it is tall", lambda g: g.kernel_shape[1] < g.kernel_shape[2]),
    Feature("the kernel is taller than it is wide", lambda g: g.kernel_shape[1] > g.kernel_shape[2]),
    Feature("the kernel is larger than 1x1", lambda g: max(g.kernel_shape[1:3]) > 1),
    Feature("the kernel is 1 along an axis", lambda g: min(g.kernel_shape[1:3]) == 1),
    Feature("the kernel is 1x1", lambda g: max(g.kernel_shape[1:3]) == 1),
    Feature("the kernel is larger than 3 along an axis", lambda g: max(g.kernel_shape[1:3]) > 3),
    Feature("the kernel is even along an axis", lambda g: any(f % 2 == 0 for f in g.kernel_shape[1:3])),
    Feature("stride is 1", lambda g: max(g.stride) == 1),
    Feature("stride is 3 or more", lambda g: max(g.stride) > 2),
    Feature("stride is 2", lambda g: g.stride == (2, 2)),
    Feature("windows overlap", _windows_overlap),
    Feature("dilation > 1", lambda g: max(g.dilation) > 1),
    Feature("groups > 1", lambda g: g.groups > 1),
    Feature("rows are left over", lambda g: g.remainder[0] > 0),
    Feature("columns are left over", lambda g: g.remainder[1] > 0),
    Feature("the output is wider than it is tall", lambda g: g.output_shape[0] < g.output_shape[1]),
    Feature("the output is taller than it is wide", lambda g: g.output_shape[0] > g.output_shape[1]),
    Feature("the output has one row or one column", lambda g: min(g.output_shape[:2]) == 1),
    Feature("the output is larger than 1x1", lambda g: max(g.output_shape[:2]) > 1),
    Feature("the output has several rows", lambda g: g.output_shape[0] > 1),
    Feature("the output has several columns", lambda g: g.output_shape[1] > 1),
    Feature("the output has one row", lambda g: g.output_shape[0] == 1),
    Feature("the output has one column", lambda g: g.output_shape[1] == 1),
    Feature("the kernel is larger than 2 along an axis", lambda g: max(g.kernel_shape[1:3]) > 2),
    Feature("the strides along H and W differ", lambda g: g.stride[0] != g.stride[1]),
    Feature("stride > 1 along H", lambda g: g.stride[0] > 1),
    Feature("stride > 1 along W", lambda g: g.stride[1] > 1),
    Feature("the dilations along H and W differ", lambda g: g.dilation[0] != g.dilation[1]),
    Feature("several groups have several filters each", lambda g: 1 < g.groups < g.kernel_shape[0]),
    Feature(
        "the groups do not have as many filters as channels",
        lambda g: g.groups > 1 and g.kernel_shape[0] != g.input_shape[2],
    ),
    Feature("the paddings along H and W differ", lambda g: g.padding[0] != g.padding[1]),
    Feature("opposite sides have different padding", lambda g: any(a != b for a, b in g.padding)),
)
"""What problems are told apart by, the commonest causes first."""


def features_of(call: Call) -> tuple[Feature, ...]:
    """What problems are told apart by besides, where a call tells its padding by a word or a flag."""
    if not call.worded:
        return ()
    words = "it is told to pad" if "padding:flag" in call.says else 'the padding is "same"'
    return (Feature(words, functools.partial(told_same, call)),)


def pattern(
    results: Sequence[Result],
    failed: Callable[[Result], bool],
    verb: str = "wrong",
    fresh: FreshProblems | None = None,
    *,
    tells: Callable[[Result], bool] = lambda result: not result.refused,
    more: Sequence[Feature] = (),
) -> str:
    """When a candidate fails, in a phrase; "" if on nothing.

    A claim is tried on `fresh` problems; without them it is said to be untried. Problems that do not `tell`
    anything, like those refused, do not count. `verb` is "wrong", or one of `verdict.VERBS`.
    """
    tried = [result for result in results if tells(result)]
    count = sum(failed(result) for result in tried)
    if not count:
        return ""
    if count == len(tried):
        return tr("{fails} on every problem", fails=tr(verb))

    def seen(results: Iterable[Result]) -> Seen:
        return [(each.right.problem.geometry, failed(each)) for each in results if tells(each)]

    swept = seen(tried)
    claim = _first_that_holds(swept, seen, fresh, more)
    if claim is None:
        return tr(
            "{fails} on 1 of {tried} problems"
            if count == 1
            else "{fails} on {count} of {tried} problems, in no simple pattern",
            fails=tr(verb),
            count=count,
            tried=len(tried),
        )
    held = [fails for geometry, fails in swept if claim.holds(geometry)]
    if sum(held) >= MOSTLY * len(held):
        return tr("{fails} only when {feature}", fails=tr(verb), feature=claim.words)
    return tr(
        "{fails} only when {feature}, and then on {count} of {cases} problems",
        fails=tr(verb),
        feature=claim.words,
        count=sum(held),
        cases=len(held),
    )


Seen = list[tuple[Geometry, bool]]


def _first_that_holds(
    swept: Seen,
    seen: Callable[[Iterable[Result]], Seen],
    fresh: FreshProblems | None,
    more_features: Sequence[Feature],
) -> _Claim | None:
    """The simplest claim that fits the sweep and every fresh problem on which claims were tested."""
    if fresh is None:
        claims = _claims(swept, more_features)
        return next((claim for claim in claims if _without(claim, swept) >= claim.needs), None)
    for _ in range(CLAIMS):
        known = seen(fresh.results)
        claim = next(_claims([*swept, *known], more_features), None)
        if claim is None:
            return None
        for holds in (claim.holds, functools.partial(_not, claim.holds)):
            tried = sum(holds(geometry) for geometry, _ in seen(fresh.results))
            if tried < SIDE:
                tried += len(seen(fresh(holds, SIDE - tried)))
            if tried < LEAST:
                return None  # it cannot be told apart from other things that hold of the same problems
        more = claim.needs - _without(claim, [*swept, *seen(fresh.results)])
        if more > 0:
            fresh(functools.partial(_not, claim.holds), more)
        if _stands(claim, len(known), seen, fresh, more_features, swept):
            return claim if _without(claim, [*swept, *seen(fresh.results)]) >= claim.needs else None
    return None


def _stands(
    claim: _Claim,
    known: int,
    seen: Callable[[Iterable[Result]], Seen],
    fresh: FreshProblems,
    more: Sequence[Feature],
    swept: Seen,
) -> bool:
    """Whether a claim fits all but the first `known` fresh problems, and those that tell it from others.

    Many claims may fit all that was seen so far, and a feature of all that fails may be why it does: so it is
    asked of problems where these hold and the claim does not.
    """

    def fits() -> bool:
        return all(claim.fits(*each) for each in seen(fresh.results)[known:])

    if not claim.exact or not fits():
        return fits()
    rivals = list(_claims([*swept, *seen(fresh.results)], more))
    asked = [functools.partial(_unlike, claim.holds, each.holds) for each in rivals if each.exact][:RIVALS]
    wider = [each.holds for each in rivals if not each.exact][:WIDER]
    asked += [functools.partial(_both, near, holds) for near in claim.near for holds in wider]
    for holds in asked:
        fresh(holds, LEAST - sum(holds(geometry) for geometry, _ in seen(fresh.results)))
        if not fits():
            return False
    return True


def _unlike(one: Holds, other: Holds, geometry: Geometry) -> bool:
    return one(geometry) != other(geometry)


def _both(one: Holds, other: Holds, geometry: Geometry) -> bool:
    return one(geometry) and other(geometry)


def _either(one: Holds, other: Holds, geometry: Geometry) -> bool:
    return one(geometry) or other(geometry)


def _without(claim: _Claim, seen: Seen) -> int:
    """On how many problems the claim says that it does not fail."""
    return sum(not claim.holds(geometry) for geometry, _ in seen)


def _not(holds: Holds, geometry: Geometry) -> bool:
    return not holds(geometry)


@functools.lru_cache(maxsize=1 << 10)
def _held(geometry: Geometry) -> tuple[bool, ...]:
    return tuple(feature.holds(geometry) for feature in FEATURES)


def _claims(seen: Seen, more: Sequence[Feature]) -> Iterator[_Claim]:
    """Claims to test: one feature; one that mostly fails; two joined; one that it never fails without."""
    wrong = tuple(fails for _, fails in seen)
    by_problem = [(*_held(geometry), *(each.holds(geometry) for each in more)) for geometry, _ in seen]
    held = list(zip((*FEATURES, *more), zip(*by_problem, strict=True), strict=True))
    for feature, values in held:
        if values == wrong:
            yield _Claim(
                tr(feature.words), feature.holds, exact=True, near=(functools.partial(_not, feature.holds),)
            )
    covers = [
        (sum(values), number, feature)
        for number, (feature, values) in enumerate(held)
        if not all(values) and all(has for has, fails in zip(values, wrong, strict=True) if fails)
    ]
    covers = sorted(covers, key=lambda cover: cover[:2]) if sum(wrong) > 1 else []

    def only(values: int, feature: Feature) -> _Claim:
        by_chance = 1 - sum(wrong) / values  # of each problem without it
        needs = math.ceil(math.log(CHANCE) / math.log(by_chance)) if by_chance > 0 else 0
        return _Claim(tr(feature.words), feature.holds, exact=False, needs=needs)

    mostly = [cover for cover in covers if sum(wrong) >= MOSTLY * cover[0]]
    yield from (only(values, feature) for values, _, feature in mostly)
    for words, join, joined in (("{one} and {other}", all, _both), ("{one} or {other}", any, _either)):
        for (one, a), (other, b) in itertools.combinations(held, 2):
            if tuple(map(join, zip(a, b, strict=True))) == wrong:
                said = tr(words, one=tr(one.words), other=tr(other.words))
                holds = functools.partial(joined, one.holds, other.holds)
                sides = ((one, other), (other, one)) if join is all else ()
                near = tuple(functools.partial(_only_one, *side) for side in sides)
                yield _Claim(said, holds, exact=True, near=near or (functools.partial(_not, holds),))
    yield from (only(values, feature) for values, _, feature in covers)


def _only_one(one: Feature, other: Feature, geometry: Geometry) -> bool:
    return one.holds(geometry) and not other.holds(geometry)
