"""Small arguments for functions of which no operator is known: their own forward says which of them fit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call.containers import LAYER
from convstep.candidate.call.named import fills
from convstep.candidate.call.used import used_as
from convstep.candidate.record.filling import KEPT
from convstep.candidate.record.guessing import Asked, B, Guess, W, X, distinct_of, given, small, whole
from convstep.candidate.record.networks import of_networks
from convstep.candidate.verdicts.changes import LEARNING, RATE
from convstep.candidate.verdicts.finding import same
from convstep.candidate.verdicts.losses import targets
from convstep.candidate.verdicts.naming import is_upstream

_LOGARITHM = re.compile(r"\blog\w*\(|log_?loss|entropy")
_SQUASHED = re.compile(r"\bexp\w*\(|softmax|sigmoid|logits|scores|logaddexp|expit")


def general(asked: Asked) -> Iterator[Guess]:
    """What could be given whatever the operator is; parameters with a default keep it."""
    sized = {name for name in asked.sizes if _SIZED.fullmatch(name) and type(asked.defaults.get(name)) is int}
    known = {*asked.defaults, "self"} - sized  # small ones show as much, and x may not fit theirs
    free = [name for name in asked.inputs if name not in known and not KEPT.fullmatch(name)]
    done: list[Guess] = []
    for guess in _all(asked, free):
        if not any(same(dict(guess.values), dict(one.values)) for one in done):
            yield guess
        done.append(guess)


def _all(asked: Asked, free: list[str]) -> Iterator[Guess]:
    yield from of_networks(asked, free)
    yield from _of_loss(asked, free)
    if re.search("conv", f"{asked.name} {asked.text}", re.I) and asked.sizes and not {*asked.sizes} & {*free}:
        for channels in (1, 3):  # of a net that is made for so many, which others may be spread over
            yield _guess(asked, free, given((X, whole(2, channels, 6, 7))), lambda at: whole(4, seed=at + 1))
    *plans, narrow = _PLANS
    for values, other in plans:
        yield _guess(asked, free, values, other)
    for size, others in _ROLES:
        found = {name: _of_role(name, at, size, others, asked) for at, name in enumerate(free)}
        found = {name: value for name, value in found.items() if value is not None}
        if found or (not others and len(free) == 1):  # of one feature a scale does not show
            yield _guess(asked, free, {"x": whole(*size), **found}, _like(size))
    if any(name in free for name in asked.sizes):  # pictures of a layer of so many channels
        for picture in ((2, 4, 3, 5), (2, 3, 5, 4)):
            yield _guess(asked, free, given((X, whole(*picture))), lambda at: whole(4, seed=at + 1))
    yield replace(_guess(asked, free, *narrow), narrow=True)


def _guess(asked: Asked, free: list[str], values: dict[str, Any], other: Callable[[int], Any]) -> Guess:
    # `features` are how many to a class, and the input to a function
    counted = {name for name in free if name not in values or (name in asked.sizes and name not in _HANDED)}
    numbers = {name: _NUMBERS[name] for name in free if name in _NUMBERS and name in counted}
    sizes = [name for name in asked.sizes if name in counted]
    unknown = [name for name in sizes if name == "dim" or name not in _NUMBERS]
    numbers |= {name: 4 + at for at, name in enumerate(unknown)}
    numbers |= {name: RATE for name in asked.parameters if LEARNING.fullmatch(name)}
    layers = {name.lower() for name, role in used_as(asked.text).items() if role == "layer"}
    numbers |= dict.fromkeys(asked.parameters & layers, LAYER)
    numbers |= {name: defaultdict(float) for name in asked.parameters if fills(name, asked.text)}
    if {"q", "query"} & asked.parameters:  # then k is an array
        numbers.pop("k", None)
    meant = {name: value for name, value in values.items() if name in free and name not in numbers}
    known = distinct_of(meant, free)  # `x` and `a` are two
    rest = [name for name in free if name not in known and name not in numbers]
    others = {name: other(at) for at, name in enumerate(rest) if not is_upstream(name)}
    return Guess("", {**known, **numbers, **others}, np.shape(values["x"]), sure=False)


def _like(size: tuple[int, ...]) -> Callable[[int], Any]:
    return lambda at: whole(*size, seed=at + 1)


def _plans() -> Iterator[tuple[dict[str, Any], Callable[[int], Any]]]:
    rows, weights = whole(3, 4), whole(4, 5, seed=4)
    per_feature = given(
        ("gamma g scale w weight weights", np.array([1.0, 2.0, -1.0, 3.0])),
        ("beta b shift bias", whole(4, seed=5)),
    )
    yield per_feature | given((X, rows)), lambda at: whole(3, 4, seed=at + 1)
    yield given((X, rows), (W, weights), (B, whole(5, seed=5))), lambda at: whole(3, 4, seed=at + 1)
    yield given((X, rows)), lambda at: whole(3, 4, seed=at + 1)
    yield given((X, rows)), lambda at: whole(4, seed=at + 1)
    yield given((X, whole(2, 3, 4))), lambda at: whole(4, seed=at + 1)
    yield given((X, rows)), lambda at: 1.5 + at
    yield given((X, whole(4))), lambda at: whole(4, seed=at + 1)
    columns = whole(4, 3, seed=4)
    yield given((X, whole(3)), (W, columns), (B, whole(4, seed=5))), lambda at: whole(4, seed=at + 1)
    yield given((X, whole(2, 3, 4, 5)), (B, whole(3, seed=5))), lambda at: whole(3, seed=at + 1)
    positive = np.abs(small(3, 4)) + 0.5
    yield given((X, positive)), lambda at: np.abs(small(3, 4, seed=at + 4)) + 0.5


_PLANS = tuple(_plans())
_HANDED = ["w", "b", "weight", "weights", "bias", "biases", "gamma", "beta"]
"""Arrays that a layer is made with; other parameters of a class that are no options say how wide it is."""
_Roles = tuple[tuple[str, tuple[int, ...]], ...]
_WEIGHTS, _BIASES = r"[wu](?!ord)\w*|weights?\w*|kernel\w*", r"b\w*|bias\w*|beta\w*"
_STATE = r"(prev_?)?[hcs](_?(prev|0|t|in|last|init|start))?|hidden\w*|state\w*|prev_[hcs]"
_ROLES: tuple[tuple[tuple[int, ...], _Roles], ...] = (
    ((3, 4), ((_WEIGHTS, (4, 5)), (_BIASES, (5,)), (_STATE, (3, 5)))),
    ((3, 4), ((_WEIGHTS, (4, 4)), (_BIASES, (4,)), (_STATE, (3, 4)))),
    *(((3, 4), ((_WEIGHTS, (9, n)), (_BIASES, (n,)), (_STATE, (3, 5)))) for n in (5, 20)),  # of [x, h]
    ((2, 3, 4), ((_WEIGHTS, (4, 4)), (_BIASES, (4,)))),
    ((3, 4), ((_WEIGHTS, (4, 4)), (_BIASES, (4,)), (_STATE, (4,)))),
    ((4, 3), ((_WEIGHTS, (4, 4)), (_BIASES, (4, 1)), (_STATE, (4, 3)))),
    ((2, 3, 4, 5), (("a|alpha|w|weight|slope", (3,)),)),
    ((2, 3, 4), (("k|keys?|v|values?", (2, 5, 4)),)),
    ((2, 3, 4), (("b|y|k|other|right", (2, 4, 5)),)),
    ((2, 3, 4), (("scale|alpha|s|g|gain|gate", (1,)), (r"\w*pos\w*|table|bias|b", (3, 4)))),
    ((2, 3, 4, 5), ((r"(?!x$)\w+", (3,)),)),
    ((2, 8, 3, 5), ((r"r|s|scale|upscale\w*|factor|block\w*", ()),)),
    ((2, 3, 5, 6), ((_WEIGHTS, (3, 2, 2)), (_BIASES, (3,)))),
    ((3, 4), ((r"x2|y|v|b", (3, 5)), (r"w\w*", (2, 4, 5)), (r"bias", (2,)))),
    ((3, 4), ((r"x2", (3, 5)), (r"w\w*", (2, 4, 5)), ("b|bias", (2,)))),
    ((5, 3), ((r"i\w*|\w*ids|\w*index|rows|tokens", (4, 0)),)),
    ((4, 1), ()),
    ((3, 4), (("theta|w|weights?|beta|params?|coef\\w*", (4,)), ("y\\w*|t|targets?|labels?", (3,)))),
    *((size, ((r"\w*(cos|sin)\w*", (3, 2)),)) for size in ((3, 5, 4), (2, 3, 4), (2, 3, 5, 4), (2, 5, 3, 4))),
    ((3, 4), ((r"\w*(cos|sin)\w*", (3, 2)),)),
    ((3, 4), ((r"cond\w*|\w*mask|keep|where", (0,)),)),
)
"""Shapes of the first array and, by their names, of others; `()` is the number 2, an axis of 0 whole numbers
below the first axis, `(0,)` a mask."""


def _of_role(name: str, at: int, size: tuple[int, ...], others: _Roles, asked: Asked | None = None) -> Any:
    if asked is not None and (keys := _keys(asked, name)):
        parts = {key: _of_role(key.lower(), 7 * at + n, size, others) for n, key in enumerate(keys)}
        return None if any(part is None for part in parts.values()) else parts
    if asked is not None and (named := _unpacked(asked, name)):
        found = [_of_role(part.lower(), 7 * at + n, size, others) for n, part in enumerate(named)]
        return None if any(part is None for part in found) else tuple(found)
    shape = next((shape for pattern, shape in others if re.fullmatch(pattern, name)), None)
    if shape is None:
        return None
    if not shape:
        return 2
    if shape == (0,):
        return np.random.default_rng(at).random(size) < 0.5
    if shape[-1] == 0:
        return np.random.default_rng([at, 5]).integers(0, size[0], shape[:-1])
    return small(*shape, seed=at + 4)


def _keys(asked: Asked, name: str) -> list[str]:
    """What a parameter that is a dict is asked for: of `params["W"] @ x + params["b"]` W and b."""
    return list(dict.fromkeys(re.findall(rf"(?i)\b{name}\[[\"'](\w+)[\"']\]", asked.text)))


def _unpacked(asked: Asked, name: str) -> list[str]:
    """What a parameter that is a tuple is taken apart into: of `h, c = state` h and c."""
    found = re.search(rf"(?im)^\s*\(?(\w+(?:, *\w+)+)\)? *= *{name}[ \t]*(?:#.*)?$", asked.text)
    return found[1].replace(" ", "").split(",") if found else []


def _of_loss(asked: Asked, free: list[str]) -> Iterator[Guess]:
    """Predictions and targets of each kind that a loss may mean."""
    arrays = [name for name in free if name not in _NUMBERS or _is_array(name, asked.text)]
    compared = targets(arrays)
    if len(arrays) != 2 or len(compared) != 1:
        return
    (predicted,) = set(arrays) - set(compared)
    for prediction, target in _predictions(asked.text):
        values = {predicted: prediction, compared[0]: target}
        numbers = {name: _NUMBERS[name] for name in free if name in _NUMBERS and name not in arrays}
        yield Guess("", {**values, **numbers}, np.shape(prediction), sure=False, kinds=True)


def _is_array(name: str, text: str) -> bool:
    """Whether a text does with a parameter what is done with arrays alone: `p` may be a share, too."""
    return bool(re.search(rf"(?i)\b{name}(\.(shape|size|ndim|T)\b|\[)|\b(len|clip)\( *{name}\b", text))


def _predictions(text: str) -> Iterator[tuple[Any, Any]]:
    """Predictions with what they are compared with: numbers, bits, one of several, a class's number."""
    rng = np.random.default_rng(23)
    real, labels = rng.standard_normal((3, 4)) * 1.5, np.array([2, 0, 3])
    hot, bits = np.eye(4)[labels], (rng.random((3, 4)) < 0.5).astype(np.float64)
    row = np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    if not _LOGARITHM.search(text):
        yield real, rng.standard_normal((3, 4))
        yield from ((real, hot), (real, labels), (real, 2 * bits - 1), (real[:, 0], bits[:, 1] * 2 - 1))
        return
    if _SQUASHED.search(text):
        yield from ((real, bits), (real, hot), (real, labels), (rng.standard_normal(5), row))
        yield real.T, hot.T
    unit = rng.uniform(0.1, 0.9, (3, 4))
    each = unit / unit.sum(axis=1, keepdims=True)
    yield from ((each, hot), (unit, bits), (each, labels), (rng.uniform(0.1, 0.9, 5), row))
    yield from ((rng.uniform(0.1, 0.9, (1, 5)), row[None]), (each.T, hot.T))


_SIZED = re.compile(
    r"n?_?(in|out|hid)(put|den)?s?(_?(dim|size|features|units|nodes|neurons|len))?|(fan|dim|d|n)_(in|out)"
)
"""What a constructor calls how wide its layers are."""
_NUMBERS = given(
    ("axis dim", -1), ("eps epsilon", 1e-5), ("alpha slope lam lambd temperature delta", 0.5),
    ("p rate ratio drop_rate dropout keep_prob keep dropout_rate dropout_ratio dropout_prob dropout_p", 0.5),
    ("drop_prob dropprob drop_p p_drop prob prob_dropout keep_rate keep_p", 0.5),
    ("k n groups num_groups g n_groups heads num_heads n_heads", 2),
    ("d dim_in features num_features dims normalized_shape size n_features hidden", 4),
    ("train training is_training", True), ("mode", "train"),
    ("reg l2 weight_decay", 0.0),
)  # fmt: skip
"""What parameters are given that are no arrays, by name."""
