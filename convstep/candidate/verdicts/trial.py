"""One run of a forward and its backward: which gradients come from above, and what comes out."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.verdicts import losses, naming
from convstep.candidate.verdicts.calls import Called, Pair, Path, left_in, text, walked
from convstep.candidate.verdicts.changes import CHANGE, changes
from convstep.candidate.verdicts.slopes import STEP, Clock, Loss, Slope, directions, moved, size_of, slope
from convstep.candidate.verdicts.trace import Trace
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import printable
from convstep.recording import recorder
from convstep.recording.limits import Limits
from convstep.recording.recording import Recording
from convstep.recording.source import Definition, Source
from convstep.steps.cells import Array

NUDGE = 1e-3
"""How far inputs are moved away from a corner, as a share of their size."""


class CannotJudge(Exception):
    """Nothing can be said; the message is one sentence."""


@frozen(eq=False)
class Result:
    """A gradient that a backward has made."""

    name: str
    """What the author calls it; "" for an expression."""
    value: Array
    """It."""
    key: Path
    """How it is reached; the first word "" is what the backward returned."""
    line: int
    """The line that made it what it is; 0 if that is not known."""


@frozen(eq=False)
class Trial:
    """A forward and its backward, after both have run."""

    pair: Pair
    """The two calls; in float64."""
    sources: tuple[Source | None, Source | None]
    """The files of the forward and of the backward; None where there is none."""
    definitions: tuple[Definition | None, Definition | None]
    """Where the two are defined."""
    backward: Called
    """The backward's call as it was before it was made."""
    trace: Trace
    """What it did."""
    result: Any
    """What it returned."""
    after: Called
    """The call after it was made."""
    loss: Loss
    """Of the forward."""
    above: tuple[Path, ...]
    """Where the gradients from above stand among the backward's arguments, as the loss has them."""
    nudged: bool
    """Whether the inputs had to be moved away from a corner."""
    rough: frozenset[str] = frozenset()
    """The inputs along which the forward has a corner or a jump all the same: nothing is said of them."""

    @property
    def forward(self) -> Called:
        """The forward's call before it is made."""
        return self.pair.forward

    @property
    def inputs(self) -> Mapping[str, Array]:
        """The arrays of the forward's arguments, by name, without its object's places for gradients."""
        found = {text(path): array for path, array in self.forward.arrays().items()}
        return {
            name: array
            for name, array in found.items()
            if not (
                name.startswith("self")
                and naming.same(name, [one for one in found if one.startswith("self")])
            )
        }

    @property
    def names(self) -> tuple[str, str]:
        """What forward and backward are called."""
        return name_of(self.forward), name_of(self.backward)

    def definition(self, *, backward: bool) -> Definition | None:
        """Where one of the two is defined."""
        return self.definitions[backward]

    def results(self) -> list[Result]:
        """The arrays that the backward has returned, and those that it has left in its object."""
        return _results(self)

    def given(self, upstream: Mapping[Path, Array]) -> dict[Path, Array] | None:
        """The results, by their keys, with other gradients from above, by path; None if it raises.

        Those left out are as they are.
        """
        try:
            before = self.pair.with_upstream(self.backward, dict(upstream))
        except Exception:  # whatever somebody's own code raises
            return None
        return self.made_by(before)

    def made_by(self, before: Called) -> dict[Path, Array] | None:
        """The results, by their keys, of another call of the backward; None if it raises."""
        try:
            call = before.like()
            result = call.make()
        except Exception:  # whatever somebody's own code raises
            return None
        names = {"": result} | call.arguments()
        changed = {(CHANGE, *path): value for path, value in changes(before, call).items()}
        return changed | {
            path: np.asarray(value)
            for path, value in walked(names)
            if isinstance(value, (np.ndarray, np.floating))
        }


def trial(pair: Pair, clock: Clock, sources: tuple[Source | None, Source | None] = (None, None)) -> Trial:
    """Run a pair: as it is, or where the forward has a corner there, a little beside it.

    `CannotJudge` if nothing can be said of it.
    """
    pair = replace(pair, forward=pair.forward.doubled())
    backward = sources[1] or source_of(pair.backward)
    forward = sources[0] or source_of(pair.forward)
    if forward is not None and backward is not None and forward.text == backward.text:
        forward = backward
    sources = forward, backward
    found = _run(pair, sources, clock, nudged=False)
    found = replace(found, rough=_rough(found, clock))
    own = [path for path in pair.constants if path not in found.above and pair.constants[path].ndim]
    if not found.rough or own:
        return found
    rng = np.random.default_rng(17)
    changes = {
        id(one): one + NUDGE * size_of(one) * rng.uniform(-1, 1, one.shape)
        for path, one in pair.forward.arrays().items()
        # what is no label any more has another gradient
        if one.size and not (losses.is_target(text(path)) and np.isin(one, (0, 1)).all())
    }
    try:
        beside = _run(replace(pair, forward=pair.forward.like(changes)), sources, clock, nudged=True)
        beside = replace(beside, rough=_rough(beside, clock))
    except CannotJudge:
        return found
    return beside if len(beside.rough) < len(found.rough) else found


