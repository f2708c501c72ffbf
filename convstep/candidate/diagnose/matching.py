"""Which known mistakes reproduce a candidate's numbers: on every problem, gradient by gradient."""

from __future__ import annotations

import functools
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.conventions import meaning
from convstep.candidate.call.outcome import RAISED, RETURNED
from convstep.candidate.check.cases import Case, Right, right_of
from convstep.candidate.check.judging import RIGHT, Result
from convstep.candidate.diagnose.mistakes import KnownBug, Patch, Variant, both, flawed_gradient, variants_of
from convstep.conv.step import quiet

Array = npt.NDArray[Any]

PAIRS_FOR = 2.0
"""Seconds of computing that looking for two mistakes at once may take for one gradient."""


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Mistakes that give a gradient exactly as the candidate has it, on every problem tried."""

    bugs: tuple[KnownBug, ...]
    """One, or two that occur together."""
    variants: tuple[Variant, ...]
    """The member of each one's family."""
    gradient: str
    """Which gradient; "" where the match is that the candidate raises on the same problems."""
    failing: int
    """On how many of the problems the gradient is wrong, so that the match says something."""
    problems: int
    """How many problems were compared in all."""
    same_error: bool = True
    """Where it raises: whether what it raises is of the candidate's kind."""

    @property
    def mistakes(self) -> Patch:
        """The mistakes as one."""
        first, *rest = (variant.mistakes for variant in self.variants)
        for other in rest:
            first = both(first, other) or first
        return first


@functools.lru_cache(maxsize=1 << 16)
def _flawed(name: str, case: Case, mistakes: Patch) -> Array | str:
    return _made(name, right_of(case), mistakes)


def flawed(name: str, result: Result, mistakes: Patch) -> Array | str:
    """A gradient with these mistakes on a result's problem, or the name of what they make it raise."""
    if result.case is None:
        return _made(name, result.right, mistakes)
    return _flawed(name, result.case, mistakes)


def _made(name: str, right: Right, mistakes: Patch) -> Array | str:
    try:
        with quiet():
            return np.asarray(flawed_gradient(name, right.problem, mistakes))
    except Exception as error:  # whatever such a candidate would raise
        return type(error).__name__


def single_matches(name: str, results: Sequence[Result]) -> list[Match]:
    """Single mistakes that reproduce one gradient everywhere.

    Args:
        name: "dW", "db" or "dA_prev".
        results: what the candidate made of each problem.
    """
    compared = _informative(name, results)
    failing = sum(result.wrong(name) for result in compared)
    return [
        Match((bug,), (variant,), name, failing, len(compared))
        for bug, variant in variants_of(name)
        if _reproduces(name, compared, variant.mistakes, squeezed=bug.id == "db-wrong-axes")
    ]


def paired_matches(
    name: str, results: Sequence[Result], clock: Callable[[], float] = time.thread_time
) -> list[Match]:
    """Two mistakes at once that reproduce one gradient everywhere; the first such pair found.

    Args:
        name: "dW", "db" or "dA_prev".
        results: what the candidate made of each problem.
        clock: counts the seconds after which no more is tried; by default those that this thread
            computes, so that a busy machine finds what a quiet one does.
    """
    compared = _informative(name, results)
    failing = sum(result.wrong(name) for result in compared)
    until = clock() + PAIRS_FOR
    seen: set[Patch] = set()
    for (bug, variant), (other_bug, other) in itertools.combinations(variants_of(name), 2):
        if bug.id == other_bug.id:
            continue
        pair = both(variant.mistakes, other.mistakes)
        if pair is None or pair in seen or pair in (variant.mistakes, other.mistakes):
            continue
        seen.add(pair)
        if _reproduces(name, compared, pair):
            return [Match((bug, other_bug), (variant, other), name, failing, len(compared))]
        if clock() > until:
            break
    return []


