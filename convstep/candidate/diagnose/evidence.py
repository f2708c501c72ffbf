"""What can be observed about wrong numbers that no known mistake reproduces."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.call import Call
from convstep.candidate.call.written import their_shape
from convstep.candidate.check.cases import LOOSE
from convstep.candidate.check.grade import SHAPE, WRONG, Result, wrong_cells
from convstep.candidate.check.wording import count
from convstep.conv.step import quiet
from convstep.conv.validation import shape_text
from convstep.language import tr
from convstep.steps.cells import Array

Mask = npt.NDArray[np.bool_]

HALF = 5e-3
"""Errors, as a share of the largest sum of sizes, that sixteen bits explain."""
MOVES = {
    "down": ("down 1 row", "down {count} rows"),
    "up": ("up 1 row", "up {count} rows"),
    "right": ("right 1 column", "right {count} columns"),
    "left": ("left 1 column", "left {count} columns"),
}
"""By direction, one line and more."""
SLICES = {
    -1: ("{name} is wrong only in input channel {number}", "{name} is wrong only in the last input channel"),
    -4: ("{name} is wrong only in sample {number}", "{name} is wrong only in the last sample"),
    0: ("{name} is wrong only in output channel {number}", "{name} is wrong only in the last output channel"),
}
"""What is said of one slice along an axis: by its number, and where it is the last one of every problem."""
RIGHT_SLICE = (
    "{name} is right only in output channel {number}",
    "{name} is right only in the last output channel",
)
REARRANGED: tuple[tuple[str, Callable[[Array, tuple[int, int]], Array]], ...] = (
    ("{name} has the right numbers, rotated by 180°", lambda array, axes: np.flip(array, axes)),
    ("{name} has the right numbers, flipped along H", lambda array, axes: np.flip(array, axes[0])),
    ("{name} has the right numbers, flipped along W", lambda array, axes: np.flip(array, axes[1])),
    ("{name} has the right numbers with H and W swapped", lambda array, axes: np.swapaxes(array, *axes)),
)
"""What is said of a gradient, and what makes it right; the axes are those of H and W."""
LEAST = 8
"""Cells that must be right, so that it says something that no cell of their kind is wrong."""


def observations(name: str, results: Sequence[Result], call: Call | None = None) -> list[str]:
    """What is true of a gradient wherever it is wrong, in the author's shapes, with how many problems."""
    said = []
    misshapen = [result for result in results if _kind(name, result) == SHAPE]
    if misshapen:
        both = misshapen[0].outcome.gradients[name].shape, misshapen[0].right.gradients[name].shape
        shape, right = (each if call is None else their_shape(call, name, each) for each in both)
        said.append(
            tr(
                "{name} has another shape on {problems}, for example {shape} instead of {right}",
                name=name,
                problems=count(len(misshapen)),
                shape=shape_text(shape),
                right=shape_text(right),
            )
        )
    if found := facts(name, results):
        wrong = sum(_kind(name, result) == WRONG for result in results)
        said.append(tr("on {problems}, {seen}", problems=count(wrong), seen=tr("; ").join(found)))
    return said


def facts(name: str, results: Sequence[Result]) -> list[str]:
    """The same of the problems where its numbers are wrong, without how many these are."""
    wrong = [result for result in results if _kind(name, result) == WRONG]
    found = resemblance(name, wrong)
    if found or not wrong:
        return [found] if found else []
    return _where(name, wrong, [wrong_cells(name, each.right, _actual(name, each)) for each in wrong])


def resemblance(name: str, wrong: Sequence[Result]) -> str:
    """What makes the right numbers of wrong ones on all problems: a factor, a flip; "" if nothing."""
    if not wrong:
        return ""
    pairs = [(_actual(name, each), each.right.gradients[name]) for each in wrong]
    sizes = [result.right.loose[name] for result in wrong]
    masks = [wrong_cells(name, each.right, actual) for each, (actual, _) in zip(wrong, pairs, strict=True)]
    found = _ratio(name, pairs, sizes) or _rearranged(name, pairs, sizes) or _shift(name, pairs, sizes)
    return found or _penalised(name, wrong, pairs, sizes) or _imprecise(name, wrong, masks)


def _actual(name: str, result: Result) -> Array:
    return result.outcome.gradients[name].astype(np.float64)


def _kind(name: str, result: Result) -> str:
    return next((found.kind for found in result.grades if found.name == name), "")


