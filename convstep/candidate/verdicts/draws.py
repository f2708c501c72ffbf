"""A backward against its own forward on several draws of numbers, and what all of them come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.verdicts import losses, naming
from convstep.candidate.verdicts.calls import Pair, Path, text, walked
from convstep.candidate.verdicts.changes import CHANGE
from convstep.candidate.verdicts.ending import Judged, alike, judged
from convstep.candidate.verdicts.judging import judge
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Held, Mark
from convstep.candidate.verdicts.naming import of_gradient
from convstep.candidate.verdicts.reasons import reason
from convstep.candidate.verdicts.slopes import STEP, Clock, OutOfTime, directions, size_of, slope
from convstep.candidate.verdicts.trial import CannotJudge, Result, Trial, slope_along, trial
from convstep.candidate.verdicts.worded import of_pair
from convstep.language import tr
from convstep.printable import printable
from convstep.recording.source import Source
from convstep.steps.cells import Array
from convstep.steps.number_text import short


def held(
    pair: Pair,
    sources: tuple[Source | None, Source | None],
    clock: Clock,
    *,
    guessed: bool = False,
    lines: bool = True,
    draws: int = 6,
) -> Held:
    """Hold a backward against its forward, first as it is called, then with other numbers.

    `sources` are their files, where Python does not know them. Where its arguments are `guessed`, a gradient
    of another shape than its input proves nothing. `lines`: those that are run are the author's. `draws`: how
    many draws of numbers are tried.
    """
    said: dict[str, list[Judged]] = {}
    off: dict[str, list[tuple[Trial, Judged]]] = {}
    first: Pair | None = None
    notes: list[str] = []
    known = differing = 0
    misfit = False
    for run, one, found in _tried(pair, sources, clock, notes, draws):
        all_found = [*found, *_numbers(run)]
        misfit = misfit or any(_misfit(each, run) for each in all_found)
        ends = [_left_open(each, guess=guessed and misfit) for each in all_found]
        known += any(each.mark.kind != UNKNOWN for each in ends)
        if any(each.mark.kind == DIFFERS for each in ends):
            differing += 1
            first = first or one
        for each in ends:
            called = f"{each.result.name} {each.result.key}"
            said.setdefault(called, []).append(each)
            if each.mark.kind == DIFFERS:
                off.setdefault(called, []).append((run, each))
        if one is pair:
            notes += _missing(run, [each.of for each in ends])
        if misfit and guessed:
            break
    most = [_most(several) for several in said.values()]
    # what an update does besides, a penalty or a clipping, is no mistake of the gradient
    notes += [one.mark.how for one in most if one.result.key[0] == CHANGE and one.mark.kind == UNKNOWN]
    said = {
        name: several
        for (name, several), one in zip(said.items(), most, strict=True)
        if one.result.key[0] != CHANGE or one.mark.kind != UNKNOWN
    }
    most = [_most(several) for several in said.values()]
    for several, what in zip(said.values(), most, strict=True):
        if what.mark.kind == AGREES:
            notes += [each.mark.how for each in several if each.mark.kind == UNKNOWN][:1]
    line, how, before = _line(first, sources, clock) if first is not None and lines else (0, "", ())
    most = [
        _with_reason(one, reason(off[called], Clock.of(max(clock.left, 1.0))))
        if one.mark.kind == DIFFERS
        else one
        for called, one in zip(said, most, strict=True)
    ]
    agreeing = [sum(one.mark.kind == AGREES for one in several) for several in said.values()]
    given = {name: one for name, one in pair.forward.arguments().items() if isinstance(one, np.ndarray)}
    told = {one.of: one.mark.kind for one in most if one.mark.kind != UNKNOWN}
    return Held(
        *of_pair(pair.backward, pair.forward),
        known if first is not None else min(agreeing, default=0),
        differing,
        tuple(each.ending if lines else replace(each.ending, line=0) for each in most),
        line,
        how,
        before,
        tuple(dict.fromkeys(notes)),
        ranks=tuple(one.ndim for one in given.values() if one.ndim),
        whole=AGREES in told.values() and told.keys() >= given.keys(),
        misfit=misfit and guessed,
        assumes=next((one.assumes for several in said.values() for one in several if one.assumes), ""),
    )


def _tried(
    pair: Pair, sources: tuple[Source | None, Source | None], clock: Clock, notes: list[str], draws: int
) -> Iterator[tuple[Trial, Pair, list[Judged]]]:
    """Each draw that can be judged: the run, its calls, and what is said of each result."""
    enough, above = clock.left / 3, None
    for number in range(draws):
        if number and clock.left < enough:
            return
        try:
            one = pair if not number else _redrawn(pair, above, number)
            run = trial(one, clock, sources)
            above = run.above
            yield run, one, judged(run, clock)
        except CannotJudge as reason:
            notes.append(str(reason))
        except OutOfTime:
            return
        except Exception as error:  # whatever somebody's own code raises
            notes.append(printable(f"{type(error).__name__}: {error}"))
        if above is None:
            return


def _redrawn(pair: Pair, above: Any, number: int) -> Pair:
    """The same calls with other numbers."""
    rng = np.random.default_rng([29, number])
    values = {
        path: rng.standard_normal(one.shape) for path in above or () if (one := pair.constants[path]).ndim
    }
    backward = pair.with_upstream(pair.backward, values) if values else pair.backward
    arrays = {text(path): one for path, one in pair.forward.arrays().items() if one.size}
    own = [name for name in arrays if name.startswith("self")]
    # an object's places for gradients stay: where they are not 0, what is added to them is not known
    changes = {
        id(one): _other(one, rng)
        for name, one in arrays.items()
        if one.any() or name not in own or not naming.same(name, own)
    }
    return replace(
        pair,
        forward=replace(pair.forward.like(changes), random=np.random.RandomState(number).get_state()),
        backward=backward,
        constants={**pair.constants, **values},
    )


def _other(array: Array, rng: np.random.Generator) -> Array:
    """Other numbers of its size; where all have one sign, it may need them: the same ones in other rows.

    Probabilities, variances, masks and one-hot labels are not what they are with other numbers.
    """
    kinds = np.unique(array)
    if len(kinds) == 1 and array.size > 1:  # weights that are all 1 hide that they are left out
        return np.asarray(array + rng.uniform(0.1, 0.9, array.shape), array.dtype)
    if len(kinds) > 2 and (array > 0).any() and (array < 0).any() and array.ndim:
        return np.asarray(rng.standard_normal(array.shape) * size_of(array), array.dtype)
    return rng.permutation(array) if array.ndim else array


def _misfit(one: Judged, run: Trial) -> bool:
    """Whether a result has another shape than the input that it belongs to."""
    return one.of in run.inputs and not alike(one.result.value, run.inputs[one.of])


def _left_open(one: Judged, *, guess: bool) -> Judged:
    """The same; nothing is said of zeros that agree, nor of what differs where a guess may be wrong."""
    if one.mark.kind == AGREES and not np.any(one.result.value):
        how = tr("`{result}` is all zeros there, as it should be", result=one.ending.result)
        return replace(one, mark=Mark(UNKNOWN, how))
    if one.mark.kind == DIFFERS and guess:
        return replace(one, mark=Mark(UNKNOWN, one.mark.how))
    return one


def _with_reason(one: Judged, why: str) -> Judged:
    """The same, with what it is instead."""
    return replace(one, mark=replace(one.mark, how=f"{one.mark.how}; {why}")) if why else one


def _most(said: list[Judged]) -> Judged:
    """What several draws say of one result: it agrees only if it is off on none."""
    off = [one for one in said if one.mark.kind == UNKNOWN and one.jacobian is not None]
    for kind in (DIFFERS, AGREES, UNKNOWN):
        for one in said:
            if one.mark.kind == kind:
                return off[0] if kind == AGREES and off else one
    raise AssertionError(said)


def _numbers(run: Trial) -> Iterator[Judged]:
    """What is said of the gradients of numbers that a layer learns: of `self.dbeta`, by `self.beta`.

    And of gradients that came out as one number, by what is an array: of those nothing is known.
    """
    held = getattr(run.forward.owner, "__dict__", {})
    known = {naming.plain(name): name for name, one in held.items() if isinstance(one, (float, np.ndarray))}
    for path, value in walked({"self": run.after.owner}) if known else ():
        about = [known[one] for one in of_gradient(path[-1].lstrip(".")) if one in known]
        if len(path) != 2 or not isinstance(value, (float, np.floating)) or len(about) != 1:
            continue
        if isinstance(held[about[0]], float):
            yield _number(run, path, float(value), about[0])
        elif held[about[0]].ndim:
            result, name = Result(text(path), np.asarray(value), path, 0), f"self.{about[0]}"
            how = tr("`{result}` is one number, and `{input}` is an array", result=text(path), input=name)
            yield Judged(result, name, Mark(UNKNOWN, how))


def _number(run: Trial, path: Path, value: float, name: str) -> Judged:
    def near(by: float) -> list[Array]:
        call = run.forward.like()
        setattr(call.owner, name, getattr(call.owner, name) + by)
        return run.loss.parts(call)

    facts = {"result": text(path), "input": f"self.{name}", "forward": run.names[0]}
    try:
        here = near(0.0)
        found = slope(near, run.loss, here, STEP)
        size = run.loss.size(here)
    except Exception:  # whatever somebody's own code raises
        mark = Mark(UNKNOWN, tr("{forward} cannot be called beside its inputs", forward=run.names[0]))
    else:
        if found.fits(value, abs(value)):
            how = tr("`{result}` is the slope by `{input}`, by central differences of {forward}", **facts)
            mark = Mark(AGREES, how)
        else:
            how = tr(
                "`{result}` is {value}, and the slope by `{input}` is {rate}, by central differences of "
                "{forward}",
                value=short(value),
                rate=short(found.value),
                **facts,
            )
            mark = Mark(DIFFERS if found.smooth(size) else UNKNOWN, how)
    return Judged(Result(text(path), np.asarray(value), path, 0), f"self.{name}", mark)


def _missing(run: Trial, found: list[str]) -> Iterator[str]:
    """The arguments of the forward whose gradients have not come back."""
    given = [name for name in run.inputs if not name.startswith("self")]
    compared = () if run.above else losses.targets(given)
    given = [name for name in given if name not in compared]
    for name in given if any(found) else ():
        if name not in found and _counts(run, run.inputs[name]):
            yield tr("no gradient by `{name}` was found", name=name)


def _counts(run: Trial, array: Array | None) -> bool:
    """Whether the forward gives something else beside an array, as far as that can be told."""
    if array is None:
        return True
    found = (slope_along(run, array, along) for along in directions(array.shape))
    return any(each is None or each.value for each in found)


def _line(
    pair: Pair, sources: tuple[Source | None, Source | None], clock: Clock
) -> tuple[int, str, tuple[int, ...]]:
    """The first line that differs on a draw, 0 if that is not known; and those before it that may as well."""
    said = judge(pair, sources, None, max(clock.left, 1.0))
    line = said.first
    if line is None or not said.lines[line].first:
        return 0, "", ()
    return line, said.lines[line].how, tuple(one for one in said.open if one < line)
