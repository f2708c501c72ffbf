"""A backward against its own forward on several draws of numbers, and what all of them come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.verdicts.calls import Called, Pair
from convstep.candidate.verdicts.ending import Judged, alike, judged
from convstep.candidate.verdicts.judging import judge
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Ending, Held, Mark
from convstep.candidate.verdicts.slopes import Array, Clock, OutOfTime, size_of
from convstep.candidate.verdicts.trial import CannotJudge, Trial, name_of, trial
from convstep.language import tr
from convstep.printable import printable
from convstep.recording.source import Source
from convstep.steps.number_text import shape_text

DRAWS = 6
"""How many draws of numbers are tried."""


def held(
    pair: Pair, sources: tuple[Source | None, Source | None], clock: Clock, *, guessed: bool = False
) -> Held:
    """Hold a backward against its forward, first as it is called, then with other numbers.

    Args:
        pair: the two calls; nothing in them is changed.
        sources: their files, where Python does not know them.
        clock: says when no further draw is begun.
        guessed: whether its arguments are: then a gradient of another shape than its input proves nothing.
    """
    said: dict[str, list[Judged]] = {}
    first: Pair | None = None
    notes: list[str] = []
    draws = differing = 0
    for run, one, found in _tried(pair, sources, clock, notes):
        ends = [_unsure(each, run) if guessed else each for each in found]
        draws += any(each.mark.kind != UNKNOWN for each in ends)
        if any(each.mark.kind == DIFFERS for each in ends):
            differing += 1
            first = first or one
        for each in ends:
            said.setdefault(f"{each.result.name} {each.result.key}", []).append(each)
    for several in said.values():
        kinds = {one.mark.kind for one in several}
        if AGREES in kinds and UNKNOWN in kinds:
            notes += [one.mark.how for one in several if one.mark.kind == UNKNOWN][:1]
    line, how = _line(first, sources, clock) if first is not None else (0, "")
    calls, most = (worded(pair.backward), worded(pair.forward)), tuple(map(_most, said.values()))
    return Held(*calls, draws, differing, most, line, how, tuple(dict.fromkeys(notes)))


def _tried(
    pair: Pair, sources: tuple[Source | None, Source | None], clock: Clock, notes: list[str]
) -> Iterator[tuple[Trial, Pair, list[Judged]]]:
    """Each draw that can be judged: the run, its calls, and what is said of each result."""
    enough, above = clock.left / 3, None
    for number in range(DRAWS):
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
    values = {path: rng.standard_normal(pair.constants[path].shape) for path in above or ()}
    backward = pair.with_upstream(pair.backward, values) if values else pair.backward
    changes = {id(one): _other(one, rng) for one in pair.forward.arrays().values() if one.size}
    return replace(
        pair,
        forward=pair.forward.like(changes),
        backward=backward,
        constants={**pair.constants, **values},
    )


def _other(array: Array, rng: np.random.Generator) -> Array:
    """Other numbers of its size; where all have one sign, it may need them: the same ones in other rows.

    Probabilities, variances, masks and one-hot labels are not what they are with other numbers.
    """
    if (array > 0).any() and (array < 0).any() and array.ndim:
        return np.asarray(rng.standard_normal(array.shape) * size_of(array), array.dtype)
    return rng.permutation(array) if array.ndim else array


def _unsure(one: Judged, run: Trial) -> Judged:
    """The same; if it differs in its shape, nothing is said of it."""
    if one.mark.kind != DIFFERS or one.of not in run.inputs:
        return one
    return (
        one if alike(one.result.value, run.inputs[one.of]) else replace(one, mark=Mark(UNKNOWN, one.mark.how))
    )


def _most(said: list[Judged]) -> Ending:
    """What several draws say of one result."""
    for kind in (DIFFERS, AGREES, UNKNOWN):
        for one in said:
            if one.mark.kind == kind:
                return one.ending
    raise AssertionError(said)


def _line(pair: Pair, sources: tuple[Source | None, Source | None], clock: Clock) -> tuple[int, str]:
    """The first line that differs on a draw; 0 if that is not known."""
    said = judge(pair, sources, None, max(clock.left, 1.0))
    line = said.first
    return (0, "") if line is None or not said.lines[line].first else (line, said.lines[line].how)


def worded(call: Called) -> str:
    """A call with the shapes of what it is given: `scale_forward(x of 3x4, w of 4, axis=0)`."""
    given: Mapping[str, Any] = call.arguments()
    words = []
    for name, value in given.items():
        if name == "self":
            continue
        if isinstance(value, np.ndarray) and value.ndim:
            words.append(tr("{name} of {shape}", name=name, shape=shape_text(value.shape)))
        elif isinstance(value, (bool, int, float, str)):
            words.append(f"{name}={value!r}")
        else:
            words.append(name)
    return printable(f"{name_of(call)}({', '.join(words)})")
