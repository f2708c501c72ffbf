"""Which known mistakes reproduce a candidate's numbers: on every problem, gradient by gradient."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from convstep.candidate.call.outcome import NAMES
from convstep.candidate.check.cases import Case, Right, right_of
from convstep.candidate.check.grade import Result
from convstep.candidate.check.wording import ENOUGH
from convstep.candidate.diagnose.findings import Match
from convstep.candidate.diagnose.mistakes import KnownBug, Patch, Variant, both, flawed_gradient, variants_of
from convstep.candidate.diagnose.patterns import FEATURES, Feature
from convstep.conv.step import quiet
from convstep.steps.cells import Array

PARTS = (*FEATURES, Feature("the kernel is square", lambda g: g.kernel_shape[1] == g.kernel_shape[2]))
"""What may select the problems on which a mistake shows, or to which a candidate should have been kept."""
SEARCH = 2.0
"""Seconds of computing that one diagnosis may look for two mistakes at once; for parts, and for what raises,
a quarter of them each."""


def until(seconds: float, clock: Callable[[], float] = time.thread_time) -> Callable[[], bool]:
    """Whether so many seconds are over, by default of this thread's, as a quiet machine would count them."""
    end = clock() + seconds
    return lambda: clock() > end


@functools.lru_cache(maxsize=1 << 16)
def _flawed(name: str, case: Case, mistakes: Patch, same: bool) -> Array | str:
    return _made(name, right_of(case), mistakes, same)


def flawed(name: str, result: Result, mistakes: Patch) -> Array | str:
    """A gradient with these mistakes on a result's problem, or what they make it raise."""
    if result.case is None:
        return _made(name, result.right, mistakes, result.same)
    return _flawed(name, result.case, mistakes, result.same)


def _made(name: str, right: Right, mistakes: Patch, same: bool) -> Array | str:
    try:
        with quiet():
            return np.asarray(flawed_gradient(name, right.problem, mistakes, same=same))
    except Exception as error:  # whatever such a candidate would raise
        return f"{type(error).__name__}: {error}"


def single_matches(name: str, results: Sequence[Result]) -> list[Match]:
    """Single mistakes that reproduce "dW", "db" or "dA_prev" everywhere."""
    compared = _informative(name, results)
    failing = sum(result.wrong(name) for result in compared)
    return [
        Match((bug,), (variant,), name, failing, len(compared))
        for bug, variant in variants_of(name)
        if _reproduces(name, compared, variant.mistakes, squeezed=bug.id == "db-wrong-axes")
    ]


def paired_matches(
    name: str,
    results: Sequence[Result],
    over: Callable[[], bool],
    found_elsewhere: Sequence[str] = (),
) -> list[Match]:
    """Two mistakes at once that reproduce one gradient everywhere; the first such pair found.

    One that alone explains some of the wrong problems is likely to be half of it, and so is one whose id
    was `found_elsewhere`, in another gradient: pairs with these are tried first, until it is `over`.
    """
    compared = _informative(name, results)
    if sum(result.wrong(name) for result in compared) < ENOUGH:
        return []  # of so many pairs, one fits by chance
    every = variants_of(name)
    halves = [(bug, variant) for bug, variant in every if bug.id in found_elsewhere]
    halves += [entry for entry, _ in _partial(name, compared, over)]
    tried: set[Patch] = set()
    for (bug, variant), (other_bug, other) in itertools.chain(
        itertools.product(halves, every), itertools.combinations(every, 2)
    ):
        if bug.id == other_bug.id:
            continue
        pair = both(variant.mistakes, other.mistakes)
        if pair is None or pair in tried or pair in (variant.mistakes, other.mistakes):
            continue
        tried.add(pair)
        if _reproduces(name, compared, pair):
            wrong = [result for result in compared if result.wrong(name)]
            alone = min(
                sum(not agrees(name, result, flawed(name, result, half.mistakes)) for result in wrong)
                for half in (variant, other)
            )
            return [Match((bug, other_bug), (variant, other), name, len(wrong), len(compared), alone)]
        if over():
            break
    return []


def _partial(
    name: str, compared: Sequence[Result], over: Callable[[], bool]
) -> list[tuple[tuple[KnownBug, Variant], frozenset[int]]]:
    """Mistakes that alone give the numbers on `ENOUGH` wrong problems, and on which; most first."""
    wrong = [number for number, result in enumerate(compared) if result.wrong(name)]
    found = []
    for bug, variant in variants_of(name):
        explained = frozenset(
            number
            for number in wrong
            if agrees(name, compared[number], flawed(name, compared[number], variant.mistakes))
        )
        if len(explained) >= ENOUGH:
            found.append(((bug, variant), explained))
        if over():
            break
    return sorted(found, key=lambda entry: -len(entry[1]))


