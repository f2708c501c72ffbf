"""Runs as tapes: every step of a stretch, each of its writes one at a time; a candidate around a place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convstep.export.formats import ExportError
from convstep.export.html.cells import Json
from convstep.export.html.lines import Line, lines_of, own_lines
from convstep.export.html.tape import MOST_CELLS, Shown, Tape, named_table
from convstep.language import tr
from convstep.view.candidate.candidate_panels import keys_of
from convstep.view.candidate.stage import CandidateStage
from convstep.view.numbers.text import short
from convstep.view.panels.stage import begin
from convstep.view.scene.window import Window, sum_text

if TYPE_CHECKING:
    from convstep.candidate.step.own_lines import OwnLines
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.view.candidate.compare_card import Share
    from convstep.view.scene.scene import Scene
    from convstep.view.scene.staged import Staged


DIGITS = 5
"""Of the numbers that y is the sum of."""


def forward_json(window: Window) -> Json:
    """What y is the sum of, in words, and the products on the face that is shown: heading, line, tables."""
    formula = f"{window.cell} = sum(x * w)"
    line = short(window.y, DIGITS)
    if window.bias is not None:
        formula, line = f"{formula} + b", f"{sum_text(window, DIGITS)} = {line}"
    _, count = window.channels
    if count > 1:
        line = f"{line} · {tr('y sums all {count} channels', count=count)}"
    with np.errstate(all="ignore"):
        products = np.asarray(window.x * window.w)
    return [formula, line, [named_table("x * w", products)] if 0 < products.size <= MOST_CELLS else []]


MOST_STEPS = 2_000
"""Steps of a page at the most: a browser reads them all before it shows the first."""
MOST_BYTES = 4_000_000
"""Bytes of a page at the most."""
BEFORE, AFTER = 6, 3
"""Steps of a candidate before and after the one at which it diverges."""

Progress = Callable[[int], None]
"""Told how many steps are on the page."""


def check_steps(positions: range) -> None:
    """Refuse, before anything is run, more steps than a browser can hold: an ExportError."""
    if len(positions) - 1 > MOST_STEPS:
        raise _too_many(len(positions) - 1, positions.start, positions.start + MOST_STEPS)


def run_tape(stage: Staged, positions: range, progress: Progress = lambda done: None) -> Tape:
    """The steps of a stretch of a run, which is moved, write by write; ExportError if they are too many."""
    check_steps(positions)
    if stage.unmeasured:
        stage.take_magnitudes(stage.magnitudes())
    tape = Tape()
    for scene in _scenes(stage, positions[0], positions[-1]):
        standing = "" if scene.additions else stage.standing()
        window = stage.window(scene)
        forward = None if window is None else forward_json(window)
        walked = len(positions) > 1
        tape.take(Shown(scene, [lines_of(scene)], standing=standing, forward=forward, walked=walked))
        if not stage.run.made:
            check_size(tape, stage.run.position, positions)
            progress(stage.run.position - positions[0] + 1)
    return tape


def _scenes(stage: Staged, first: int, last: int) -> Iterator[Scene]:
    run = stage.run
    run.seek(first)
    yield stage.scene()
    while run.position < last:
        before = run.position, run.made
        if not run.next_write() or (run.position, run.made) == before:  # a step that writes nothing
            run.next()
        yield stage.scene()


def check_size(tape: Tape, position: int, positions: range) -> None:
    """Refuse a page that has become too large, and say how far it may go."""
    if tape.size > MOST_BYTES:
        raise _too_many(len(positions) - 1, positions.start, max(position - 1, positions.start))


def _too_many(count: int, first: int, last: int) -> ExportError:
    return ExportError(
        tr(
            "{count:,} steps are too many for a page that every browser can open; "
            "give fewer of them, like --steps {first}:{last}",
            count=count,
            first=first,
            last=last,
        )
    )


class CandidateScenes:
    """A candidate beside the reference, its answers waited for."""

    def __init__(self, candidate: CandidateTimeline, name: str) -> None:
        """Look for the place where the two part; the candidate's process is left running."""
        self.candidate, self.name = candidate, name
        self.stage = CandidateStage(begin(candidate.problem), candidate.probe.right)
        self.found: Divergence | None = candidate.first_divergence()
        """The first step at which it diverges."""
        self.own: OwnLines | None = candidate.own_lines(self.found)
        """Its own lines, where they are known."""
        if self.found is not None:
            self.stage.look_at(self.found)

    @property
    def start(self) -> int:
        """Just after the first divergent step; where there is none, at the end."""
        total = self.candidate.problem.total_steps
        return total if self.found is None else self.found.position

    @property
    def around(self) -> range:
        """The positions around that."""
        total = self.candidate.problem.total_steps
        return range(max(self.start - BEFORE, 0), min(self.start + AFTER, total) + 1)

    def at(self, position: int, made: int = 0, *, discreet: bool = False) -> Shown:
        """Both at a position and after so many additions of the next step; `discreet` hides what is wrong."""
        stage, candidate = self.stage, self.candidate
        stage.discreet = discreet
        stage.run.seek(position)
        for _ in range(made):
            stage.run.next_write()
        stage.take(candidate.at(position), candidate.at(position + 1) if made else None)
        step = stage.run.event.index
        stage.added = step, candidate.contribution(step)
        scene = stage.scene()
        own, said = self._own(step) if not discreet else ([], [])
        writes = [_share(number, share) for number, share in enumerate(stage.shares())]
        sources = [own, lines_of(scene)] if own else [lines_of(scene)]
        beside = [key for name in stage.gradients for key in keys_of(name)]
        return Shown(scene, sources, writes, [stage.standing(), *said], beside)

    def _own(self, step: int) -> tuple[list[Line], list[str]]:
        """The candidate's own lines at the step that does what the reference's does, and what is said."""
        from convstep.candidate.report import own_words
        from convstep.view.candidate.own_source import own_source

        own = self.own
        if own is None:
            return [], []
        there = own.at(step) if own.run.groups else own.first
        shown = own_lines(own_source(own, own.first if there is None else there))
        if there is None:
            return [*map(_plain, shown)], []
        return shown, own_words(own, there, names=False)


def candidate_tape(
    scenes: CandidateScenes, positions: Sequence[int], progress: Progress = lambda done: None
) -> Tape:
    """A candidate beside the reference, addition by addition; ExportError if they are too many."""
    tape, wanted = Tape(), range(positions[0], positions[-1] + 1)
    check_steps(wanted)
    for done, position in enumerate(wanted, 1):
        for made in range(len(scenes.stage.run.event.writes) if position < wanted[-1] else 1):
            tape.take(scenes.at(position, made))
        check_size(tape, position, wanted)
        progress(done)
    return tape


def _plain(line: Line) -> Line:
    return replace(line, mark="", turn="", note="")


def _share(number: int, share: Share) -> Json:
    """What a step adds in both: the reference's cells, the candidate's, which of them differ."""
    heading = f"{share.target} += {share.formula}  {share.mark}"
    tables = list[Json]()
    for name, values in ((tr("reference"), share.expected), (tr("candidate"), share.actual)):
        if values is not None and 0 < np.size(values) <= MOST_CELLS:
            tables.append(named_table(name, values))
    if len(tables) == 2 and share.differing is not None:
        tables[1].append(np.flatnonzero(share.differing).tolist())
    strays = [
        tr("{name}: {expected} in the reference, {actual} here", name=one.name,
           expected=str(one.expected), actual=str(one.actual))
        for one in itertools.islice(share.strays, 3)
    ]  # fmt: skip
    return [number, heading, "", tables, *filter(None, [share.problem]), *strays]
