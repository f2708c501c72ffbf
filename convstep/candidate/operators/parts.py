"""Weights in parts: one for each gate, or several of ours one behind another in one of theirs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from convstep.candidate.operators.axes import Unsayable, theirs
from convstep.candidate.operators.caller import Raw
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem


def taken_apart(
    operator: Operator, convention: Convention | None, arrays: Mapping[str, Array]
) -> dict[str, Array]:
    """The parts of arrays that lie as theirs do, by role: `wx[0]`, `w[0]`, `w`."""
    found: dict[str, Array] = {}
    for letter, order, lying, joined in _split(operator, convention):
        for name, members in joined.items():
            found[name] = np.concatenate(
                [arrays[each] for each in members], _other(lying[members[0]], letter)
            )
        if convention is not None and convention.blocks:
            continue  # where their order is another, which part is which is not known by name
        for name, axes in lying.items():
            whole = found[name] if name in joined else arrays[name]
            parts = np.split(whole, len(order), axes.index(letter))
            found |= {f"{name}[{at}]": part for at, part in enumerate(parts)}
    return found


def put_together(
    operator: Operator, convention: Convention | None, words: Vocabulary, problem: OperatorProblem, raw: Raw
) -> Raw:
    """What came of a call, with gradients of parts as those of what they are parts of."""
    named = {words.apart.gradient(raw.names.get(label, label)): label for label in raw.arrays}
    if not any(named):
        return raw
    arrays = dict(raw.arrays)
    for letter, order, lying, joined in _split(operator, convention):
        for name, axes in lying.items():
            labels = [named.get(f"d{name}[{at}]", "") for at in range(len(order))]
            if all(labels):
                parts = [_squeezed_to(len(axes), arrays.pop(label)) for label in labels]
                with contextlib.suppress(ValueError):
                    arrays[f"return['d{name}']"] = np.concatenate(parts, axes.index(letter))
        for name, members in joined.items():
            whole = arrays.pop(f"return['d{name}']", arrays.get(named.get(f"d{name}", "")))
            axis = _other(lying[members[0]], letter)
            with contextlib.suppress(Unsayable):
                lengths = [
                    theirs(problem.arrays[each], operator.axes[each], lying[each]).shape[axis]
                    for each in members
                ]
                if whole is not None and whole.ndim == 2 and whole.shape[axis] == sum(lengths):
                    each = np.split(whole, np.cumsum(lengths)[:-1], axis)
                    arrays |= {f"return['d{name}']": part for name, part in zip(members, each, strict=True)}
    return replace(raw, arrays=arrays)


def _split(
    operator: Operator, convention: Convention | None
) -> Iterator[tuple[str, str, dict[str, str], Mapping[str, tuple[str, ...]]]]:
    """By letter of equal blocks: them, how what has them lies, and what is joined.

    Where a convention joins nothing, the name that others have for what they join is the first alone.
    """
    if convention is not None and convention.lay is not None:
        return
    axes = {**operator.axes, **(convention.axes if convention else {})}
    known = {name: members for each in operator.conventions for name, members in each.joined.items()}
    alone = {name: tuple(each for each in axes if each in members)[:1] for name, members in known.items()}
    joined = convention.joined if convention is not None and convention.joined else alone
    for letter, order in operator.blocks.items():
        lying = {name: each for name, each in axes.items() if letter in each}
        lying |= {name: lying[members[0]] for name, members in joined.items()}
        yield letter, order, lying, joined


def _other(axes: str, letter: str) -> int:
    """The axis of a matrix along which it is joined."""
    return 1 - axes.index(letter)


def _squeezed_to(count: int, array: Array) -> Array:
    """A part with so many axes; those of length 1 are left out if there are more."""
    while array.ndim > count and 1 in array.shape:
        array = array.squeeze(array.shape.index(1))
    return array