def name_of(called: Called) -> str:
    """What a call's function is called: `Conv.forward`."""
    return str(getattr(called.function, "__qualname__", called.function)).rpartition("<locals>.")[2]


def source_of(called: Called) -> Source | None:
    """The file of a call's function, as Python knows it; None if it does not."""
    try:
        return recorder.source_of(recorder.function_of(called.function))
    except recorder.RecordingError:
        return None


def definition_of(called: Called, source: Source | None) -> Definition | None:
    """Where the function of a call is defined; None if that is not known."""
    try:
        return (
            source.definition(recorder.function_of(called.function).__code__) if source is not None else None
        )
    except recorder.RecordingError:
        return None


def _run(pair: Pair, sources: tuple[Source | None, Source | None], clock: Clock, *, nudged: bool) -> Trial:
    definitions = definition_of(pair.forward, sources[0]), definition_of(pair.backward, sources[1])
    try:
        ran, made, backward = pair.again(pair.forward.like())
        loss, above = _loss(pair, ran, made, backward, definitions[0])
        same = loss.parts(pair.forward.like()), loss.parts(pair.forward.like())
    except CannotJudge:
        raise
    except Exception as error:  # whatever somebody's own code raises
        name = name_of(pair.forward)
        raise CannotJudge(
            tr("{forward} cannot be run again: {reason}", forward=name, reason=printable(_short(error)))
        ) from None
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(*same, strict=True)):
        raise CannotJudge(tr("{forward} returns other numbers each time", forward=name_of(pair.forward)))
    if not all(np.isfinite(one).all() for one in (*same[0], *loss.upstream)):
        raise CannotJudge(tr("what {forward} returns is not all finite", forward=name_of(pair.forward)))
    before = backward.like()
    try:
        run = recorder.run(
            backward.function,
            backward.places,
            backward.named,
            source=sources[1],
            limits=Limits(seconds=max(clock.left / 2, 0.1)),
        )
    except recorder.RecordingError as error:
        raise CannotJudge(str(error)) from None
    if run.log.ended is not None:
        name, reason = name_of(backward), printable(run.log.ended.sentence)
        raise CannotJudge(tr("{backward} does not return: {reason}", backward=name, reason=reason))
    del ran
    recording = Recording(run.log, run.source.text, run.name, run.result)
    return Trial(
        pair, sources, definitions, before, Trace.of(recording), run.result, backward, loss, above, nudged
    )


