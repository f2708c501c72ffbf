"""All that can be said of a backward: its end, its lines, its steps."""

from __future__ import annotations

from collections.abc import Sequence

from convstep.candidate.verdicts.alone import alone
from convstep.candidate.verdicts.calls import Called, Pair, text
from convstep.candidate.verdicts.ending import Judged, judged
from convstep.candidate.verdicts.locals import PART, Line, lines
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Mark, Verdicts
from convstep.candidate.verdicts.origins import unjudged
from convstep.candidate.verdicts.running import Held, running
from convstep.candidate.verdicts.slopes import Clock, OutOfTime
from convstep.candidate.verdicts.trace import Trace
from convstep.candidate.verdicts.trial import CannotJudge, Trial, trial
from convstep.language import tr
from convstep.recording.source import Source

SECONDS = 10.0
"""How long it may take."""


def judge(
    pair: Pair,
    sources: tuple[Source | None, Source | None] = (None, None),
    total: int | None = None,
    seconds: float = SECONDS,
) -> Verdicts:
    """What is said of a backward by its own forward; nothing in the two calls is changed.

    That a line or a step differs is said only where a result differs in the end: what is right in the end is
    right, however its author has named or ordered what comes before. What is not looked at in time is left
    open. `total` is how many steps the recording has that is shown; of another one, no positions are marked.
    """
    clock = Clock.of(seconds)
    try:
        run = trial(pair, clock, sources)
        ends = judged(run, clock)
    except CannotJudge as reason:
        return Verdicts(note=str(reason))
    except OutOfTime:
        return Verdicts(note=tr("there was no time to look at it"))
    if not ends:
        return Verdicts(
            note=tr("{backward} returns no gradient that is known by name", backward=run.names[1])
        )
    differs = any(one.mark.kind == DIFFERS for one in ends)
    named, held = list(lines(run, clock)), list[tuple[Judged, Held]]()
    said = {(line.name, line.kind) for line in named}
    try:
        for one in ends:
            found = running(run, one, ends, clock)
            standing = run.trace.standing(one.result.name)
            # `dx_pad` is right and `dx` is not: it is cut out in the wrong place
            right = standing and standing[0] != one.result.name and (standing[0], AGREES) in said
            if found is not None and not (found.line and right):
                held.append((one, found))
    except OutOfTime:
        pass
    marks = _lines(run, ends, named, held, differs=differs)
    positions = _positions(held) if total in (None, run.trace.recording.total) else {}
    definition = run.definition(backward=True)
    left_open = unjudged(definition.node, marks, [text(path) for path in run.above]) if definition else ()
    return Verdicts(tuple(one.ending for one in ends), marks, positions, left_open)


def judge_alone(
    backward: Called,
    source: Source | None = None,
    note: str = "",
    total: int | None = None,
    seconds: float = SECONDS,
) -> Verdicts:
    """What is said of a backward of which no forward is known: what it makes of `dout` bit by bit.

    `note` says why its forward does not say more; for the rest see `judge`.
    """
    found = list(alone(backward, source, Clock.of(seconds)))
    lines = {one.line: Mark(DIFFERS, one.how, first=True) for one in found[::-1] if one.line}
    positions = _positions([(None, one) for one in found])
    known = max(positions, default=0) <= (total if total is not None else max(positions, default=0))
    return Verdicts((), lines, positions if known else {}, (), note)


def _lines(
    run: Trial,
    ends: Sequence[Judged],
    named: Sequence[Line],
    held: Sequence[tuple[Judged, Held]],
    *,
    differs: bool,
) -> dict[int, Mark]:
    """The marks of the lines; the first that differs is told apart."""
    found: dict[int, Mark] = {}
    for line in named:
        if line.kind != DIFFERS or differs:
            _put(found, line.line, line.mark)
    for one in ends:
        if one.result.line:
            _put(found, one.result.line, one.mark, over=one.mark.kind != UNKNOWN)
    for _, each in held:
        if each.line:
            _put(found, each.line, Mark(DIFFERS, each.how), over=True)
    if differs and not any(mark.kind == DIFFERS for mark in found.values()):
        parts = [line for line in named if line.kind == PART and line.own]
        found |= {line.line: Mark(DIFFERS, line.how) for line in parts[:1]}
    blamed = [line for line, mark in found.items() if mark.kind == DIFFERS]
    if blamed:
        first = min(blamed, key=lambda line: (_last_run(run.trace, line), line))
        found[first] = Mark(DIFFERS, found[first].how, first=True)
    return dict(sorted(found.items()))


def _put(found: dict[int, Mark], line: int, mark: Mark, *, over: bool = False) -> None:
    """Put a mark at a line; one that differs stays."""
    before = found.get(line)
    if (
        before is None
        or before.kind == UNKNOWN
        or (mark.kind == DIFFERS or (over and before.kind != DIFFERS))
    ):
        found[line] = mark


def _last_run(trace: Trace, line: int) -> int:
    """The last step in which a line did something."""
    steps = [one.step for touches in trace.touches for one in touches if one.line == line]
    return max(
        [*steps, *(one.step for one in trace.settings if one.line == line)], default=len(trace.touches)
    )


def _positions(held: Sequence[tuple[Judged | None, Held]]) -> dict[int, Mark]:
    """The marks of the positions: of several results the one that differs counts."""
    found: dict[int, Mark] = {}
    for _, each in held:
        for position, mark in each.positions.items():
            before = found.get(position)
            if before is None or (before.kind == AGREES and mark.kind == DIFFERS):
                found[position] = mark
    return dict(sorted(found.items()))
