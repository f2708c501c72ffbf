"""A derivative of one array, cell by cell, against its function: given its input, or its output."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from convstep.candidate.verdicts.calls import Called, Pair, Path, text
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Ending, Held, Mark
from convstep.candidate.verdicts.naming import of_gradient, returned
from convstep.candidate.verdicts.slopes import BEND, NOISE, STEP
from convstep.candidate.verdicts.trial import definition_of, name_of, source_of
from convstep.candidate.verdicts.worded import of_pair
from convstep.frozen import frozen
from convstep.language import tr
from convstep.recording.source import Source
from convstep.steps.cells import Array, cell_text
from convstep.steps.number_text import short

CLOSE = 1e-5
"""What a derivative may be off, as a share of the largest."""
FAR = 1e-2
"""By how much it is off at least before that is said: that of an approximation is off a little."""
SIZES = (1.0, 3.0, 0.3, 1.0, 5.0, 2.0)
"""How large the numbers of each draw are."""


@frozen(eq=False)
class _Draw:
    """One draw of numbers."""

    x: Array
    """What the function is given."""
    rates: Array
    """Its slopes, cell by cell."""
    known: npt.NDArray[np.bool_]
    """Where it has one."""
    claimed: dict[str, Array | None]
    """The derivative, given the input and given the output; None if it is of another shape."""


def derivative(pair: Pair, sources: tuple[Source | None, Source | None]) -> Held | None:
    """Hold a derivative against its function on several draws of numbers.

    Whoever writes `1 - a ** 2` means it of what tanh returns; so it is right if one reading is, and wrong
    only if neither is. None if it is no derivative cell by cell that is given no gradient from above.
    """
    inner, outer = _only_array(pair.forward), _only_array(pair.backward)
    given_above = any(of_gradient(text(path)) for path in pair.constants)
    if inner is None or outer is None or outer not in pair.links or given_above:
        return None
    try:
        draws = list(_draws(pair, inner, outer))
    except Exception:  # whatever somebody's own code raises
        return None
    if not draws:
        return None
    source = sources[1] or source_of(pair.backward)
    definition = definition_of(pair.backward, source)
    names = returned(definition.node) if definition is not None else []
    result = (names[0] if len(names) == 1 else "") or "return"
    of = text(inner)
    agree = {way: all(_off(one, way) <= CLOSE for one in draws) for way in ("input", "output")}
    facts = {"result": result, "forward": name_of(pair.forward), "input": of}
    calls = of_pair(pair.backward, pair.forward)
    if any(agree.values()):
        how = tr("`{result}` is the derivative of {forward} in every cell, by central differences", **facts)
        ends = (Ending(result, of, 0, Mark(AGREES, how)),)
        return Held(*calls, len(draws), ends=ends, of_output=not agree["input"])
    if pair.may_be_from_above(outer, inner):
        return None
    ways = [way for way in agree if all(one.claimed[way] is not None for one in draws)]
    far = [max(_off(one, way) for one in draws) for way in ways]
    differing = sum(all(_off(one, way) > FAR for way in ways) for one in draws)
    if len(ways) < 2 or not differing or min(far) <= FAR:
        how = tr(
            "`{result}` is nearly the derivative of {forward}, given its input or its output, and not quite"
            if far and min(far) <= FAR
            else "`{result}` is no array like `{input}`",
            **facts,
        )
        return Held(*calls, ends=(Ending(result, of, 0, Mark(UNKNOWN, how)),))
    worst = max(draws, key=lambda one: min(_off(one, way) for way in ways))
    line = _only_line(definition.node) if definition is not None else 0
    how = _sentence(worst, facts, pair, outer)
    ends = (Ending(result, of, line, Mark(DIFFERS, how)),)
    return Held(*calls, len(draws), differing, ends, line=line, how=how)


def _only_array(call: Called) -> Path | None:
    """Where the only array of a call's arguments stands; None if there is not one, or it is an object's."""
    found = [path for path in call.arrays() if path[0] != "self"]
    return found[0] if len(found) == 1 and len(found[0]) == 1 else None


def _draws(pair: Pair, inner: Path, outer: Path) -> Iterator[_Draw]:
    """The draws on which the function has slopes, and is one of single cells."""
    shape = pair.forward.arrays()[inner].shape
    for number, size in enumerate(SIZES):
        x = np.random.default_rng([31, number]).standard_normal(shape) * size
        step = STEP * size
        out, up, down = (_made(pair, inner, x + by) for by in (0, step, -step))
        if out.shape != x.shape or not x.size:
            return
        half = np.random.default_rng(number).random(shape) < 0.5
        if not np.array_equal(
            _made(pair, inner, np.where(half, x + step, x))[~half], out[~half], equal_nan=True
        ):
            return  # its cells are not each by itself: a softmax, a norm
        rates = (up - down) / (2 * step)
        bend = np.abs(up - 2 * out + down) / step
        known = np.isfinite(rates) & (bend <= BEND * (np.abs(rates) + 1) + 10 * NOISE * np.abs(out) / step)
        if not known.any() or not rates[known].any():
            continue  # it rounds, or takes no such numbers
        given = {"input": x, "output": out}
        yield _Draw(
            x, rates, known, {way: _claimed(pair, inner, outer, x, one) for way, one in given.items()}
        )


def _made(pair: Pair, inner: Path, x: Array) -> Array:
    call = pair.forward.doubled()
    made = call.like({id(call.arrays()[inner]): x.copy()}).make()
    return np.asarray(made, np.float64)


def _claimed(pair: Pair, inner: Path, outer: Path, x: Array, given: Array) -> Array | None:
    """What the derivative returns for an array; None if that is no number for each of its cells."""
    call = pair.forward.doubled()
    _, _, backward = pair.again(call.like({id(call.arrays()[inner]): x.copy()}))
    value = backward.arrays()[outer]
    try:
        found = np.asarray(backward.like({id(value): given.copy()}).make())
        if found.dtype.kind not in "fiub" or found.ndim > given.ndim:
            return None
        return np.broadcast_to(np.asarray(found, np.float64), given.shape)
    except ValueError:
        return None


def _off(one: _Draw, way: str) -> float:
    """How far a derivative is off where it is furthest, as a share of the largest slope."""
    claimed = one.claimed[way]
    if claimed is None:
        return np.inf
    off = np.abs(claimed - one.rates)[one.known]
    off[~np.isfinite(off)] = np.inf
    return float(off.max() / (np.abs(one.rates[one.known]).max() + 1e-9))


def _sentence(one: _Draw, facts: dict[str, str], pair: Pair, outer: Path) -> str:
    """The cell in which a derivative is furthest off, given the input."""
    claimed = one.claimed["input"]
    assert claimed is not None
    off = np.where(one.known, np.abs(claimed - one.rates), -1.0)
    off[one.known & ~np.isfinite(claimed)] = np.inf
    index = tuple(int(at) for at in np.unravel_index(int(np.argmax(off)), off.shape))
    return tr(
        "`{cell}` is {value} where `{input}` is {x}, and the slope of {forward} there is {rate}, by central "
        "differences; given what {forward} returns, it is not the slope either",
        cell=cell_text(facts["result"], index),
        value=short(float(claimed[index])),
        input=cell_text(text(outer), index),
        x=short(float(one.x[index])),
        rate=short(float(one.rates[index])),
        forward=facts["forward"],
    )


def _only_line(node: ast.FunctionDef) -> int:
    """The line of a function that has but one; else 0."""
    body = [
        one for one in node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
    ]
    return body[0].lineno if len(body) == 1 and isinstance(body[0], ast.Return) else 0