def _short(error: Exception) -> str:
    said = str(error).split("\n", 1)[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


# which output each gradient from above belongs to


def _loss(
    pair: Pair, ran: Called, made: Any, backward: Called, where: Definition | None
) -> tuple[Loss, tuple[Path, ...]]:
    """Which outputs the gradients from above belong to; `CannotJudge` if that is not certain."""
    outputs = _outputs(pair, made, backward, where)
    if made is None and (where_left := left_in(ran.owner)):
        outputs = {("self", f".{where_left}"): getattr(ran.owner, where_left)}
    shared = pair.forward.arguments()
    given = {  # a Huber loss's `delta` is none, as its forward takes it too
        path
        for path in pair.constants
        if path[0] not in shared and (naming.of_gradient(text(path)) or naming.is_upstream(path[0]))
    }
    above = {
        path: array
        for path, array in pair.constants.items()
        if (array.ndim and not losses.is_target(text(path))) or path in given
    }
    if not above and (lone := losses.alone(outputs, name_of(pair.forward))) is not None:
        return Loss((lone[0],), (lone[1],)), ()
    shaped = {
        path: array
        for path, array in above.items()
        if any(array.shape == np.shape(o) for o in outputs.values())
    }
    chosen = dict[Path, Path]()
    for path, array in shaped.items():
        fitting = {
            key: name for key, name in _named_outputs(outputs, where) if np.shape(outputs[key]) == array.shape
        }
        named = naming.same(text(path), [name for name in fitting.values() if name])
        by_name = [key for key, name in fitting.items() if name in named]
        if len(by_name) == 1:
            chosen[path] = by_name[0]
    left = [path for path in shaped if path not in chosen]
    free = [key for key in outputs if key not in chosen.values()]
    in_order = [np.shape(outputs[key]) for key in free[: len(left)]] == [shaped[path].shape for path in left]
    if left and in_order and (len(left) == 1 or len(left) == len(free)):
        chosen |= zip(left, free, strict=False)
    elif (
        left
        and len(fits := [key for key in free if np.shape(outputs[key]) == shaped[left[0]].shape])
        == len(left)
        == 1
    ):
        chosen[left[0]] = fits[0]
    lost = [path for path in above if path not in chosen and naming.of_gradient(text(path))]
    if lost or not chosen:
        raise CannotJudge(
            tr(
                "it is not certain which output of {forward} {gradient} is the gradient of",
                forward=name_of(pair.forward),
                gradient=text((lost or list(above) or [("its first argument",)])[0]),
            )
        )
    paths = tuple(chosen)
    return Loss(
        tuple(chosen[path] for path in paths), tuple(np.asarray(shaped[path], np.float64) for path in paths)
    ), paths


def _named_outputs(outputs: Mapping[Path, Any], where: Definition | None) -> Iterator[tuple[Path, str]]:
    names = naming.returned(where.node) if where else []
    for key in outputs:
        number = int(key[1][1:-1]) if len(key) > 1 and key[1][1:-1].isdigit() else 0
        yield key, naming.last(names[number]) if number < len(names) else ""


def _outputs(pair: Pair, made: Any, backward: Called, where: Definition | None) -> dict[Path, Any]:
    """What a forward returned that may be an output: no argument of its own, nothing that is kept."""
    several = isinstance(made, (tuple, list))
    found: dict[Path, Any] = {
        key: value
        for key, value in (
            [(("", f"[{n}]"), one) for n, one in enumerate(made)] if several else [(("",), made)]
        )
        if isinstance(value, (np.ndarray, float, np.floating)) and np.asarray(value).dtype.kind == "f"
    }
    names = dict(_named_outputs(found, where))
    parameters = {*pair.forward.arguments(), *backward.arguments()}
    kept = {key for key in found if key in pair.links.values() or names[key] in parameters}
    return {key: value for key, value in found.items() if key not in kept} or found


# what the backward has made


def _results(found: Trial) -> list[Result]:
    definition = found.definition(backward=True)
    names = naming.returned(definition.node) if definition else []
    returns = (
        [one.lineno for one in naming.own(definition.node) if isinstance(one, ast.Return)]
        if definition
        else []
    )
    if len(returns) == 1:
        found.trace.returned = returns[0]
    results = [
        Result(name, np.asarray(value), key, found.trace.line_of(name))
        for name, key, value in _returned(found.result, names)
        if not (found.pair.together and key in found.loss.outputs)
        and isinstance(value, (np.ndarray, float, np.floating))
        and np.asarray(value).dtype.kind == "f"
    ]
    before = dict(walked({"self": found.backward.owner})) if found.backward.owner is not None else {}
    inputs = [name for name in found.inputs if name.startswith("self") or found.result is None]
    for path, value in walked({"self": found.after.owner}) if before else ():
        if not (isinstance(value, np.ndarray) and value.dtype.kind == "f") or not naming.same(
            text(path), inputs
        ):
            continue
        old = before.get(path)
        if (
            isinstance(old, np.ndarray)
            and old.shape == value.shape
            and (old.any() or np.array_equal(old, value))
        ):
            continue  # it was there before: what was added is not known
        if all(value is not one.value for one in results):
            results.append(Result(text(path), value, path, found.trace.line_of(text(path))))
    results += [
        Result(text(path), value, path, found.trace.line_of(text(path)))
        for path, value in walked(_filled(found.backward.arguments(), found.after.arguments()))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f"
    ]
    told = {name for one in results for name in naming.same(one.name, found.inputs)}
    for path, value in changes(found.backward, found.after).items():
        if text(path) in found.inputs and text(path) not in told:
            results.append(
                Result(tr("change of {place} / rate", place=text(path)), value, (CHANGE, *path), 0)
            )
    return results


def _filled(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The dicts that were handed over empty, to put gradients into."""
    return {
        name: after[name]
        for name, held in before.items()
        if isinstance(held, dict) and not held and naming.is_upstream(name) and name in after
    }


def _returned(result: Any, names: list[str]) -> Iterator[tuple[str, Path, Any]]:
    if isinstance(result, dict):
        for key, value in result.items():
            if isinstance(key, str):
                yield key if naming.of_gradient(key) else f"grads[{key!r}]", ("", f"[{key!r}]"), value
    elif isinstance(result, (tuple, list)):
        for number, value in enumerate(result):
            name = names[number] if len(names) == len(result) else ""
            if isinstance(value, dict):
                for one, (_, step), inner in _returned(value, []):
                    yield one, ("", f"[{number}]", step), inner
            else:
                yield name, ("", f"[{number}]"), value
    else:
        yield names[0] if len(names) == 1 else "", ("",), result


# corners


def _rough(found: Trial, clock: Clock) -> frozenset[str]:
    """The inputs along which the loss has no slope where they are, or that cannot be moved."""
    here = found.loss.parts(found.forward.like())
    rough = set[str]()
    for name, array in found.inputs.items():
        clock.check()
        if array.size:
            size = found.loss.size(here) / size_of(array)
            (along,) = directions(array.shape, 1)
            one = slope_along(found, array, along)
            if one is None or not one.smooth(size):
                rough.add(name)
    return frozenset(rough)


def slope_along(found: Trial, array: Array, along: Array) -> Slope | None:
    """How the loss changes along a direction of an input; None if the forward cannot be called beside it."""
    try:
        here = found.loss.parts(found.forward.like())
        return slope(
            lambda by: found.loss.parts(moved(found.forward, array, array + by * along)),
            found.loss,
            here,
            STEP * size_of(array),
        )
    except Exception:  # whatever somebody's own code raises
        return None