def _close(first: Array, second: Array, size: float) -> bool:
    with quiet():
        return first.shape == second.shape and bool((np.abs(first - second) <= size).all())


Pairs = Sequence[tuple[Array, Array]]


def _penalised(name: str, wrong: Sequence[Result], pairs: Pairs, sizes: Sequence[float]) -> str:
    """Right but for one and the same share of the kernels, or of the biases."""
    problems = [result.right.problem for result in wrong]
    weights = [each for one in problems if (each := one.W if name == "dW" else one.b) is not None]
    if name == "dA_prev" or len(weights) < len(wrong) or not weights[0].any():
        return ""
    (actual, right), first = pairs[0], weights[0]
    with quiet():
        share = float(((actual - right) * first).sum() / (first * first).sum())
    for (actual, right), each, size in zip(pairs, weights, sizes, strict=True):
        if not _close(actual, right + share * each, size):
            return ""
    return tr(
        "{name} is right but for {share:.4g} times {weights}, as a penalty on weights adds",
        name=name,
        share=share,
        weights=name[1:],
    )


def _imprecise(name: str, wrong: Sequence[Result], masks: Sequence[Mask]) -> str:
    """Right but for a small error everywhere, which may be a precision and no mistake."""
    shares = []
    for result, mask in zip(wrong, masks, strict=True):
        actual, right = result.outcome.gradients[name], result.right.gradients[name]
        with quiet():
            error = np.abs(np.asarray(actual, np.float64) - right)[mask].max(initial=0.0)
        shares.append(float(error) / result.right.loose[name] * LOOSE)  # of the largest sum of sizes
    if all(share < HALF for share in shares):
        return tr(
            "{name} is off by less than {share:.1%} of its size, as a half precision may be",
            name=name,
            share=HALF,
        )
    return ""


def _ratio(name: str, pairs: Pairs, sizes: Sequence[float]) -> str:
    """All zeros, or a constant times what is right."""
    if all(not actual.any() for actual, _ in pairs):
        return tr("{name} is all zeros", name=name)
    ratios = []
    for (actual, expected), size in zip(pairs, sizes, strict=True):
        with quiet():
            ratio = float((actual * expected).sum() / (expected * expected).sum())
        if not _close(actual, ratio * expected, size * max(1.0, abs(ratio))):
            return ""
        ratios.append(ratio)
    if max(ratios) - min(ratios) < 1e-6:
        return tr("{name} is {ratio:.4g} times the right values", name=name, ratio=ratios[0])
    shown = ", ".join(f"{ratio:.4g}" for ratio in ratios[:4])
    return tr(
        "{name} is a constant times the right values, but the constant depends on the problem: {ratios} …",
        name=name,
        ratios=shown,
    )


def _rearranged(name: str, pairs: Pairs, sizes: Sequence[float]) -> str:
    """Flipped or transposed along H and W."""
    axes = (1, 2) if name == "dW" else (-3, -2)
    for words, change in REARRANGED if name != "db" else ():
        if all(
            _close(change(actual, axes), expected, size)
            for (actual, expected), size in zip(pairs, sizes, strict=True)
        ):
            return tr(words, name=name)
    if all(
        _close(np.sort(actual, axis=None), np.sort(expected, axis=None), size)
        for (actual, expected), size in zip(pairs, sizes, strict=True)
    ):
        return tr("{name} has the right numbers in the wrong places", name=name)
    return ""


def _shift(name: str, pairs: Pairs, sizes: Sequence[float]) -> str:
    """Moved by some rows and columns, and cut off at the border."""
    if name != "dA_prev":
        return ""
    for rows, columns in sorted(
        itertools.product(range(-2, 3), repeat=2), key=lambda by: abs(by[0]) + abs(by[1])
    ):
        if (rows, columns) == (0, 0):
            continue
        if all(
            min(expected.shape[-3] - abs(rows), expected.shape[-2] - abs(columns)) > 0
            and _close(*_overlap(actual, expected, rows, columns), size)
            for (actual, expected), size in zip(pairs, sizes, strict=True)
        ):
            return _shifted(name, rows, columns)
    return ""


def _shifted(name: str, rows: int, columns: int) -> str:
    """By how much, and where to: `dA_prev is shifted down 1 row`."""
    down, right = ("down" if rows > 0 else "up"), ("right" if columns > 0 else "left")
    moves = [tr(MOVES[way][abs(by) > 1], count=abs(by)) for way, by in ((down, rows), (right, columns)) if by]
    if len(moves) == 1:
        return tr("{name} is shifted {move}", name=name, move=moves[0])
    return tr("{name} is shifted {one} and {other}", name=name, one=moves[0], other=moves[1])


