"""RecordingStage: the scenes of a recorded function: its arrays, its own lines, what a step came to."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from convstep.candidate.operators.case import operator_case_of
from convstep.candidate.record.file import save
from convstep.candidate.verdicts.marks import DIFFERS
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import printable
from convstep.recording.case import case_of
from convstep.recording.glance import glance
from convstep.replay.session import SessionError
from convstep.replay.stop_kinds import LineStop, Stop, Watchpoint
from convstep.replay.stop_list import Stops
from convstep.snippet import Snippet
from convstep.steps.event import Event, Loop
from convstep.steps.stepped import Stepped
from convstep.view.grid.panel import Cell, Panel
from convstep.view.numbers.text import full
from convstep.view.panels import recorded
from convstep.view.panels.array_panels import ArrayPanels
from convstep.view.panels.compared import OperatorCompared
from convstep.view.panels.resuming import Resumed, resumed_run
from convstep.view.panels.stretches import Key
from convstep.view.panels.writers import WriterTable
from convstep.view.scene.build import build
from convstep.view.scene.own_lines import docstrings, own_lines, own_size
from convstep.view.scene.said import sign
from convstep.view.scene.scene import Scene, SourceLine
from convstep.view.scene.staged import Facts, Input, Listing, Spot, StagedSource

if TYPE_CHECKING:
    from convstep.candidate.operators.so_far import Running
    from convstep.candidate.verdicts.marks import Verdicts
    from convstep.recording.log import Ended
    from convstep.recording.recording import Recording
    from convstep.recording.sites import FunctionSite
    from convstep.replay.edits import Numbers
    from convstep.replay.session import Session
    from convstep.view.panels.unedited import Unedited


@frozen()
class Chosen:
    """What a person wants to see other than what the loop is at."""

    faces: tuple[tuple[str, int], ...] = ()
    """By array, which of its faces, counted through the axes that are not seen."""
    brought: tuple[str, ...] = ()
    """Arrays that are shown beside those of the loop, in the order in which they were brought in."""


OPERATORS = Path(__file__).parents[2] / "operators"
"""The folder of our own functions, whose docstrings say what lessons and guide say."""
SHORT = 200
"""Steps of a run whose earlier ones are told beside the one that is shown."""
OUTLINED = 8, 1000
"""Stretches that are looked at to arrange parts, and steps of a run beyond which that takes too long."""
BROUGHT = "shown: "
"""What a brought array's name follows in a session."""


