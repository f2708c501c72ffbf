"""The end: whether what a backward returns is the gradient of its own forward, by central differences."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from convstep.candidate.call.words import roles_of
from convstep.candidate.verdicts import losses, naming
from convstep.candidate.verdicts.calls import Path, text
from convstep.candidate.verdicts.changes import CHANGE
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Ending, Mark
from convstep.candidate.verdicts.slopes import Clock, Jacobian, OutOfTime, Slope, directions, jacobian
from convstep.candidate.verdicts.trial import Result, Trial, slope_along
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array, cell_text
from convstep.steps.number_text import shape_text, short

SINGLE = 1e-3
"""What a gradient in float32 may be off besides, as a share of the sizes that make it up."""
SINGLES = 24
"""Of how many numbers a gradient from above may be, to be tried with each of them alone."""
SMALL = 1e-4
"""By how much the gradients from above are shrunk, to see whether a backward clips."""


@frozen(eq=False)
class Judged:
    """A result, and what is known of the gradient that it should be."""

    result: Result
    """It."""
    of: str
    """Which input it belongs to; "" if that is not known."""
    mark: Mark
    """What is said of it."""
    jacobian: Jacobian | None = None
    """What moving single cells of the input does, where that was asked."""
    assumes: str = ""
    """What it takes the gradient from above to be like, where it is right only then, a sentence."""

    @property
    def ending(self) -> Ending:
        """The same for whoever shows it."""
        return Ending(_called(self.result), self.of, self.result.line, self.mark)


def judged(trial: Trial, clock: Clock) -> list[Judged]:
    """What is said of each result."""
    results = trial.results()
    pairs = _belonging(trial, results)
    found = list[Judged]()
    for result in results:
        name, certain = pairs.get(id(result), ("", False))
        try:
            clock.check()
            found.append(
                _judged(trial, result, name, certain, clock)
                if name
                else _of_some_input(trial, result, results, {one for one, _ in pairs.values()}, clock)
            )
        except OutOfTime:
            found.append(Judged(result, name, Mark(UNKNOWN, tr("there was no time to look at it"))))
    return _without_habits(trial, _in_their_places(trial, found, clock))


def _in_their_places(trial: Trial, found: list[Judged], clock: Clock) -> list[Judged]:
    """The same, where two results without a name fit one input: each is of the one in its place.

    Of `return g, g` after `a + b` both are the gradient by a, whatever the shape of b.
    """
    inputs = [*trial.inputs]
    if len(found) != len(inputs) or any(one.result.name for one in found):
        return found
    of = [one.of for one in found]
    for at, (one, own) in enumerate(zip(found, inputs, strict=True)):
        twice = one.mark.kind == AGREES and one.of != own and of.count(one.of) > 1
        # of one shape, the first may be meant for either
        unlike = one.of in trial.inputs and trial.inputs[one.of].shape != trial.inputs[own].shape
        if twice and unlike and own not in of and clock.left > 0:
            found[at] = _judged(trial, one.result, own, True, clock)
    return found


# which input a result belongs to


def _belonging(trial: Trial, results: Sequence[Result]) -> dict[int, tuple[str, bool]]:
    """By `id` of a result, its input, and whether that is certain."""
    inputs, found = trial.inputs, dict[int, tuple[str, bool]]()
    for result in results:
        if result.key[0] == CHANGE:
            found[id(result)] = text(result.key[1:]), True
            continue
        named = naming.same(result.name, inputs) if result.name else []
        fitting = [name for name in named if alike(inputs[name], result.value)]
        named = fitting or named
        if len(named) > 1 and all(inputs[name] is inputs[named[0]] for name in named):
            named = named[:1]
        if len(named) == 1:
            found[id(result)] = named[0], True
    for result, name in zip(results, inputs, strict=False):  # `dp` in the place of `positive`
        if id(result) not in found and naming.begins(result.name, name) and alike(inputs[name], result.value):
            found[id(result)] = name, True
    taken = {name for name, _ in found.values()}
    left = [result for result in results if id(result) not in found]
    free = [name for name in inputs if name not in taken]
    for result in left:
        fitting = [name for name in free if inputs[name].shape == result.value.shape]
        rivals = [one for one in left if one.value.shape == result.value.shape]
        if len(fitting) == 1 and len(rivals) == 1:
            found[id(result)] = fitting[0], not trial.above or _surely(result, fitting[0], results, inputs)
    shapes = [one.shape for one in inputs.values()]
    if [one.value.shape for one in results] == shapes:
        listed = list(zip(results, inputs, strict=True))
        # those that have a name stand in the places of their inputs
        in_order = all(not one.name or found.get(id(one), ("",))[0] == name for one, name in listed)
        for result, name in listed if in_order else ():
            if not result.name and shapes.count(result.value.shape) == 1:
                found[id(result)] = name, True
    return found


def _surely(result: Result, name: str, results: Sequence[Result], inputs: Mapping[str, Array]) -> bool:
    """Whether a result that has another name than an input of its shape is its gradient all the same."""
    first = next(iter(inputs), "")
    given = [one for one in inputs if not one.startswith("self")]
    returned = [one for one in results if not (one.name.startswith("self") or one.key[0] == CHANGE)]
    if returned == [result] and (given == [name] or list(inputs) == [name]):
        return True  # one array goes in, and one of its shape comes back
    about = {role for one in naming.of_gradient(result.name) for role in roles_of(one)}
    shared = about & set(roles_of(naming.last(name))) & {"A_prev", "W", "b"}
    return bool(shared) and (name == first or "A_prev" not in shared)


# one result


def _of_some_input(
    trial: Trial, result: Result, results: Sequence[Result], taken: set[str], clock: Clock
) -> Judged:
    """What is said of a result that could belong to several inputs: the one that it fits.

    Where there is a result for each input, and it fits none of its shape, it is no gradient of any; it is
    held against the one in its place.
    """
    free = [name for name in trial.inputs if name not in taken and alike(trial.inputs[name], result.value)]
    if not trial.above:  # nobody moves the targets, and by them the sign is the other one
        compared = losses.targets(free)
        free = [name for name in free if name not in compared] or free
    for name in free:
        one = _judged(trial, result, name, False, clock)
        if one.mark.kind == AGREES:
            return one
    at = next(number for number, one in enumerate(results) if one is result)
    if not result.name and len(results) == len(trial.inputs) and [*trial.inputs][at] not in taken:
        return _judged(trial, result, [*trial.inputs][at], True, clock)
    if not trial.above and len(free) == 1 and len(results) == 1:
        return _judged(trial, result, free[0], True, clock)
    of = tr("it is not known of which input of {forward} it is the gradient", forward=trial.names[0])
    return Judged(result, "", Mark(UNKNOWN, of))


def alike(one: Array, other: Array) -> bool:
    """Whether two arrays have one shape, axes of length 1 aside."""
    return np.squeeze(one).shape == np.squeeze(other).shape


def _judged(trial: Trial, result: Result, name: str, certain: bool, clock: Clock) -> Judged:
    array, forward = trial.inputs[name], trial.names[0]
    if name in trial.rough:
        how = tr(
            "{forward} has a corner or a jump at this `{input}`, so its slopes say nothing",
            forward=forward,
            input=name,
        )
        return Judged(result, name, Mark(UNKNOWN, how))
    if not alike(result.value, array):
        how = tr(
            "`{result}` has the shape {shape}, and `{input}` has {other}",
            result=_called(result),
            shape=shape_text(result.value.shape),
            input=name,
            other=shape_text(array.shape),
        )
        surely = certain and result.value.size != array.size
        return Judged(result, name, Mark(DIFFERS if surely else UNKNOWN, how))
    slopes = [(along, slope_along(trial, array, along)) for along in directions(array.shape)]
    if any(one is None for _, one in slopes):
        return Judged(
            result, name, Mark(UNKNOWN, tr("{forward} cannot be called beside its inputs", forward=forward))
        )
    known = [(along, one) for along, one in slopes if one is not None]
    if fits(result.value, known):
        return Judged(result, name, Mark(AGREES, _agreeing(trial, result, name)))
    if all(abs(one.value) <= one.noise for _, one in known):  # it rounds, or compares
        how = tr(
            "what {forward} returns does not change beside `{input}`, so its slopes say nothing",
            forward=forward,
            input=name,
        )
        return Judged(result, name, Mark(UNKNOWN, how))
    return _differing(trial, result, name, certain, known, clock)


def fits(value: Array, slopes: Sequence[tuple[Array, Slope]], times: float = 1.0) -> bool:
    """Whether an array is the gradient along some directions, times a number."""
    if not np.isfinite(value).all():
        return False
    wide = np.asarray(value, np.float64)
    for along, slope in slopes:
        terms = wide.reshape(along.shape) * along / times
        size = float(np.abs(terms).sum())
        loose = SINGLE * size if value.dtype.itemsize < 8 else 0.0
        if not slope.fits(float(terms.sum()), size) and abs(float(terms.sum()) - slope.value) > loose:
            return False
    return True


def times_of(value: Array, slopes: Sequence[tuple[Array, Slope]]) -> float | None:
    """By which number an array has to be divided to be the gradient; None if there is none."""
    along, slope = max(slopes, key=lambda one: abs(one[1].value))
    claimed = float((np.asarray(value, np.float64).reshape(along.shape) * along).sum())
    if not np.isfinite(claimed) or abs(slope.value) <= 1e3 * slope.noise or not claimed:
        return None
    times = claimed / slope.value
    return times if fits(value, slopes, times) else None


def _agreeing(trial: Trial, result: Result, name: str) -> str:
    return tr(
        "`{result}` is the gradient by `{input}`: along {count} random directions it is what `{loss}` "
        "changes by, by central differences of {forward} in float64",
        result=_called(result),
        input=name,
        count=len(directions(())),
        loss=loss_text(trial),
        forward=trial.names[0],
    ) + beside(trial)


def loss_text(trial: Trial) -> str:
    """The loss as one writes it: `sum(out * dout)`, or with the call for what its author calls otherwise."""
    out = "out" if trial.names[0] != trial.names[1] else "loss"
    if out == "out" and any(re.search(r"\bout\b", _text(trial, backward=way)) for way in (True, False)):
        out = f"{trial.names[0].rpartition('.')[2]}(…)"
    if not trial.above:
        return f"sum({out})" if trial.loss.upstream[0].ndim else out
    above = ["".join(path) for path in trial.above]
    if len(above) == 1:
        return f"sum({out} * {above[0]})"
    named = ("".join(path) for path in trial.loss.outputs)
    outputs = [f"{out}{one}" if not one or one[0] == "[" else one for one in named]
    return " + ".join(f"sum({one} * {by})" for one, by in zip(outputs, above, strict=True))


def beside(trial: Trial) -> str:
    """What to add where the inputs were moved."""
    if not trial.nudged:
        return ""
    return tr(
        " (with every input moved a little, because {forward} has a corner where they are)",
        forward=trial.names[0],
    )


def _differing(
    trial: Trial, result: Result, name: str, certain: bool, slopes: list[tuple[Array, Slope]], clock: Clock
) -> Judged:
    array = trial.inputs[name]
    rates = jacobian(trial.forward, array, trial.loss, clock)
    times = times_of(result.value, slopes)
    if trial.above and _of_single_numbers(trial, result, rates):
        how = tr(
            "it takes {above} to have a single number that is not 0, as that of a loss of one class has: "
            "of several it takes one, and leaves the others out",
            above=_above(trial),
        )
        return Judged(result, name, Mark(AGREES, how), rates, how)
    habit = (
        _habit(trial, result, name, slopes) if trial.above else "" if times else _fused(trial, result, name)
    )
    if times is not None:
        how = tr(
            "`{result}` is {times} times the gradient by `{input}` in every cell, by central differences "
            "of {forward}",
            result=_called(result),
            times=short(times) if abs(times - 1) > 1e-3 else f"{times:.9g}",
            input=name,
            forward=trial.names[0],
        )
        count = losses.later(times, array.shape, _text(trial, backward=True)) if not trial.above else 0
        if count and not trial.pair.together:
            how += tr("; if whoever takes it divides by {count}, it is meant so", count=count)
    else:
        how = _cell(trial, result, name, rates)
    if how and not certain:
        how += tr("; whether it is meant as the gradient by `{input}` is not known", input=name)
    kind = DIFFERS if certain and how and not habit else UNKNOWN
    how = how or tr(
        "`{result}` is not what central differences say, but in no cell that was looked at",
        result=_called(result),
    )
    return Judged(result, name, Mark(kind, (habit or how) + beside(trial)), rates)


def _of_single_numbers(trial: Trial, result: Result, rates: Jacobian) -> bool:
    """Whether a result is right for every gradient from above of a vector of which one number is not 0."""
    if len(trial.above) != 1 or not len(rates.cells) or not rates.smooth.all():
        return False
    (path,), (above,) = trial.above, trial.loss.upstream
    if max(above.shape, default=0) != above.size or not 1 < above.size <= SINGLES:
        return False
    for cell, number in itertools.product(range(above.size), (1.0, -2.5)):
        single = np.zeros_like(above)
        single.flat[cell] = number
        value = _of(trial, result, {path: single})
        if value is None or value.shape != result.value.shape or not np.isfinite(value).all():
            return False
        expected = rates.gradient([single])
        off = np.abs(np.asarray(value, np.float64).ravel()[rates.cells] - expected).max()
        if off > 1e-4 * np.abs(expected).max() + 1e-9:
            return False
    return True


def _cell(trial: Trial, result: Result, name: str, rates: Jacobian) -> str:
    """The cell in which a result is furthest off; "" if it is in none that was looked at."""
    if not len(rates.cells):
        return ""
    expected = rates.gradient(trial.loss.upstream)
    claimed = np.asarray(result.value, np.float64).ravel()[rates.cells]
    off = np.where(rates.smooth, np.abs(claimed - expected), 0)
    off[~np.isfinite(claimed)] = np.inf
    worst = int(np.argmax(off))
    if (
        not off[worst]
        > 1e-4 * (np.abs(expected).max() + np.abs(claimed[np.isfinite(claimed)]).max(initial=0.0)) + 1e-9
    ):
        return ""
    where = np.unravel_index(int(rates.cells[worst]), trial.inputs[name].shape)
    index = tuple(int(one) for one in where)
    return tr(
        "`{cell}` is {value}; moving `{input}` changes `{loss}` by {rate} per unit, by central differences "
        "of {forward}",
        cell=cell_text(_called(result), index),
        value=short(float(claimed[worst])),
        input=cell_text(name, index),
        loss=loss_text(trial),
        rate=short(float(expected[worst])),
        forward=trial.names[0],
    )


def _habit(trial: Trial, result: Result, name: str, slopes: list[tuple[Array, Slope]]) -> str:
    """Why a result that is not the gradient may be meant so; "" if no such habit is known."""
    upstream = dict(zip(trial.above, trial.loss.upstream, strict=True))
    none = _of(trial, result, {path: np.zeros_like(value) for path, value in upstream.items()})
    known = none is not None and none.shape == result.value.shape and np.isfinite(none).all()
    penalty = none is not None and known and _may_be_penalty(trial, name, none)
    if none is not None and penalty and fits(result.value - none, slopes):
        return tr(
            "`{result}` has a part that does not depend on {above}, as a penalty on weights does; "
            "the rest agrees",
            result=_called(result),
            above=_above(trial),
        )
    small = _of(trial, result, {path: value * SMALL for path, value in upstream.items()})
    if small is not None and small.shape == result.value.shape and fits(small / SMALL, slopes):
        return tr(
            "`{result}` agrees for {above} that are small: large ones are clipped",
            result=_called(result),
            above=_above(trial),
        )
    return ""


def _may_be_penalty(trial: Trial, name: str, part: Array) -> bool:
    """Whether what a result has without a gradient from above may be a penalty: nobody has one on data."""
    weights = np.asarray(trial.inputs[name], np.float64)
    if name != next(iter(trial.inputs)) or part.shape != weights.shape:
        return bool(part.any())
    kinds = (each for each in (weights, np.sign(weights)) if each.any())
    shares = ((each, float((part * each).sum() / (each * each).sum())) for each in kinds)
    return bool(part.any()) and any(np.allclose(part, share * each, 1e-5) for each, share in shares)


def _fused(trial: Trial, result: Result, name: str) -> str:
    """The same of a loss; "" if it is not meant so."""
    others = [one for other, one in trial.inputs.items() if other != name]
    value, forward = np.asarray(result.value, np.float64), _text(trial, backward=False)
    if not losses.is_fused(value, trial.inputs[name], others, forward):
        return ""
    return tr(
        "`{result}` is `{input}` minus the targets: the gradient by what goes into a sigmoid or a "
        "softmax before {forward}",
        result=_called(result),
        input=name,
        forward=trial.names[0],
    )


def _text(trial: Trial, *, backward: bool) -> str:
    found = trial.definition(backward=backward)
    return ast.unparse(found.node) if found is not None else ""


def _of(trial: Trial, result: Result, upstream: Mapping[Path, Array]) -> Array | None:
    """A result with other gradients from above."""
    given = trial.given(upstream)
    value = None if given is None else given.get(result.key)
    return None if value is None else np.asarray(value)


def _without_habits(trial: Trial, found: list[Judged]) -> list[Judged]:
    """The same; where the gradients of all weights are those of a mean over the batch, they are left open."""
    if not trial.above:
        return found
    lengths = {length for one in trial.loss.upstream for length in (one.shape[:1] + one.shape[-1:])}
    scaled = list[tuple[int, Judged, float]]()
    for number, one in enumerate(found):
        if (
            one.mark.kind == DIFFERS
            and one.of in trial.inputs
            and alike(trial.inputs[one.of], one.result.value)
        ):
            array = trial.inputs[one.of]
            slopes = [(along, slope_along(trial, array, along)) for along in directions(array.shape)]
            times = times_of(one.result.value, [(along, each) for along, each in slopes if each is not None])
            if times is not None and round(1 / times) in lengths and abs(1 / times - round(1 / times)) < 1e-4:
                scaled.append((number, one, times))
    first = next(iter(trial.inputs), "")
    weights = [one for one in found if one.of and one.of != first]
    if not scaled or len({round(1 / times) for _, _, times in scaled}) > 1 or len(weights) != len(scaled):
        return found
    if any(all(one is not each for _, each, _ in scaled) for one in weights):
        return found
    for number, one, times in scaled:
        how = tr(
            "`{result}` is the gradient by `{input}` divided by {count}, as where the loss is a mean "
            "over {count}",
            result=_called(one.result),
            input=one.of,
            count=round(1 / times),
        )
        found[number] = Judged(one.result, one.of, Mark(UNKNOWN, how + beside(trial)), one.jacobian)
    return found


def _called(result: Result) -> str:
    return result.name or "return" + "".join(result.key[1:])  # as a recording calls its array


def _above(trial: Trial) -> str:
    return ", ".join(f"`{''.join(path)}`" for path in trial.above)


def shown(found: Sequence[Judged]) -> Iterator[Ending]:
    """What is said of each result."""
    return (one.ending for one in found)