def _overlap(actual: Array, expected: Array, rows: int, columns: int) -> tuple[Array, Array]:
    """The parts that overlap when `actual` is moved back."""

    def cut(by: int, size: int) -> tuple[slice, slice]:
        return slice(max(by, 0), size + min(by, 0)), slice(max(-by, 0), size + min(-by, 0))

    (h_a, h_e), (w_a, w_e) = cut(rows, actual.shape[-3]), cut(columns, actual.shape[-2])
    return actual[..., h_a, w_a, :], expected[..., h_e, w_e, :]


def _where(name: str, wrong: Sequence[Result], masks: Sequence[Mask]) -> list[str]:
    """In which cells the errors are."""
    said = []
    if name == "dA_prev":
        inside = [mask[..., 1:-1, 1:-1, :] for mask in masks]
        if sum(mask.size for mask in inside) >= LEAST and not any(mask.any() for mask in inside):
            said.append(tr("dA_prev is wrong only in the cells at its border"))
        if wrong_only_where_shared(wrong):
            said.append(tr("dA_prev is wrong only in cells that several windows share"))
        said += _one_slice(name, masks, -1, SLICES[-1])
        if all(mask.ndim == 4 and mask.shape[0] > 1 for mask in masks):
            said += _one_slice(name, masks, -4, SLICES[-4])
    else:
        said += _one_slice(name, masks, 0, SLICES[0])
        said += _one_slice(name, [~mask for mask in masks], 0, RIGHT_SLICE, whole=True)
    if not said:
        off = sum(int(mask.sum()) for mask in masks)
        cells = sum(mask.size for mask in masks)
        said.append(tr("{name} is wrong in {off} of {cells} cells", name=name, off=off, cells=cells))
    return said


def wrong_only_where_shared(results: Sequence[Result]) -> bool:
    """Whether `dA_prev` is wrong somewhere, and only in cells that several windows cover."""
    wrong = [result for result in results if _kind("dA_prev", result) == WRONG]
    masks = [wrong_cells("dA_prev", result.right, result.outcome.gradients["dA_prev"]) for result in wrong]
    alone = [~_overlapped(result) for result in wrong]
    return sum(int(each.sum()) for each in alone) >= LEAST and not any(
        (mask & each).any() for mask, each in zip(masks, alone, strict=True)
    )


def _one_slice(
    name: str, masks: Sequence[Mask], axis: int, words: tuple[str, str], *, whole: bool = False
) -> list[str]:
    """What to say where it is always the same one slice of the masks along an axis, or the last.

    The `words` are of a number, and of the last one; `whole`: all cells of the slice are meant, not one at
    least.
    """
    found, counts = set(), {mask.shape[axis] for mask in masks}
    for mask in masks:
        slices = np.moveaxis(mask, axis, 0).reshape(mask.shape[axis], -1)
        touched: Mask = np.asarray(slices.all(axis=1) if whole else slices.any(axis=1))
        places = np.flatnonzero(touched)
        if len(places) != 1 or len(touched) < 2:
            return []
        found.add((int(places[0]), int(places[0]) - len(touched)))
    first, from_the_end = ({pair[which] for pair in found} for which in (0, 1))
    if len(first) == len(counts) == 1:  # of two, the second is also the last, and all but the first
        number = tr("{number} of {count}, counted from 0", number=first.pop(), count=counts.pop())
        return [tr(words[0], name=name, number=number)]
    if len(first) == 1:
        return [tr(words[0], name=name, number=first.pop())]
    return [tr(words[1], name=name)] if from_the_end == {-1} else []


def _overlapped(result: Result) -> Mask:
    """Cells of `dA_prev` that more than one window covers."""
    geometry = result.right.problem.geometry
    h_out, w_out, _ = geometry.output_shape
    count = np.zeros(geometry.padded_shape[:2], np.int64)
    for i_h, i_w in itertools.product(range(h_out), range(w_out)):
        count[geometry.rows(i_h), geometry.columns(i_w)] += 1
    covered: Mask = (count[geometry.crop] > 1)[..., np.newaxis]
    return np.broadcast_to(covered, result.right.gradients["dA_prev"].shape)