@dataclass(eq=False)
class RecordingStage(StagedSource):
    """What scenes of one recorded function are built from; only `recording` moves."""

    recording: Recording
    """What is shown."""
    choice: Chosen = field(default_factory=Chosen)
    """Which faces are shown, and which arrays beside those of the loop."""
    beside: Mapping[str, int] = field(default_factory=dict)
    """How many further faces stand beside a panel, by its key."""
    stops: Stops = field(default_factory=Stops)
    """Where runs stop; those on cells are marked."""
    marks: Mapping[str, Mapping[tuple[int, ...], str]] = field(default_factory=dict)
    """What somebody puts on cells: a character by array and index."""
    cursor: int = 0
    """The line of the source under the cursor; 0 while there is none."""
    verdicts: Verdicts | None = None
    """What the author's own forward says of it; None while that is not known."""
    running: Running | None = None
    """What its gradients should be, where it is an operator's."""
    unedited: Unedited | None = None
    """The run as it was before some of its numbers were edited; None if none is."""

    def __post_init__(self) -> None:
        self._made = ArrayPanels(self.recording)
        source = self.recording.source
        bundled = self.running is not None or Path(source.path).parent == OPERATORS
        self._told = docstrings(source.lines) if bundled else frozenset[int]()
        self._changing = recorded.changing_arguments(self.recording)
        log = self.recording.log
        entered = [one for one in log.sites.functions if log.payloads[one.call]]
        sizes = [own_size(self._lines(one.line, one.last_line)) for one in entered]
        self._told_steps, self._behind = dict[int, tuple[str, str]](), self.recording.scout()
        self.source_size = max((c for c, _ in sizes), default=0), max((n for _, n in sizes), default=0)
        """Columns and lines in which every function that ran is seen whole."""

    # the run

    @property
    def run(self) -> Recording:
        """What is shown."""
        return self.recording

    def scout(self) -> Recording:
        """Another run of the same log."""
        return self.recording.scout()

    def scene(self) -> Scene:
        """The scene at the recording's position."""
        run, event = self.recording, self.recording.event
        if self.unedited is not None:
            self.unedited.follow(run)
        faces, brought = dict(self.choice.faces), self.choice.brought
        panels, arrays = self._made.panels(event, brought, faces, self.beside), self._made.arrays(event)
        executed = event.index < run.position
        numbers = recorded.statement_texts(event)
        if executed and run.total <= SHORT:
            self._told_steps[event.index] = recorded.told(event, numbers, run.source)
        words = recorded.words_of(event, numbers)
        scene = build((run.position, run.total), event, arrays, panels, words=words)
        notes = recorded.notes_of(event, numbers) if executed or event.made else {}
        remarks = [*self.remarks(), *recorded.remarks_of(event, arrays)]
        if (ended := self._ended) is not None:
            remarks.insert(0, ended.sentence)
        now = None if self.verdicts is None or run.made else self.verdicts.positions.get(run.position)
        if now is not None and now.kind == DIFFERS:
            remarks.insert(0, f"{sign(now)} {printable(now.how, None)}")
        return replace(
            scene,
            panels=tuple(map(self._marked, scene.panels)),
            source=self._own(event, notes, executed=executed),
            remarks=tuple(remarks),
        )

    def behind(self, step: int, most: int) -> list[tuple[str, str]]:
        """The statements at which they stand, of a short run."""
        run = self._behind
        steps = range(max(step - most, 0), step) if run.total <= SHORT else range(0)
        for one in steps:
            if one not in self._told_steps:
                run.seek(one + 1)
                texts = recorded.statement_texts(run.event)
                self._told_steps[one] = recorded.told(run.event, texts, run.source)
        return [self._told_steps[one] for one in steps]

    def loop_end(self, around: int) -> int:
        """The next position at which the innermost loop, or one around it, is complete."""
        run = self.recording
        if run.position == run.total:
            return run.total
        return self._made.stretches.while_alike(run.position, _turn_of(around), 1) + 1

    def loop_start(self, around: int) -> int:
        """The previous position at which it begins."""
        begun = self.recording.position - (0 if self.recording.made else 1)
        if not self.recording.total:
            return 0
        return self._made.stretches.while_alike(max(begun, 0), _turn_of(around), -1)

    def in_sample(self, by: int) -> int | str:
        """Nobody knows which loop goes through samples."""
        return tr("a recording does not know which of its loops goes through samples")

    def place_words(self, position: int) -> str:
        """Where the step that leads to a position is in its loops, or at which line."""
        event = glance(self.recording, position - 1)
        return Scene(position, self.recording.total, event, (), ()).place

    def first_nonfinite(self, scout: Stepped, leave: Callable[[], bool]) -> Spot | None:
        """The first step that writes a NaN or an infinity, and the cell."""
        for step in recorded.suspicious(self.recording):
            if leave():
                break
            scout.seek(step + 1)
            found = recorded.nonfinite(scout.event)
            if found is not None:
                array, cell, value = found
                return Spot(scout.position, array, cell, f"{recorded.cell_name(array, cell)} = {full(value)}")
        return None

    # panels

    @property
    def followed(self) -> str:
        """The first panel."""
        names = self._made.stretch(self.recording.event).names
        return self._made.key(names[0]) if names else ""

    @property
    def mapped(self) -> str:
        """None: any array may stand anywhere."""
        return ""

    @property
    def unmeasured(self) -> bool:
        """Whether the recording is long."""
        return self._made.unmeasured

    def magnitudes(self) -> dict[str, float]:
        """How large the arrays get."""
        return self._made.magnitudes()

    def outlines(self) -> Iterator[list[Panel]]:
        """The panels of the first stretches, to arrange them, wherever the run stands."""
        step, (most, longest) = 0, OUTLINED
        for _ in range(most if self.recording.total <= longest else 0):
            if step >= self.recording.total:
                return
            event = glance(self.recording, step)
            yield self._made.outlines(event, self.choice.brought)
            step = self._made.stretches.at(event).steps.stop

    def take_magnitudes(self, found: Mapping[str, float]) -> None:
        """Let colours saturate there."""
        self._made.take_magnitudes(found)

    def toggle_array(self, name: str) -> bool:
        """Show an array beside those of the loop, or take it away again; one of the loop's own stays."""
        if name in self._made.stretch(self.recording.event).seen:
            return True
        brought = self.choice.brought
        kept = tuple(other for other in brought if other != name)
        self.choice = replace(self.choice, brought=kept if name in brought else (*brought, name))
        return name in self.choice.brought

    # faces

    @property
    def follows(self) -> bool:
        """Whether no face was chosen."""
        return not self.choice.faces

    def follow(self) -> None:
        """Let all faces follow the loop."""
        self.choice = replace(self.choice, faces=())

    def turn(self, panel: Panel, by: int) -> None:
        """Another face of a panel's array."""
        count, at = panel.choices
        self._choose(panel.face.name, (at + by) % count)

    def turn_to(self, array: str, cell: tuple[int, ...]) -> None:
        """The face on which a cell stands."""
        axes, shape = self._made.seen(array, self.recording.event).axes, self._made.shape(array)
        if len(cell) == len(shape) > len(axes):
            self._choose(array, recorded.number_of(cell, axes, shape))

    def kept_faces(self) -> dict[str, int]:
        """The chosen faces by the array's name, and the arrays that were brought in."""
        brought = {f"{BROUGHT}{name}": number for number, name in enumerate(self.choice.brought)}
        return dict(self.choice.faces) | brought

    def resumed(self, session: Session) -> Resumed:
        """What a session brings back."""
        return resumed_run(session, self.recording.layout, lambda: self._chosen(session.view.faces))

    # cells

    def stop_at(self, panel: Panel, cell: Cell) -> Stop | None:
        """A cell that is written."""
        name = panel.face.name
        if panel.note or name not in self.recording.layout.written:
            return None
        return Watchpoint(name, panel.face.index(*cell))

    def made_by(self, panel: Panel, cell: Cell) -> Listing | None:
        """The statements that wrote a cell."""
        if self.stop_at(panel, cell) is None:
            return None
        return self.made_of(panel.face.name, panel.face.index(*cell))

    def made_of(self, array: str, index: tuple[int, ...]) -> Listing | None:
        """The same, of a cell of an array by its name."""
        if array not in self.recording.layout.written:
            return None
        writers = self.recording.writers(array, index)
        return WriterTable(recorded.cell_name(array, index), writers, self.recording.position)

    # what it begins with

    def input_at(self, panel: Panel, cell: Cell) -> Input | str | None:
        """A cell of an array that was handed in, and that is not written."""
        name, run = panel.face.name, self.recording
        info = self._made.infos.get(name)
        if panel.note or info is None or info.written:
            return None
        if name in run.handed_in:
            return Input(name, panel.face.index(*cell), panel.face.values[cell])
        if name in run.layout.written or not run.handed_in:
            return None
        return tr(
            "{name} is made at line {line}; what was handed in can be changed: {names} (a shows them)",
            name=printable(name),
            line=info.line,
            names=printable(", ".join(run.handed_in)),
        )

    def input_of(self, array: str, cell: tuple[int, ...]) -> Input:
        """A cell of an array that was handed in, once the function has named it."""
        return Input(array, cell, self.recording.arrays[array][cell])

    def anew(self, recording: Recording, numbers: Numbers, running: Running | None) -> RecordingStage:
        """The stage of the same call, recorded with other numbers in what it was handed in.

        `running` is what the gradients should be then, of an operator's.
        """
        from convstep.view.panels.unedited import Unedited

        original = self.recording if self.unedited is None else self.unedited.run
        beside = Unedited(original, numbers, numbers) if numbers else None
        return RecordingStage(
            recording, marks=self.marks, cursor=self.cursor, running=running, unedited=beside
        )

    # words

    def facts(self) -> Facts:
        """The written arrays with their shapes."""
        names = self._made.stretch(self.recording.event).names
        shapes = [recorded.shape_words(name, self._made.shape(name)) for name in names]
        return Facts(shapes, spared=shapes)

    def standing(self) -> str:
        """The line at which the step stands, and what it came to."""
        event, line = self.recording.event, self._line(self.recording.event)
        if self._ended is not None:
            return tr("line {line}: {text}", line=line, text=self._ended.sentence)
        texts = recorded.statement_texts(event)
        said = [text for text, one in zip(texts, event.statements, strict=True) if one.line == line]
        return tr(
            "line {line}: {text}",
            line=line,
            text=said[-1] if said else self.recording.source.line(line).strip(),
        )

    def remarks(self) -> list[str]:
        """Whether the step writes into what the caller has handed in."""
        names = self._changing.get(self.recording.event.index, [])
        return [tr("changes the caller's {array}", array=name) for name in names]

    @property
    def source_title(self) -> str:
        """The file or the cell in which the function stands."""
        source = self.recording.source
        cell = tr("cell {cell}", cell=source.cell) if source.cell is not None else ""
        return " ".join(filter(None, [printable(source.path.rpartition("/")[2]), cell]))

    # beside the run

    @property
    def compares(self) -> bool:
        """Whether it is an operator's."""
        return self.running is not None

    def compared(self) -> OperatorCompared | None:
        """The gradients of an operator where it stands; None where they are on their way."""
        found = None if self.running is None else self.running.at(self.recording.position)
        if self.running is None or found is None or isinstance(found, str):
            return None
        return OperatorCompared(self.running, found, self.recording.made)

    def checking(self) -> Callable[[], str] | None:
        """Why nothing is compared here."""
        found = None if self.running is None else self.running.at(self.recording.position)
        return (lambda: found) if isinstance(found, str) else None

    def save(self, path: str) -> None:
        """Write the recording."""
        save(self.recording, path)

    def case(self, name: str, function: str = "") -> Snippet:
        """The call as it was typed with `--call`, else with the arguments that were recorded."""
        if self.running is not None:
            return operator_case_of(self.running.operator, self.running.problem, self.recording)
        # the call that was typed has the numbers as they were before any was edited
        words = [] if self.unedited is not None else shlex.split(function)
        return case_of(self.recording, words[words.index("--call") + 1] if "--call" in words[:-1] else "")

    # inside

    @property
    def _ended(self) -> Ended | None:
        """Why there is no further step, at the last one of a function that did not return."""
        return self.recording.ended if self.recording.position == self.recording.total else None

    def _line(self, event: Event) -> int:
        """The line at which a step stands; of one that has not begun that of its first statement."""
        if self._ended is not None and self._ended.line:
            return self._ended.line
        if not self.recording.total:  # nothing to step: the function itself
            return min((one.line for one in self.recording.log.sites.functions[:1]), default=1)
        executed = event.index < self.recording.position
        return event.line if executed or event.made or not event.statements else event.statements[0].line

    def _around(self, line: int) -> FunctionSite | None:
        """The innermost function around a line; None if it stands in none."""
        around = (one for one in self.recording.log.sites.functions if one.line <= line <= one.last_line)
        return min(around, key=lambda one: one.last_line - one.line, default=None)

    def _lines(self, first: int, last: int) -> dict[int, str]:
        """Lines of the source, by their numbers; of an operator without what its docstring says."""
        numbers = (number for number in range(first, last + 1) if number not in self._told)
        return {number: self.recording.source.line(number) for number in numbers}

    def _own(self, event: Event, notes: Mapping[int, str], *, executed: bool) -> tuple[SourceLine, ...]:
        """The lines of the function that runs and what called it, with stops and the cursor on them."""
        line, run = self._line(event), self.recording
        function = self._around(line)
        first, last = (1, len(run.source.lines)) if function is None else (function.line, function.last_line)
        caller = 0 if function is None else recorded.called_at(run, event, function, executed=executed)
        if caller:
            said = tr("called at line {line}", line=caller), notes.get(first, "")
            notes = {**notes, first: ", ".join(filter(None, said))}
        lines = own_lines(event, self._lines(first, last), notes, line, executed=executed)
        stops = {stop.line for stop in self.stops if isinstance(stop, LineStop) and stop.enabled}
        signs = {} if self.verdicts is None else {n: sign(mark) for n, mark in self.verdicts.lines.items()}
        return tuple(
            replace(
                one,
                stop=one.number in stops,
                cursor=one.number == self.cursor,
                said=signs.get(one.number, ""),
            )
            if one.number in stops or one.number == self.cursor or signs.get(one.number)
            else one
            for one in lines
        )

    def _choose(self, name: str, at: int) -> None:
        self.choice = replace(self.choice, faces=tuple({**dict(self.choice.faces), name: at}.items()))

    def _chosen(self, faces: Mapping[str, int]) -> Chosen:
        """The choice that a session has."""
        brought = sorted((at, name[len(BROUGHT) :]) for name, at in faces.items() if name.startswith(BROUGHT))
        own = tuple((name, at) for name, at in faces.items() if not name.startswith(BROUGHT))
        for name in (*(name for _, name in brought), *(name for name, _ in own)):
            if name not in self._made.infos:
                known = ", ".join(self._made.infos)
                raise SessionError(
                    tr("the view shows an array {name!r}; the arrays are {known}", name=name, known=known)
                )
        return Chosen(own, tuple(name for _, name in brought))

    def _marked(self, panel: Panel) -> Panel:
        """The panel with the stops and the marks that stand on its face."""
        if panel.note:
            return replace(panel, window=None, used=None, changed=None, now=None, near=None)
        name, shown = panel.face.name, panel.face
        stops = [
            stop.index
            for stop in self.stops
            if isinstance(stop, Watchpoint) and stop.enabled and stop.array == name
        ]
        cells = frozenset(place for index in stops if (place := shown.find(tuple(index))) is not None)
        wanted = self.marks.get(name, {}).items()
        marks = {place: mark for index, mark in wanted if (place := shown.find(index)) is not None}
        panel = replace(panel, stops=cells, marks=marks) if cells or marks else panel
        return panel if self.unedited is None else self.unedited.marked(panel)


def _turn_of(around: int) -> Key:
    """What all steps have in common that are in the same turn of the loops around one."""

    def key(loops: tuple[Loop, ...]) -> object:
        loops = loops[: max(len(loops) - around, 1)]
        return tuple((loop.line, loop.name) for loop in loops), tuple(loop.at for loop in loops[:-1])

    return key