def partial_matches(name: str, results: Sequence[Result], over: Callable[[], bool]) -> list[Match]:
    """Mistakes of which each gives one gradient's numbers on a part of the problems, until it is `over`.

    A part is what a feature selects, and the first one must hold half of what is wrong. No mistake may
    show where the gradient is right, and nothing else may do as well on its part. A second one is
    claimed only if the two parts hold all that is wrong: else the rest may be due to anything.
    """
    compared = _informative(name, results)
    wrong = {number for number, result in enumerate(compared) if result.wrong(name)}
    partial = _partial(name, compared, over)
    parts: list[tuple[frozenset[int], str]] = []
    for feature in PARTS:
        held = frozenset(
            n for n, result in enumerate(compared) if feature.holds(result.right.problem.geometry)
        )
        if len(held & wrong) >= ENOUGH and len(held) < len(compared):
            parts.append((held, feature.words))

    def claims(left: set[int]) -> tuple[list[Match], frozenset[int]]:
        """The claim that explains most of what is left, if it is the only one, and its part."""
        made: list[tuple[int, Match, frozenset[int]]] = []
        for (bug, variant), explained in partial:
            for held, words in parts:
                if len(explained & held & left) < ENOUGH or held & wrong - explained:
                    continue
                right = (result for result in compared if not result.wrong(name))
                if all(agrees(name, result, flawed(name, result, variant.mistakes)) for result in right):
                    match = Match((bug,), (variant,), name, len(held & wrong), len(held), only_when=words)
                    made.append((len(held & wrong & left), match, held))
        best = max((number for number, _, _ in made), default=0)
        foremost = [(match, held) for number, match, held in made if number == best]
        if len({match.bugs[0].id for match, _ in foremost}) != 1:
            return [], frozenset()
        return [foremost[0][0]], foremost[0][1]

    one, part = claims(wrong)
    if 2 * len(part & wrong) < len(wrong):
        return []
    other, rest = claims(wrong - part)
    return [*one, *other] if wrong <= part | rest else one


def explains_raising(result: Result, made: Mapping[str, Patch]) -> bool:
    """Whether mistakes that were found by their numbers raise on a problem, too."""
    return any(isinstance(values, str) for values in all_flawed(result, made).values())


def all_flawed(result: Result, mistakes: Mapping[str, Patch]) -> dict[str, Array | str]:
    """By gradient, what these mistakes make of a result's problem: an array, or what they raise."""
    return {
        name: flawed(name, result, wrong)
        for name, wrong in mistakes.items()
        if name in result.right.gradients
    }


def _informative(name: str, results: Sequence[Result]) -> list[Result]:
    """The problems on which a gradient came back, the smallest wrong ones first."""
    returned = [result for result in results if name in result.outcome.gradients and result.grades]
    return sorted(returned, key=lambda result: not result.wrong(name))


def _reproduces(name: str, compared: Sequence[Result], mistakes: Patch, *, squeezed: bool = False) -> bool:
    """Whether mistakes give the candidate's gradient on every problem; `squeezed`: but for axes of 1."""
    if not compared or not all(
        agrees(name, result, flawed(name, result, mistakes), squeezed=squeezed) for result in compared
    ):
        return False
    # with axes left out of account, what is right in a wrong shape would match what is merely right
    return not squeezed or any(
        not agrees(name, result, result.right.gradients[name], squeezed=True) for result in compared
    )


def agrees(name: str, result: Result, values: Array | str, *, squeezed: bool = False) -> bool:
    """Whether a gradient is what the candidate returned, but for rounding."""
    if name not in result.outcome.gradients:
        return True  # what is not computed is not wrong
    actual = result.outcome.gradients[name]
    if isinstance(values, str):
        return False
    if squeezed:
        actual, values = actual.squeeze(), values.squeeze()
    if values.shape != actual.shape:
        return False
    with quiet():
        scale = max(1.0, float(np.max(np.abs(values), initial=0.0)) / (result.right.loose[name] * 1e5 or 1.0))
        off = np.abs(actual - values)
        near = off <= result.right.loose[name] * scale + 1e-6 * np.abs(values)
        # np.allclose would take three times as long; it is this that a search waits for
        if near.all() or np.isfinite(off).all():
            return bool(near.all())
        return bool((near | (actual == values) | (np.isnan(actual) & np.isnan(values))).all())


def wrong_gradients(results: Sequence[Result]) -> tuple[str, ...]:
    """The gradients that are wrong somewhere; one that does not come back is not computed: no mistake."""
    return tuple(name for name in NAMES if any(result.wrong(name) for result in results))
