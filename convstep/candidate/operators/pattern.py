"""Which of an operator's problems are alike: what those have in common on which something happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from convstep.candidate.operators.answer import Judged
from convstep.language import tr
from convstep.operators.operator import OperatorProblem

Holds = Callable[[OperatorProblem], bool]
LEAST = 2
"""Problems on either side, so that what they have in common is no accident of one."""
ONLY = 3
"""Problems on either side of "only where"."""
MOSTLY = 0.8
"""Of the problems that have something in common, the share on which it happens, that it is worth saying."""


def _pairs(problem: OperatorProblem, name: str) -> tuple[int, int]:
    value = problem.options[name]
    return (int(value[0]), int(value[1])) if isinstance(value, tuple) else (int(value), int(value))


def _overlap(problem: OperatorProblem) -> bool:
    """Whether two windows have a cell in common."""
    transposed = "output_padding" in problem.options  # its windows lie in dout
    counts = (problem.arrays["x"] if transposed else problem.upstream["dout"]).shape[2:]
    axes = zip(counts, _size(problem), _pairs(problem, "stride"), strict=False)
    return any(windows > 1 and f > s for windows, f, s in axes)


def _size(problem: OperatorProblem) -> tuple[int, int]:
    """Of a window: an option, or the last axes of a kernel."""
    if "size" in problem.options:
        return _pairs(problem, "size")
    shape = problem.arrays["w"].shape
    return (shape[-2], shape[-1]) if len(shape) > 3 else (shape[-1], shape[-1])


def _largest(problem: OperatorProblem) -> float:
    return float(np.abs(problem.arrays["x"]).max(initial=0))


def _left_over(problem: OperatorProblem) -> bool:
    if "output_padding" in problem.options:
        return False
    padding = _pairs(problem, "padding") if "padding" in problem.options else (0, 0)
    sides = problem.arrays["x"].shape[2:]
    return any(
        (side + 2 * p - f) % s
        for side, p, f, s in zip(sides, padding, _size(problem), _pairs(problem, "stride"), strict=False)
    )


def _different(problem: OperatorProblem, name: str) -> bool:
    value = problem.options[name]
    return isinstance(value, tuple) and len(set(value)) > 1


FEATURES: Mapping[str, Holds] = {
    "the windows overlap": _overlap,
    "the windows do not overlap": lambda p: not _overlap(p),
    "there are gaps between the windows": lambda p: any(
        f < s for f, s in zip(_size(p), _pairs(p, "stride"), strict=True)
    ),
    "stride > 1": lambda p: max(_pairs(p, "stride")) > 1,
    "padding is 0": lambda p: max(_pairs(p, "padding")) == 0,
    "padding is 0 along an axis": lambda p: min(_pairs(p, "padding")) == 0,
    "padding > 0": lambda p: max(_pairs(p, "padding")) > 0,
    "something is left over at the end": _left_over,
    "the windows are not square": lambda p: _size(p)[0] != _size(p)[1],
    "the picture is not square": lambda p: p.arrays["x"].shape[2] != p.arrays["x"].shape[3],
    "the strides differ": lambda p: _different(p, "stride"),
    "there is one sample": lambda p: len(p.arrays["x"]) == 1,
    "there are several samples": lambda p: len(p.arrays["x"]) > 1,
    "x has more than two axes": lambda p: p.arrays["x"].ndim > 2,
    "x has one axis": lambda p: p.arrays["x"].ndim == 1,
    "x has two axes": lambda p: p.arrays["x"].ndim == 2,
    "x holds zeros": lambda p: bool((p.arrays["x"] == 0).any()),
    "x holds numbers above 100 or below -100": lambda p: _largest(p) > 100,
    "x holds no number above 100 or below -100": lambda p: _largest(p) <= 100,
    "an index is there several times": lambda p: any(
        len(np.unique(a)) < a.size for a in p.arrays.values() if a.dtype.kind in "iu"
    ),
}
"""What an operator's problems are told apart by, in words that stand after "where"."""


def where(tried: Sequence[Judged], failed: Callable[[Judged], bool]) -> str:
    """What problems have in common on which something happens: "where the windows overlap"; "" if nothing.

    Only what holds of all of them is said, and of hardly any other that was tried; it is about these
    problems, and claims nothing of others.
    """
    happens = [failed(judged) for judged in tried]
    about = {judged.answer.problem.about for judged, yes in zip(tried, happens, strict=True) if yes}
    others = {judged.answer.problem.about for judged, yes in zip(tried, happens, strict=True) if not yes}
    if others and len(about) == 1 and "" not in about and not about & others:
        return tr("where {what}", what=tr(about.pop()))
    if sum(happens) < LEAST or len(tried) - sum(happens) < LEAST:
        return ""
    for words, values in _features(tried):
        if values == happens:
            return tr("where {what}", what=tr(words))
    covering = [
        (words, sum(values))
        for words, values in _features(tried)
        if all(has for has, yes in zip(values, happens, strict=True) if yes)
        and len(tried) - sum(values) >= ONLY
        and sum(happens) >= max(ONLY, MOSTLY * sum(values))
    ]
    if not covering:
        return ""
    words, _ = min(covering, key=lambda each: each[1])
    return tr("only where {what}", what=tr(words))


def _features(tried: Sequence[Judged]) -> Iterator[tuple[str, list[bool]]]:
    for words, holds in FEATURES.items():
        yield words, [has(holds, judged.answer.problem) for judged in tried]


def has(holds: Holds, problem: OperatorProblem) -> bool:
    """Whether a problem has a feature; one that has no stride has none of it."""
    try:
        return holds(problem)
    except (KeyError, IndexError, ValueError, TypeError):
        return False
