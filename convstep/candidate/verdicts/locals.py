"""Line by line: whether a local `dNAME` of a backward is what moving `NAME` does in its own forward."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from convstep.candidate.verdicts import losses, naming
from convstep.candidate.verdicts.ending import beside, fits, loss_text, times_of
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Mark
from convstep.candidate.verdicts.moving import INSIDE, MOST_USES, Moving, Version
from convstep.candidate.verdicts.slopes import Clock, OutOfTime, Slope, directions
from convstep.candidate.verdicts.trace import Setting
from convstep.candidate.verdicts.trial import Trial
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array
from convstep.steps.number_text import short

Slopes = list[tuple[Array, Slope]]
PART = "part"
"""It is what moving `NAME` does through some of its uses."""


@frozen()
class Line:
    """What is known of a line that sets a gradient of the backward's own."""

    step: int
    """When it ran."""
    line: int
    """It."""
    name: str
    """What it sets."""
    kind: str
    """As `Mark.kind`, or `PART`."""
    how: str
    """How it was found out."""
    own: bool = True
    """Whether it has the very name of what it is the gradient of, and not that of a part: `dx1`."""

    @property
    def mark(self) -> Mark:
        """For whoever shows it."""
        return Mark(UNKNOWN if self.kind == PART else self.kind, self.how)


def lines(trial: Trial, clock: Clock) -> Iterator[Line]:
    """What is known of each line that sets a gradient, in the order in which they ran."""
    try:
        moving = Moving(trial)
    except Exception:  # whatever somebody's own code raises
        return
    settings = trial.trace.in_the_end()
    for name in dict.fromkeys(one.name for one in settings):
        own = [one for one in settings if one.name == name]
        try:
            clock.check()
            yield from _named(trial, moving, name, own)
        except OutOfTime:
            return


def _named(trial: Trial, moving: Moving, name: str, settings: Sequence[Setting]) -> Iterator[Line]:
    """What is known of the lines that set one of them."""
    about = naming.same(name, moving.names)
    part = not about
    if part:  # `dx1` and `dx2` are parts of `dx`
        about = naming.same(name.rstrip("0123456789"), moving.names)
    if len(about) != 1 or about[0] in moving.incomplete:
        return
    versions = [
        one
        for one in moving.versions(about[0])
        if (value := moving.uses[one].value) is not None
        and np.squeeze(value).shape == np.squeeze(settings[-1].value).shape
    ]
    known = [(one, slopes) for one in versions if (slopes := _slopes(moving, one, None))]
    for setting in reversed(settings):
        if any(fits(setting.value, slopes) for _, slopes in known):
            if setting.value.any() or any(slope.value for _, slopes in known for _, slope in slopes):
                yield _line(setting, AGREES, _agreeing(trial, name, about[0]))
            return
    last = settings[-1]
    final = trial.trace.recording.variables.get(name)
    if isinstance(final, np.ndarray) and not np.array_equal(final, last.value, equal_nan=True):
        return  # a loop has gone on with it
    for inner in reversed(moving.inside(about[0])):  # `do` is often the gradient by what goes into `o`
        value = moving.uses[inner].value
        if value is None or np.squeeze(value).shape != np.squeeze(last.value).shape or not last.value.any():
            continue
        if (slopes := _slopes(moving, inner, None)) and fits(last.value, slopes):
            yield _line(last, AGREES, _agreeing(trial, name, inner.name.rpartition(INSIDE)[2]))
            return
    for version, _ in known:
        used = _through(moving, version, last.value)
        if used:
            how = tr(
                "`{name}` is what moving `{of}` does to `{loss}` through {lines} of {forward}, without its "
                "other uses",
                lines=_listed(used),
                **_facts(trial, name, about[0]),
            )
            yield Line(last.step, last.line, name, PART, how + beside(trial), own=not part)
            return
    if part or len(known) != 1 or len(moving.versions(about[0])) != 1:
        return
    times = times_of(last.value, known[0][1])
    if times is not None and not trial.above and losses.later(times, last.value.shape, ""):
        return  # its weights' gradients may be divided by how many samples there are
    yield _line(last, DIFFERS, _differing(trial, name, about[0], last.value, known[0][1]))


def _slopes(moving: Moving, version: Version, which: frozenset[int] | None) -> Slopes:
    """How the loss changes along some directions; none where that is not seen, or there is a corner."""
    value = moving.uses[version].value
    assert value is not None
    found: Slopes = []
    for along in directions(value.shape):
        one = moving.slope(version, along, which)
        size = moving.trial.loss.size(moving.here)
        if one is None or not one.smooth(size):
            return []
        found.append((along, one))
    return found


def _through(moving: Moving, version: Version, value: Array) -> list[int]:
    """The lines through which moving a variable does what a gradient says; none if there are none."""
    count = len(moving.uses[version].lines)
    if not 1 < count <= MOST_USES:
        return []
    single = [_slopes(moving, version, frozenset({at})) for at in range(count)]
    if not all(single):
        return []
    for size in range(1, count):
        for some in itertools.combinations(range(count), size):
            summed = [
                (single[0][n][0], _sum([single[at][n][1] for at in some])) for n in range(len(single[0]))
            ]
            if any(slope.value for _, slope in summed) and fits(value, summed):
                return sorted({moving.uses[version].lines[at] for at in some})
    return []


def _sum(slopes: Sequence[Slope]) -> Slope:
    values = np.array([(one.value, one.bend, one.noise, one.drift) for one in slopes]).sum(axis=0)
    return Slope(*map(float, values))


def _line(setting: Setting, kind: str, how: str) -> Line:
    return Line(setting.step, setting.line, setting.name, kind, how)


def _facts(trial: Trial, name: str, of: str) -> dict[str, str]:
    return {"name": name, "of": of, "forward": trial.names[0], "loss": loss_text(trial)}


def _agreeing(trial: Trial, name: str, of: str) -> str:
    return tr(
        "`{name}` is what moving `{of}` in {forward} does to `{loss}`, along {count} random directions, "
        "by central differences in float64",
        count=len(directions(())),
        **_facts(trial, name, of),
    ) + beside(trial)


def _differing(trial: Trial, name: str, of: str, value: Array, slopes: Slopes) -> str:
    times = times_of(value, slopes)
    if times is not None:
        return tr(
            "`{name}` is {times} times what moving `{of}` in {forward} does to `{loss}`",
            times=short(times),
            **_facts(trial, name, of),
        ) + beside(trial)
    along, slope = slopes[0]
    claimed = float((np.asarray(value, np.float64).reshape(along.shape) * along).sum())
    return tr(
        "`{name}` is not what moving `{of}` in {forward} does to `{loss}`: along a random direction that is "
        "{rate} per unit, and `{name}` says {claimed}",
        rate=short(slope.value),
        claimed=short(claimed),
        **_facts(trial, name, of),
    ) + beside(trial)


def _listed(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return tr("line {number}", number=numbers[0])
    return tr("lines {numbers}", numbers=", ".join(map(str, numbers)))
