"""Small networks that one backward is of as a whole: their loss, and what their weights are given."""

from __future__ import annotations

import functools
import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.load import names
from convstep.candidate.record.guessing import Asked, B, Guess, W, X
from convstep.candidate.verdicts import losses
from convstep.candidate.verdicts.naming import is_upstream

_LOSS = re.compile(r"(compute_?|calc\w*_|get_)?(loss|cost)\w*|\w*(_loss|_cost|cross_?entropy)", re.I)
_KEY = re.compile(r"[\"'](?:W|b)(\d)[\"']")
_SPELLED = re.compile(r"[\"'][Wb][\"'] *\+ *str\(|f[\"'][Wb]\{")
"""A key that is put together of a letter and a layer's number."""
SAMPLES, WIDE = 5, 3
"""Of the data; no two widths of a network are alike but where it says nothing."""


def with_loss(
    forward: Callable[..., Any] | None, backward: Callable[..., Any], namespace: Mapping[str, Any]
) -> Callable[..., Any] | None:
    """The forward with the file's one loss after it, for a backward that is given targets and no gradient.

    It returns the loss, then what the forward returns. The forward itself where it is given none.
    """
    own = [one.name for one in parameters_of(backward)]
    if forward is None or any(map(is_upstream, own)):
        return forward
    taken = [one.name for one in parameters_of(forward)]
    asked = [name for name in own if losses.is_target(name) and name not in taken]
    found = [
        one
        for name, one in namespace.items()
        if inspect.isfunction(one) and one is not backward and one is not forward
        if _LOSS.fullmatch(name) and not names.looks_backward(name) and _fits(one, asked, {*taken, *own})
    ]
    if len(found) != 1:
        return forward
    loss, inner = found[0], forward
    listed = parameters_of(loss)
    extra = [one for one in listed[1:] if one.name not in taken]
    plain = [one.replace(kind=one.POSITIONAL_OR_KEYWORD) for one in (*parameters_of(forward), *extra)]
    # those with a default come last
    plain.sort(key=lambda one: one.default is not one.empty)
    signature = inspect.Signature(plain)

    @functools.wraps(forward)
    def both(*places: Any, **named: Any) -> tuple[Any, ...]:
        given = signature.bind(*places, **named).arguments
        made = inner(**{name: value for name, value in given.items() if name in taken})
        parts = made if isinstance(made, tuple) else (made,)
        others = {one.name: given[one.name] for one in listed[1:] if one.name in given}
        return (loss(parts[0], **others), *parts)

    both.__signature__ = signature  # type: ignore[attr-defined]
    both.__qualname__ = f"{forward.__name__} + {loss.__name__}"
    return both


def _fits(loss: Callable[..., Any], targets: Sequence[str], known: set[str]) -> bool:
    """Whether a loss compares its first argument with a known target, and whatever else it needs is known."""
    own = parameters_of(loss)
    needed = {one.name for one in own[1:] if one.default is one.empty}
    return (
        len(own) > 1 and not losses.is_target(own[0].name) and bool(needed & {*targets}) and needed <= known
    )


def has_loss(forward: Callable[..., Any] | None) -> bool:
    """Whether a forward is one of `with_loss`."""
    return hasattr(forward, "__wrapped__") and " + " in getattr(forward, "__qualname__", "")


def of_networks(asked: Asked, free: Sequence[str]) -> Iterator[Guess]:
    """Data, targets and weights of a network or of a logistic regression, samples as columns and as rows."""
    data = [name for name in free if name in X.split()]
    compared = losses.targets(free)
    rest = [name for name in free if name not in (*data[:1], *compared)]
    if len(data) != 1 or len(compared) != 1 or not rest:
        return
    layers = max(map(int, _KEY.findall(asked.text)), default=2 if _SPELLED.search(asked.text) else 0)
    if layers and len(rest) == 1:
        for columns, (last, kind) in itertools.product((True, False), ((1, "bits"), (4, "hot"))):
            weights = _weights(layers, last, columns)
            yield _guess(data[0], compared[0], {rest[0]: weights}, columns, last, kind)
    if len(rest) == 2 and {*rest} & {*W.split()} and {*rest} & {*B.split()}:
        weight, bias = sorted(rest, key=lambda name: name in B.split())
        for columns, flat in ((True, False), (False, True), (False, False)):
            shape = (WIDE,) if flat else (WIDE, 1)
            given = {weight: _drawn(*shape, seed=4), bias: np.asarray(0.25)}
            yield _guess(data[0], compared[0], given, columns, 0 if flat else 1, "bits")


def _weights(layers: int, last: int, columns: bool) -> dict[str, Any]:
    """Weights and biases of each layer."""
    widths = [WIDE, *range(6, 5 + layers), last]
    found: dict[str, Any] = {}
    for at, (inner, outer) in enumerate(itertools.pairwise(widths), start=1):
        size, bias = ((outer, inner), (outer, 1)) if columns else ((inner, outer), (1, outer))
        found[f"W{at}"] = _drawn(*size, seed=at + 3)
        found[f"b{at}"] = _drawn(*bias, seed=at + 9)
    return found


def _drawn(*shape: int, seed: int = 3) -> Any:
    """Numbers that put no unit into the corner of a ReLU."""
    return np.random.default_rng([31, seed, *shape]).standard_normal(shape) * 0.7


def _guess(data: str, target: str, weights: Mapping[str, Any], columns: bool, last: int, kind: str) -> Guess:
    x = _drawn(SAMPLES, WIDE)
    labels = np.array([0, 2, 3, 1, 2])
    y = np.eye(4)[labels] if kind == "hot" else np.array([[1.0], [0.0], [0.0], [1.0], [1.0]])
    y = y if last else y[:, 0]
    x, y = (x.T.copy(), y.T.copy()) if columns else (x, y)
    # the loss of one number says what is right, however its samples lie
    return Guess("", {data: x, target: y, **weights}, np.shape(y), sure=True, kinds=True)
