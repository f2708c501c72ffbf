"""On which problems a candidate fails, in words: "wrong only when stride > 1"."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from convstep.candidate.check.judging import Result
from convstep.conv.geometry import Geometry
from convstep.language import tr


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that is true of some problems and not of others."""

    words: str
    """As it stands after "only when"."""
    holds: Callable[[Geometry], bool]
    """Whether a problem has it."""


def _padding(geometry: Geometry) -> tuple[int, ...]:
    return tuple(side for axis in geometry.padding for side in axis)


FEATURES: tuple[Feature, ...] = (
    Feature("stride > 1", lambda g: max(g.stride) > 1),
    Feature("padding is 0", lambda g: max(_padding(g)) == 0),
    Feature("padding is 0 along an axis", lambda g: any(max(axis) == 0 for axis in g.padding)),
    Feature("padding > 0", lambda g: max(_padding(g)) > 0),
    Feature("padding is not 1", lambda g: any(side != 1 for side in _padding(g))),
    Feature("padding > 1", lambda g: max(_padding(g)) > 1),
    Feature("the batch has more than one sample", lambda g: g.samples > 1),
    Feature("the batch has a single sample", lambda g: g.samples == 1),
    Feature("some rows or columns are left over", lambda g: max(g.remainder) > 0),
    Feature("the input is not square", lambda g: g.input_shape[0] != g.input_shape[1]),
    Feature("the output is not square", lambda g: g.output_shape[0] != g.output_shape[1]),
    Feature("the output is wider than it is tall", lambda g: g.output_shape[0] < g.output_shape[1]),
    Feature("the output is taller than it is wide", lambda g: g.output_shape[0] > g.output_shape[1]),
    Feature("the kernel is not square", lambda g: g.kernel_shape[1] != g.kernel_shape[2]),
    Feature("the kernel is larger than 1x1", lambda g: max(g.kernel_shape[1:3]) > 1),
    Feature("dilation > 1", lambda g: max(g.dilation) > 1),
    Feature("groups > 1", lambda g: g.groups > 1),
    Feature("there are several input channels", lambda g: g.input_shape[2] > 1),
    Feature("there are several filters", lambda g: g.kernel_shape[0] > 1),
    Feature("windows overlap", lambda g: any(r > s for r, s in zip(g.reach, g.stride, strict=True))),
    Feature("stride is 1", lambda g: max(g.stride) == 1),
    Feature("the strides along H and W differ", lambda g: g.stride[0] != g.stride[1]),
    Feature("stride > 1 along H", lambda g: g.stride[0] > 1),
    Feature("stride > 1 along W", lambda g: g.stride[1] > 1),
    Feature("opposite sides have different padding", lambda g: any(a != b for a, b in g.padding)),
)
"""What problems are told apart by, the commonest causes first."""


def pattern(results: Sequence[Result], failed: Callable[[Result], bool], verb: str = "wrong") -> str:
    """When a candidate fails, in words.

    Args:
        results: all problems tried; those refused are left out.
        failed: which of them failed.
        verb: "wrong", or one of `verdict.VERBS`.

    Returns:
        A phrase; "" if nothing failed.
    """
    tried = [result for result in results if not result.refused]
    wrong = [failed(result) for result in tried]
    if not any(wrong):
        return ""
    if all(wrong):
        return tr("{fails} on every problem", fails=tr(verb))
    held = {
        feature.words: [feature.holds(result.right.problem.geometry) for result in tried]
        for feature in FEATURES
    }
    count = sum(wrong)
    exact = _exact(held, wrong)
    if exact:
        return tr("{fails} only when {feature}", fails=tr(verb), feature=exact)
    if count == 1:
        return tr("{fails} on 1 of {tried} problems", fails=tr(verb), tried=len(tried))
    covers = [
        (sum(values), words)
        for words, values in held.items()
        if sum(values) < len(tried) and all(has for has, fails in zip(values, wrong, strict=True) if fails)
    ]
    if covers:
        of, words = min(covers, key=lambda cover: cover[0])
        return tr(
            "{fails} only when {feature}, and then on {count} of {cases} problems",
            fails=tr(verb),
            feature=tr(words),
            count=count,
            cases=of,
        )
    return tr(
        "{fails} on {count} of {tried} problems, in no simple pattern",
        fails=tr(verb),
        count=count,
        tried=len(tried),
    )


def _exact(held: dict[str, list[bool]], wrong: list[bool]) -> str:
    """One feature, or two joined, that hold on exactly the problems that failed; "" if none do."""
    for words, values in held.items():
        if values == wrong:
            return tr(words)
    for (first, a), (second, b) in itertools.combinations(held.items(), 2):
        if [x and y for x, y in zip(a, b, strict=True)] == wrong:
            return tr("{one} and {other}", one=tr(first), other=tr(second))
    for (first, a), (second, b) in itertools.combinations(held.items(), 2):
        if [x or y for x, y in zip(a, b, strict=True)] == wrong:
            return tr("{one} or {other}", one=tr(first), other=tr(second))
    return ""
