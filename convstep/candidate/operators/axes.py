"""How arrays lie: from the operator's axes to somebody else's, and back."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from convstep.operators.operator import Array, Convention, Operator, OperatorProblem

_STARS = "αβγδεζηθ"
"""Letters for the axes that "*" stands for."""

SPLIT = "2"
"""Begins the axes of what has its first axis, N, in halves, as two."""


class Unsayable(ValueError):
    """An array cannot be laid like that."""


def theirs(array: Array, own: str, other: str) -> Array:
    """An array of ours as they have it.

    `Unsayable` where an axis that they do not have is longer than 1, or "*" is several where they have one.

    >>> theirs(np.zeros((2, 3, 4, 5)), "NCHW", "NHWC").shape
    (2, 4, 5, 3)
    >>> theirs(np.zeros((2, 3)), "N*", "DN").shape, theirs(np.zeros(4), "M", "M1").shape
    ((3, 2), (4, 1))
    >>> theirs(np.zeros((6, 4)), "N*", "2N*").shape
    (2, 3, 4)
    """
    if other[:1] == SPLIT:
        made = theirs(array, own, f"1{other[1:]}")
        if made.shape[1] % 2 or made.shape[1] < 4:  # an axis of length 1 shows nothing
            raise Unsayable
        return made.reshape(2, -1, *made.shape[2:])
    axes, wanted = _letters(own, other, array.ndim)
    dropped = [at for at, letter in enumerate(axes) if letter not in wanted]
    if any(array.shape[at] != 1 for at in dropped):
        raise Unsayable
    kept = array.reshape([n for at, n in enumerate(array.shape) if at not in dropped])
    left = [letter for letter in axes if letter in wanted]
    turned = kept.transpose([left.index(letter) for letter in wanted if letter != "1"])
    lengths = iter(turned.shape)
    return np.ascontiguousarray(turned).reshape([1 if letter == "1" else next(lengths) for letter in wanted])


def ours(array: Array, own: str, other: str, shape: tuple[int, ...]) -> Array:
    """An array of theirs as we have it, where the number of its axes allows that; else as it came.

    `shape` is what is right, in our layout.
    """
    if other[:1] == SPLIT:
        whole = array.reshape(1, -1, *array.shape[2:]) if array.ndim > 2 and array.size else array
        return ours(whole, own, f"1{other[1:]}", shape)
    axes, wanted = _letters(own, other, len(shape))
    if array.ndim != len(wanted):
        return array
    places = {letter: at for at, letter in enumerate(wanted) if letter != "1"}
    if any(array.shape[at] != 1 for at, letter in enumerate(wanted) if letter == "1"):
        return array
    turned = array.transpose(
        [places[letter] for letter in axes if letter in places]
        + [at for at, letter in enumerate(wanted) if letter == "1"]
    )
    lengths = iter(turned.shape)
    return turned.reshape([next(lengths) if letter in places else 1 for letter in axes])


@functools.lru_cache
def _letters(own: str, other: str, rank: int) -> tuple[str, str]:
    """Both with a letter for each axis, "*" spelled out for that rank; `Unsayable` if it cannot be."""
    count = rank - len(own.replace("*", ""))
    if count < 0 or (count and "*" not in own):
        raise Unsayable
    stars = _STARS[:count]
    axes = own.replace("*", stars)
    if "*" in own and "*" not in other:
        unknown = [letter for letter in other if letter not in own and letter != "1"]
        if len(unknown) > 1 or len(unknown) != count:
            raise Unsayable
        return axes, other.replace(unknown[0], stars) if unknown else other
    return axes, other.replace("*", stars)


def blocks(array: Array, own: str, order: Mapping[str, tuple[int, ...]], *, back: bool = False) -> Array:
    """An array of ours, in our layout, its blocks in the order of theirs (`Convention.blocks`); or back."""
    for letter, places in order.items():
        at = own.find(letter)
        if 0 <= at < array.ndim and not places:
            array = np.flip(array, at)
        elif 0 <= at < array.ndim and array.shape[at] % len(places) == 0:
            parts = np.split(array, len(places), axis=at)
            listed = np.argsort(places) if back else places
            array = np.concatenate([parts[place] for place in listed], axis=at)
    return array


def in_our_order(
    array: Array, own: str, order: Mapping[str, tuple[int, ...]], right: tuple[int, ...]
) -> Array:
    """A gradient in our layout with its blocks as ours are, even of a matrix that came out turned.

    As it came where that gives no `right` shape.
    """
    if array.shape == right[::-1] != right:
        return in_our_order(array.T, own, order, right).T
    if squeezed(array.shape) != squeezed(right):
        return array
    return blocks(array.reshape(right), own, order, back=True).reshape(array.shape)


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without its axes of length 1."""
    return tuple(length for length in shape if length != 1)


