from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from convstep.candidate.diagnose.mistakes import KNOWN_BUGS, KnownBug, Variant, variants_of
from convstep.candidate.diagnose.mistakes.patch import ALL
from convstep.conv.problem import Problem
from tests.candidate.diagnose.mistakes.ambiguous import AMBIGUOUS
from tests.candidate.diagnose.mistakes.geometries import PROBLEMS
from tests.candidate.diagnose.mistakes.outcomes import outcome, reference, same
from tests.strategies import SELDOM, some

WITH_VARIANTS = [bug for bug in KNOWN_BUGS.values() if bug.variants]
bugs = pytest.mark.parametrize("bug", some(WITH_VARIANTS, 8), ids=lambda bug: bug.id)

Rule = Callable[[Problem, Variant], bool]


def _pads(problem: Problem) -> list[int]:
    return [p for pair in problem.padding for p in pair]


def _unpadded(problem: Problem, variant: Variant) -> bool:
    return not any(_pads(problem))


def _stride_1(problem: Problem, variant: Variant) -> bool:
    return problem.stride == (1, 1)


def _one_sample(problem: Problem, variant: Variant) -> bool:
    return problem.geometry.samples == 1


def _one_place(problem: Problem, variant: Variant) -> bool:
    return problem.geometry.output_shape[:2] == (1, 1) and _one_sample(problem, variant)


def _one_tap(problem: Problem, variant: Variant) -> bool:
    return problem.geometry.kernel_shape[1:3] == (1, 1)


def _one_channel(problem: Problem, variant: Variant) -> bool:
    return problem.geometry.kernel_shape[0] == problem.geometry.input_shape[2] == 1


def _apart(problem: Problem, variant: Variant) -> bool:
    """Windows do not overlap, nor filters where each of them is written alone."""
    geometry = problem.geometry
    apart = all(s >= reach for s, reach in zip(geometry.stride, geometry.reach, strict=True))
    one = geometry.kernel_shape[0] == geometry.groups
    return apart and (one or "filter survive" not in variant.label)


RIGHT_WHERE: dict[str, Rule] = {
    "stride-ignored": _stride_1,
    "stride-one-axis": _stride_1,
    "padding-not-cropped": _unpadded,
    "crop-zero-slice": lambda problem, variant: (
        all(_pads(problem)) or (variant.label.startswith("where one") and not any(_pads(problem)))
    ),
    "crop-offset": _unpadded,
    "input-not-padded": _unpadded,
    "pad-mode": _unpadded,
    "overwrite-dW": _one_place,
    "overwrite-dA": _apart,
    "overwrite-db": _one_place,
    "dW-flipped": _one_tap,
    "kernel-flipped": _one_tap,
    "kernel-transposed": _one_tap,
    "dZ-not-dilated": _stride_1,
    "remainder-lost": lambda problem, variant: problem.geometry.remainder == (0, 0),
    "axes-swapped": lambda problem, variant: (
        _one_place(problem, variant) and _unpadded(problem, variant) and len({*problem.dilation}) == 1
    ),
    "dZ-transposed": lambda problem, variant: _one_place(problem, variant) and _unpadded(problem, variant),
    "dZ-channel-fixed": lambda problem, variant: problem.geometry.kernel_shape[0] == 1,
    "one-channel-only": _one_channel,
    "db-mean": _one_place,
    "groups-ignored": lambda problem, variant: problem.groups == 1,
    "dilation-ignored": lambda problem, variant: problem.dilation == (1, 1),
    "batch-one-sample": _one_sample,
    "padding-hardcoded": lambda problem, variant: (
        set(_pads(problem)) == {2 if variant.label == "a padding of 2" else 1}
    ),
    "dA-not-padded": _unpadded,
    "loop-range": lambda problem, variant: (
        "without the padding" in variant.label and _unpadded(problem, variant)
    ),
    "dZ-index-strided": _stride_1,
    "crop-wrong-axes": lambda problem, variant: (
        variant.label.endswith("if p > 0") and _unpadded(problem, variant)
    ),
    "batch-hardcoded": lambda problem, variant: (
        problem.geometry.samples == (2 if "2" in variant.label else 1)
    ),
    "dZ-rotated": _one_place,
    "conjugate-missing": _one_place,
    "columns-order": lambda problem, variant: (
        _one_channel(problem, variant) or (_one_tap(problem, variant) and variant.label.startswith("columns"))
    ),
    "rows-order": lambda problem, variant: _one_sample(problem, variant) and "sample" in variant.label,
    "integer-truncation": lambda problem, variant: (
        variant.label.startswith("with integer") and problem is not PROBLEMS["whole numbers"]
    ),
    "same-padding-off-by-one": lambda problem, variant: (
        variant.label.startswith('where the padding is "same"') and _unpadded(problem, variant)
    ),
}
"""Where the symptom's column says that a bug does not show."""


@bugs
def test_every_variant_shows_somewhere_in_each_gradient_it_spoils(bug: KnownBug) -> None:
    for variant, name in _members(bug):
        outcomes = [
            same(outcome(name, problem, variant.mistakes), reference(name, problem))
            for problem in PROBLEMS.values()
        ]
        assert not all(outcomes), (variant.label, name)


@pytest.mark.parametrize("id", some(RIGHT_WHERE, 3))
def test_a_variant_is_right_where_its_symptom_says_so(id: str) -> None:
    seen = 0
    for (variant, name), (which, problem) in itertools.product(_members(KNOWN_BUGS[id]), PROBLEMS.items()):
        if RIGHT_WHERE[id](problem, variant):
            seen += 1
            right = same(outcome(name, problem, variant.mistakes), reference(name, problem))
            assert right, (variant.label, name, which)
    assert seen


@SELDOM
@pytest.mark.parametrize("name", some(ALL, 3))
def test_variants_of_different_bugs_differ_somewhere_or_are_listed(name: str) -> None:
    members = [
        (bug.id, variant, [outcome(name, problem, variant.mistakes) for problem in PROBLEMS.values()])
        for bug, variant in variants_of(name)
    ]
    for (first, variant, ours), (second, other, theirs) in itertools.combinations(members, 2):
        if first != second and frozenset({first, second}) not in AMBIGUOUS:
            equal = all(same(a, b) for a, b in zip(ours, theirs, strict=True))
            assert not equal, (first, variant.label, second, other.label)


def test_every_listed_pair_is_ambiguous_indeed() -> None:
    for pair in AMBIGUOUS:
        first, second = (_members(KNOWN_BUGS[id]) for id in sorted(pair))
        assert any(
            name == other
            and all(
                same(outcome(name, problem, a.mistakes), outcome(name, problem, b.mistakes))
                for problem in PROBLEMS.values()
            )
            for (a, name), (b, other) in itertools.product(first, second)
        ), pair


def _members(bug: KnownBug) -> list[tuple[Variant, str]]:
    return [(variant, name) for variant in bug.variants for name in variant.gradients]
