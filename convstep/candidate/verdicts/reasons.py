"""What a result that is not the gradient of its forward is instead, where numbers show it.

A reason is a sentence that holds on every draw that was looked at: it is the gradient with a variable held
as it is, with another array in the place of one, but for a factor, or but for some of the cells.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.verdicts.calls import text, walked
from convstep.candidate.verdicts.ending import Judged, fits
from convstep.candidate.verdicts.moving import INSIDE, Moving
from convstep.candidate.verdicts.slopes import Clock, OutOfTime, Slope, directions
from convstep.candidate.verdicts.trial import Trial, slope_along
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array
from convstep.steps.number_text import short

OUTPUT = ""
"""In the place of a name, for what the forward returns."""
LOOKED = 3
"""On how many draws at most a reason has to hold; on fewer than two nothing is said."""
FEW = 6
"""An array of fewer cells shows no pattern."""
CLOSE = 1e-4
"""What a cell may be off, as a share of the largest."""


def reason(tried: Sequence[tuple[Trial, Judged]], clock: Clock) -> str:
    """What a result is, on all draws on which it differs; "" if nothing that is looked for."""
    if len(tried) < 2:
        return ""
    held = dict[str, str]()
    for number, (run, one) in enumerate(tried[-LOOKED:]):  # in the first two arrays may be the same
        held = dict(_reasons(run, one, clock, held if number else None))
        if not held:
            break
    return next(iter(held.values()), "")


def _reasons(
    run: Trial, one: Judged, clock: Clock, wanted: Container[str] | None
) -> Iterator[tuple[str, str]]:
    """The reasons that hold on a draw, the plainest first: what each is, and its sentence."""
    array, value = run.inputs.get(one.of), one.result.value
    if array is None or array.size != value.size or not np.isfinite(value).all() or not value.any():
        return
    slopes = [(along, slope_along(run, array, along)) for along in directions(array.shape)]
    known = [(along, each) for along, each in slopes if each is not None]
    factors, cells = _by_cells(run, one, array)
    with contextlib.suppress(OutOfTime):
        if len(known) == len(slopes):
            yield from _with_another(run, one, known, clock, wanted)
    yield from (each for each in factors if _asked(each[0], wanted))
    with contextlib.suppress(OutOfTime):
        yield from _held(run, one, array, clock, wanted)
    yield from (each for each in cells if _asked(each[0], wanted))


def _asked(key: str, wanted: Container[str] | None) -> bool:
    return wanted is None or key in wanted


def _with_another(
    run: Trial,
    one: Judged,
    slopes: Sequence[tuple[Array, Slope]],
    clock: Clock,
    wanted: Container[str] | None,
) -> Iterator[tuple[str, str]]:
    """It is right as soon as one of the arrays that it is handed is another one."""
    try:
        ran, made, backward = run.pair.again(run.forward.like())
    except Exception:  # whatever somebody's own code raises
        return
    given = {text(path): each for path, each in backward.arrays().items() if path not in run.above}
    others: dict[str, Any] = {text(path): each for path, each in ran.arrays().items()} | given
    others[OUTPUT] = next((each for path, each in walked({"": made}) if path in run.loss.outputs), None)
    for name, each in given.items():
        for other, instead in others.items():
            key = f"{name} <- {other}"
            if not _asked(key, wanted) or not isinstance(instead, np.ndarray) or instead.shape != each.shape:
                continue
            if instead is each or np.array_equal(instead, each):
                continue
            clock.check()
            found = run.made_by(backward.like({id(each): np.array(instead)}))
            value = None if found is None else found.get(one.result.key)
            if value is not None and value.shape == one.result.value.shape and fits(value, slopes):
                said = tr(
                    "with what {forward} returns in the place of `{name}` it would be the gradient"
                    if other == OUTPUT
                    else "with `{other}` in the place of `{name}` it would be the gradient",
                    forward=run.names[0],
                    other=other,
                    name=name,
                )
                yield key, said


def _held(
    run: Trial, one: Judged, array: Array, clock: Clock, wanted: Container[str] | None
) -> Iterator[tuple[str, str]]:
    """It is the gradient of the forward in which a variable, or a part of an expression, does not change."""
    try:
        moving = Moving(run)
        places = moving.places()
    except Exception:  # whatever somebody's own code raises
        return
    for what, sites in _ways_to_hold(places, one.of):
        if not _asked(what, wanted):
            continue
        clock.check()
        for along in directions(array.shape):
            slope = moving.slope_beside(array, along, sites)
            if slope is None or not fits(one.result.value, [(along, slope)]):
                break
        else:
            said = tr(
                "it is the gradient of {forward} with {what} held as it is: what comes through that is "
                "missing",
                forward=run.names[0],
                what=what,
            )
            yield what, said


def _ways_to_hold(
    places: Mapping[str, Mapping[int, tuple[int, int]]], of: str
) -> Iterator[tuple[str, frozenset[int]]]:
    """What may be held: a variable wherever it is used, a part of an expression, a variable in one place."""
    plain = {name: sites for name, sites in places.items() if INSIDE not in name}
    for name, sites in plain.items():
        if name != of:
            yield f"`{name}`", frozenset(sites)
    parts: dict[str, dict[int, tuple[int, int]]] = {}
    for name, sites in places.items():
        inner = name.rpartition(INSIDE)[2]
        if INSIDE in name and not inner.isidentifier():
            parts[inner] = {**parts.get(inner, {}), **sites}
    for name, sites in (*parts.items(), *plain.items()):
        for number, (line, column) in sites.items():
            there = sorted(each for each in sites.values() if each[0] == line)
            facts = {"name": name, "line": line, "count": len(there)}
            yield (
                tr("`{name}` in line {line}", **facts)
                if len(there) == 1
                else tr(
                    "`{name}` in line {line}, the one at place {number} of {count},",
                    number=there.index((line, column)) + 1,
                    **facts,
                ),
                frozenset({number}),
            )


# cell by cell


def _by_cells(run: Trial, one: Judged, array: Array) -> tuple[Iterator[tuple[str, str]], ...]:
    """What every cell says together, and in which cells it is off; nothing if not all were looked at."""
    rates = one.jacobian
    if rates is None or not np.array_equal(rates.cells, np.arange(array.size)):
        return iter(()), iter(())
    cells = _Cells(
        np.asarray(one.result.value, np.float64).reshape(array.shape),
        rates.gradient(run.loss.upstream).reshape(array.shape),
        rates.smooth.reshape(array.shape),
    )
    if cells.seen.sum() < FEW:
        return iter(()), iter(())
    arrays = _arrays(run, array.shape)
    whole = itertools.chain(_own_cells(run, one.of, rates.rates, cells), _by_arrays(cells, arrays))
    return whole, _where(run, cells, arrays)


@frozen(eq=False)
class _Cells:
    """A result beside the gradient, cell by cell."""

    value: Array
    right: Array
    seen: npt.NDArray[np.bool_]
    """Where the forward has no corner."""

    def same(self, one: Array, other: Array) -> bool:
        """Whether two arrays are the same in each of these, for what central differences can tell."""
        return not self.off(one, other).any()

    def off(self, one: Array, other: Array) -> npt.NDArray[np.bool_]:
        """In which they are not."""
        size = np.abs(other[self.seen]).max(initial=0.0)
        found: npt.NDArray[np.bool_] = np.abs(one - other) > CLOSE * np.abs(other) + 1e-6 * size
        return found & self.seen


def _arrays(run: Trial, shape: tuple[int, ...]) -> dict[str, Array]:
    """The arrays that forward and backward are given and that fit a shape, by name."""
    found: dict[str, Array] = {}
    for path, each in walked({**run.forward.arguments(), **run.backward.arguments()}):
        if not (isinstance(each, np.ndarray) and each.dtype.kind == "f" and each.ndim and np.ptp(each)):
            continue
        with contextlib.suppress(ValueError):
            fitting = np.broadcast_shapes(each.shape, shape) == shape and np.isfinite(each).all()
            if fitting and not any(np.array_equal(each, other) for other in found.values()):
                found.setdefault(text(path), np.asarray(each, np.float64))
    return found


def _own_cells(run: Trial, name: str, rates: Array, cells: _Cells) -> Iterator[tuple[str, str]]:
    """What moving each cell does to the same cell of the output, as if the others did not change."""
    upstream = run.loss.upstream
    if len(upstream) != 1 or upstream[0].shape != cells.value.shape:
        return
    if cells.same(cells.value, (np.diagonal(rates) * upstream[0].ravel()).reshape(cells.value.shape)):
        said = tr(
            "each cell has only what moving `{input}` there does to the same cell of the output: what it "
            "does to the others is missing",
            input=name,
        )
        yield "own cells", said


def _by_arrays(cells: _Cells, arrays: Mapping[str, Array]) -> Iterator[tuple[str, str]]:
    """A factor or a term that is missing, or too much: one of the arrays that are given."""
    value, right = cells.value, cells.right
    for name, other in arrays.items():
        spread = np.broadcast_to(other, value.shape)
        if cells.same(value * spread, right):
            yield f"* {name}", tr("times `{name}` it is the gradient", name=name)
        elif cells.same(value, right * spread):
            yield f"/ {name}", tr("it is the gradient times `{name}`", name=name)
        else:
            seen = spread[cells.seen]
            share = float(np.sum((right - value)[cells.seen] * seen) / (np.sum(seen * seen) or 1.0))
            if share and cells.same(right - value, share * spread):
                facts = {"name": name, "share": short(share)}
                said = tr(
                    "with `{name}` added it is the gradient"
                    if abs(share - 1) < CLOSE
                    else "with {share} times `{name}` added it is the gradient",
                    **facts,
                )
                yield f"+ {facts}", said


def _where(run: Trial, cells: _Cells, arrays: Mapping[str, Array]) -> Iterator[tuple[str, str]]:
    """In which cells it is off, if the sign of an array, a label or the end of an axis says that."""
    off, seen = cells.off(cells.value, cells.right), cells.seen
    if np.array_equal(off, seen) or not off.any():
        return
    inside = cells.value[off]
    what = tr(", where it is {value}", value=short(float(inside[0]))) if np.ptp(inside) == 0 else ""
    for words, where, loose in _patterns(run, off.shape, arrays):
        there = where & seen
        if np.array_equal(there, off):
            said = tr("it is off in the cells in which {pattern}, and in no other", pattern=words)
            if what:  # another number on another draw says nothing
                yield words + what, said + what
            yield words, said
        elif loose and not (off & ~there).any() and 2 * off.sum() >= there.sum():
            yield words, tr("it is off only in cells in which {pattern}", pattern=words)


def _patterns(
    run: Trial, shape: tuple[int, ...], arrays: Mapping[str, Array]
) -> Iterator[tuple[str, npt.NDArray[np.bool_], bool]]:
    """Some cells: which, where they are, and whether it says something if not all of them are off."""
    for name, each in arrays.items():
        if each.shape == shape:
            yield tr("`{name}` is negative", name=name), each < 0, False
            yield tr("`{name}` is positive", name=name), each > 0, False
            yield tr("`{name}` is 0", name=name), each == 0, False
    for path, each in walked(run.forward.arguments()):
        labels = isinstance(each, np.ndarray) and each.dtype.kind in "iu" and each.shape == shape[:1]
        if labels and len(shape) == 2 and each.min() >= 0 and each.max() < shape[1]:
            own = np.arange(shape[1]) == each[:, None]
            yield tr("the column is the number in `{name}`", name=text(path)), own, True
            yield tr("the column is not the number in `{name}`", name=text(path)), ~own, False
    for axis, at in enumerate(np.indices(shape)):
        last = shape[axis] - 1
        yield tr("the index along axis {axis} is 0", axis=axis), at == 0, False
        yield tr("the index along axis {axis} is not 0", axis=axis), at > 0, False
        yield tr("the index along axis {axis} is the last", axis=axis), at == last, False
        yield tr("the index along axis {axis} is not the last", axis=axis), at < last, False