def raising_matches(results: Sequence[Result], besides: Mapping[str, Patch]) -> list[Match]:
    """Single mistakes that raise on exactly the problems on which the candidate raises.

    On the others their numbers must be the candidate's. Where it raises everywhere there is
    nothing to compare, and nothing matches.

    Args:
        results: what the candidate made of each problem.
        besides: by gradient, what else is wrong with it, as far as that was reproduced.
    """
    tried = [result for result in results if result.outcome.kind in (RETURNED, RAISED)]
    raising = [result for result in tried if result.outcome.kind == RAISED]
    if not raising or len(raising) == len(tried):
        return []
    ordered = [*raising, *(result for result in tried if result.outcome.kind == RETURNED)]
    found = []
    for bug, variant in _all_variants():
        changed = {
            name: both(besides[name], variant.mistakes) if name in besides else variant.mistakes
            for name in variant.gradients
        }
        made = {name: mistakes for name, mistakes in changed.items() if mistakes is not None}
        if len(made) == len(changed) and all(_raises_alike(result, made) for result in ordered):
            same = all(_same_error(result, made) for result in raising)
            found.append(Match((bug,), (variant,), "", len(raising), len(ordered), same))
    return sorted(found, key=lambda match: (not match.same_error, not _on_its_line(raising[0], match)))


def _on_its_line(result: Result, match: Match) -> bool:
    """Whether the line that raised assigns to a gradient that the mistake spoils."""
    target = result.outcome.line_text.partition("=")[0]
    return any(
        meaning(word) in match.variants[0].gradients for word in re.findall(r"[A-Za-z]\w*", target)[:1]
    )


def _all_variants() -> Iterator[tuple[KnownBug, Variant]]:
    seen = set()
    for name in ("dA_prev", "dW", "db"):
        for bug, variant in variants_of(name):
            if (bug.id, variant) not in seen:
                seen.add((bug.id, variant))
                yield bug, variant


def _raises_alike(result: Result, mistakes: Mapping[str, Patch]) -> bool:
    """Whether mistakes raise where the candidate does, and agree where it does not."""
    made = _all_flawed(result, mistakes)
    raises = any(isinstance(values, str) for values in made.values())
    if result.outcome.kind == RAISED or raises:
        return raises and result.outcome.kind == RAISED
    return all(agrees(name, result, values) for name, values in made.items())


def _same_error(result: Result, mistakes: Mapping[str, Patch]) -> bool:
    """Whether mistakes raise what the candidate raises."""
    made = _all_flawed(result, mistakes).values()
    return any(isinstance(error, str) and result.outcome.message.startswith(error) for error in made)


def _all_flawed(result: Result, mistakes: Mapping[str, Patch]) -> dict[str, Array | str]:
    return {
        name: flawed(name, result, wrong)
        for name, wrong in mistakes.items()
        if name in result.right.gradients
    }


def _informative(name: str, results: Sequence[Result]) -> list[Result]:
    """The problems on which a gradient came back, the smallest wrong ones first."""
    returned = [result for result in results if name in result.outcome.gradients and result.judged]
    return sorted(returned, key=lambda result: not result.wrong(name))


def _reproduces(name: str, compared: Sequence[Result], mistakes: Patch, *, squeezed: bool = False) -> bool:
    """Whether mistakes give the candidate's gradient on every problem.

    Args:
        name: which gradient.
        compared: the problems.
        mistakes: what the reference does wrong.
        squeezed: disregard axes of length 1: a batch of one has one, no batch has none.
    """
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
    actual = result.outcome.gradients[name]
    if isinstance(values, str):
        return False
    if squeezed:
        actual, values = actual.squeeze(), values.squeeze()
    if values.shape != actual.shape:
        return False
    with quiet():
        scale = max(1.0, float(np.max(np.abs(values), initial=0.0)) / (result.right.loose[name] * 1e5 or 1.0))
        return bool(
            np.allclose(actual, values, rtol=1e-6, atol=result.right.loose[name] * scale, equal_nan=True)
        )


def right_everywhere(name: str, results: Sequence[Result]) -> bool:
    """Whether a gradient is right wherever it came back."""
    return all(found.kind == RIGHT for result in results for found in result.judged if found.name == name)