def sizes(operator: Operator, problem: OperatorProblem) -> dict[str, int]:
    """The lengths of a problem's axes, by letter; "*" is the product of those it stands for."""
    found: dict[str, int] = {}
    for name, array in problem.arrays.items():
        axes = operator.axes.get(name, "")
        spelled, _ = _letters(axes, axes, array.ndim) if axes else ("", "")
        for letter, length in zip(spelled, array.shape, strict=False):
            found[letter if letter not in _STARS else "*"] = length * (
                found.get("*", 1) if letter in _STARS else 1
            )
    return found


def layouts(operator: Operator) -> Iterator[Convention | None]:
    """The ways of laying an operator's arrays: its own, its conventions', then others that are plausible."""
    known: list[object] = []
    for each in (None, *operator.conventions, *_further(operator)):
        one = each or Convention("")
        whole = {**operator.axes, **one.axes, **one.joined}, one.blocks, one.made
        if whole not in known or (each is not None and each.lay is not None):
            known.append(whole)
            yield each


def _further(operator: Operator) -> Iterator[Convention]:
    """Pictures with the channels last, without samples, without channels; columns for rows; one axis more."""
    x = next(iter(operator.axes.values()), "")
    vectors = [name for name, lying in operator.axes.items() if len(lying) == 1 and lying not in "N*"]
    plain = [one for one in operator.conventions if not (one.lay or one.joined or one.options or one.made)]
    bases = [{**operator.axes}, *({**operator.axes, **one.axes} for one in plain)]
    changes = [change for change, needed in _CHANGES.items() if all(letter in x for letter in needed)]
    if x == "N*":
        yield Convention("a batch of samples", {n: f"1{a}" for n, a in operator.axes.items() if a[:1] == "N"})
    for form, change, base in itertools.product(("{}", "1{}", "{}1"), ("", *changes), bases):
        if form != "{}" and not vectors:
            continue
        lying = {name: _changed(axes, change) for name, axes in base.items()}
        lying |= {name: form.format(lying[name]) for name in vectors if len(lying[name]) == 1}
        differs = {name: axes for name, axes in lying.items() if axes != operator.axes[name]}
        yield Convention(change or form.format("n"), differs)
    for form, base in itertools.product(("{}", "1{}", "{}1"), bases if x == "N*" else ()):
        lying = {name: axes.replace("N", "1") for name, axes in base.items()}
        lying |= {name: form.format(lying[name]) for name in vectors if len(lying[name]) == 1}
        yield Convention(ONE_SAMPLE, lying)


ONE_SAMPLE = "one sample"
"""Of a layout whose x is one row, or one column: whatever is a sum over samples is right there without it."""
_CHANGES = {
    "C last": "NC", "no N": "N", "no N, C last": "NC", "no C": "NCHW", "no N and C": "NCHW", "N last": "N",
}  # fmt: skip
"""What may be otherwise, and the axes that x has to have for it."""


def _changed(lying: str, change: str) -> str:
    if "C last" in change and lying[:2] == "NC":
        lying = "N" + lying[2:] + "C"
    if "N last" in change and lying[:1] == "N":
        return lying[1:] + "N"
    dropped = {"no N": "N", "no N, C last": "N", "no C": "C", "no N and C": "NC"}.get(change, "")
    return "".join(letter for letter in lying if letter not in dropped)


def told(
    operator: Operator, problem: OperatorProblem, convention: Convention | None, *, hot: bool = False
) -> dict[str, Array] | None:
    """A problem's arrays and gradients from above as they have them; None if it cannot be said.

    `hot`: an array of labels, of axis N, has the classes of x as a second axis.
    """
    axes = {**operator.axes, **(convention.axes if convention else {})}
    x = next(iter(operator.axes))
    lying = dict(zip(operator.upstream, operator.outputs, strict=False))
    found = {}
    try:
        for name, array in {**problem.arrays, **problem.upstream}.items():
            key = lying.get(name, name)
            if hot and operator.axes.get(key) == "N" and array.ndim == 2:
                key = x
            own, other = operator.axes.get(key), axes.get(key)
            if own is None or other is None:
                found[name] = array
                continue
            ordered = blocks(np.asarray(array), own, convention.blocks if convention else {})
            found[name] = theirs(ordered, own, other)
    except Unsayable:
        return None
    return found


def reduced(operator: Operator, problem: OperatorProblem, letters: str) -> OperatorProblem:
    """The problem with axes cut to length 1, in every array that has them."""

    def cut(name: str, array: Array) -> Array:
        axes = operator.axes.get(name, "")
        spelled, _ = _letters(axes, axes, array.ndim) if axes else ("", "")
        for at, letter in enumerate(spelled):
            if letter in letters:
                array = np.take(array, [0], at)
        return np.asarray(array)

    if not letters:
        return problem
    lying = dict(zip(operator.upstream, operator.outputs, strict=False))
    return replace(
        problem,
        arrays={name: cut(name, array) for name, array in problem.arrays.items()},
        upstream={name: cut(lying.get(name, name), array) for name, array in problem.upstream.items()},
    )
