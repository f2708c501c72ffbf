"""RecordingStage: the scenes of a recorded function: its arrays, its own lines, what a step came to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from convstep.candidate.record.file import save
from convstep.candidate.verdicts.marks import DIFFERS
from convstep.language import tr
from convstep.printable import printable
from convstep.recording.glance import glance
from convstep.replay.session import SessionError
from convstep.replay.stop_kinds import LineStop, Stop, Watchpoint
from convstep.replay.stop_list import Stops
from convstep.steps.event import Event, Loop
from convstep.steps.stepped import Stepped
from convstep.view.grid.panel import Cell, Panel, beside_key
from convstep.view.numbers.scale import round_limit
from convstep.view.numbers.text import full
from convstep.view.panels import recorded
from convstep.view.panels.resuming import Resumed, resumed_run
from convstep.view.panels.stretches import Key, Seen, Stretch, Stretches, placed_at
from convstep.view.panels.writers import WriterTable
from convstep.view.scene.build import build
from convstep.view.scene.own_lines import own_lines
from convstep.view.scene.said import sign
from convstep.view.scene.scene import Scene
from convstep.view.scene.staged import Facts, Listing, Spot, StagedSource

if TYPE_CHECKING:
    from convstep.candidate.verdicts.marks import Verdicts
    from convstep.recording.log import Ended
    from convstep.recording.recording import Recording
    from convstep.replay.session import Session

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person wants to see other than what the loop is at."""

    faces: tuple[tuple[str, int], ...] = ()
    """By array, which of its faces, counted through the axes that are not seen."""
    brought: tuple[str, ...] = ()
    """Arrays that are shown beside those of the loop, in the order in which they were brought in."""


PLACES = 8
"""Places of a long run at which the arrays' magnitudes are looked at."""
MEASURED = 2_000
"""Steps of a stretch that are walked at once to see how large its arrays get."""
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

    def __post_init__(self) -> None:
        self._infos = {info.name: info for info in self.recording.catalogue}
        self._order = {name: number for number, name in enumerate(self._infos)}
        self._limits: dict[str, float] = {}
        self._scout = self.recording.scout()
        self._stretches = Stretches(self.recording, self._shape)
        self._measured: list[Stretch] = []
        self._arrays: tuple[tuple[int, int], Mapping[str, Array]] = ((-1, 0), {})

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
        run = self.recording
        event, stretch, there = run.event, self._stretch(run.event), self._there
        arrays = {name: recorded.nothing(self._shape(name)) for name in stretch.names if name not in there}
        arrays |= there
        names = [*stretch.names, *(name for name in self.choice.brought if name not in stretch.seen)]
        panels = [self._panel(name, stretch, event) for name in dict.fromkeys(names)]
        for number in range(1, max(self.beside.values(), default=0) + 1):
            panels += [
                self._panel(panel.face.name, stretch, event, number)
                for panel in panels[: len(names)]
                if number <= self.beside.get(panel.key, 0)
            ]
        executed = event.index < run.position
        numbers = recorded.statement_texts(event)
        words = recorded.words_of(event, numbers)
        scene = build((run.position, run.total), event, arrays, _staged(panels), words=words)
        notes = recorded.notes_of(event, numbers) if executed or event.made else {}
        line = self._line(event)
        own = own_lines(event, self._function(line), notes, line, executed=executed)
        remarks = recorded.remarks_of(event, arrays)
        if (ended := self._ended) is not None:
            remarks.insert(0, ended.sentence)
        now = None if self.verdicts is None or run.made else self.verdicts.positions.get(run.position)
        if now is not None and now.kind == DIFFERS:
            remarks.insert(0, f"{sign(now)} {printable(now.how, None)}")
        stops = {stop.line for stop in self.stops if isinstance(stop, LineStop) and stop.enabled}
        signs = {} if self.verdicts is None else {n: sign(mark) for n, mark in self.verdicts.lines.items()}
        own = tuple(
            replace(
                line,
                stop=line.number in stops,
                cursor=line.number == self.cursor,
                said=signs.get(line.number, ""),
            )
            if line.number in stops or line.number == self.cursor or signs.get(line.number)
            else line
            for line in own
        )
        marked = tuple(map(self._marked, scene.panels))
        return replace(scene, panels=marked, own=own, remarks=tuple(remarks))

    def loop_end(self, around: int) -> int:
        """The next position at which the innermost loop, or one around it, is complete."""
        run = self.recording
        if run.position == run.total:
            return run.total
        return self._stretches.while_alike(run.position, _turn_of(around), 1) + 1

    def loop_start(self, around: int) -> int:
        """The previous position at which it begins."""
        begun = self.recording.position - (0 if self.recording.made else 1)
        if not self.recording.total:
            return 0
        return self._stretches.while_alike(max(begun, 0), _turn_of(around), -1)

    def in_sample(self, by: int) -> int | str:
        """Nobody knows which loop goes through samples."""
        return tr("a recording does not know which of its loops goes through samples")

    def place_words(self, position: int) -> str:
        """Where the step that leads to a position is in its loops, or at which line."""
        event = glance(self.recording, position - 1)
        return Scene(position, self.recording.total, event, (), ()).place or tr(
            "line {line}", line=event.line
        )

    def first_nonfinite(self, scout: Stepped, leave: Callable[[], bool]) -> Spot | None:
        """The first step that writes a NaN or an infinity, and the cell."""
        scout.seek(0)
        while scout.next() is not None:
            found = recorded.nonfinite(scout.event, scout.arrays)
            if found is not None:
                array, cell = found
                value = full(scout.arrays[array][cell])
                words = f"{recorded.cell_name(array, cell)} = {value}"
                return Spot(scout.position, array, cell, words)
            if scout.position % 256 == 0 and leave():
                return None
        return None

    # panels

    @property
    def followed(self) -> str:
        """The first panel."""
        stretch = self._stretch(self.recording.event)
        return self._key(stretch.names[0]) if stretch.names else ""

    @property
    def mapped(self) -> str:
        """None: any array may stand anywhere."""
        return ""

    @property
    def unmeasured(self) -> bool:
        """Whether the recording is long; then colours first go by what is seen."""
        return self.recording.total > MEASURED

    def magnitudes(self) -> dict[str, float]:
        """How large the arrays get, looked at in a few places of the run."""
        scout, found = self.recording.scout(), dict[str, float]()
        for place in range(1, PLACES + 1):
            scout.seek(scout.total * place // PLACES)
            for name, values in scout.arrays.items():
                found[name] = max(found.get(name, 0.0), recorded.magnitude(values))
        return found

    def take_magnitudes(self, found: Mapping[str, float]) -> None:
        """Let colours saturate there."""
        self._limits = {
            name: max(found.get(name, 0.0), self._limits.get(name, 0.0)) for name in {**self._limits, **found}
        }

    def toggle_array(self, name: str) -> bool:
        """Show an array beside those of the loop, or take it away again; one of the loop's own stays."""
        brought = self.choice.brought
        kept = tuple(other for other in brought if other != name)
        self.choice = replace(self.choice, brought=kept if name in brought else (*brought, name))
        return name in self.choice.brought or name in self._stretch(self.recording.event).seen

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
        event = self.recording.event
        stretch, shape = self._stretch(event), self._shape(array)
        seen = self._seen(array, stretch)
        if len(cell) == len(shape) and len(seen.axes) < len(shape):
            self._choose(array, recorded.number_of(cell, seen.axes, shape))

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
        index = panel.face.index(*cell)
        writers = self.recording.writers(panel.face.name, index)
        return WriterTable(recorded.cell_name(panel.face.name, index), writers, self.recording.position)

    def cell_words(self, panel: Panel, cell: Cell) -> str:
        """A cell with all its digits."""
        value = panel.face.values[cell]
        written = full(value) if value.dtype.kind == "f" else str(value)
        return f"{panel.face.cell(*cell)} = {written}"

    # words

    def facts(self) -> Facts:
        """The written arrays with their shapes."""
        stretch = self._stretch(self.recording.event)
        shapes = [recorded.shape_words(name, self._shape(name)) for name in stretch.names]
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
        run = self.recording
        return [
            alarm.text for alarm in run.alarms if alarm.step == run.event.index and run.position > alarm.step
        ]

    # beside the run

    def save(self, path: str) -> None:
        """Write the recording."""
        save(self.recording, path)

    # inside

    @property
    def _there(self) -> Mapping[str, Array]:
        """The arrays that there are, looked for once at every place."""
        run = self.recording
        place = run.position, run.made
        if self._arrays[0] != place:
            self._arrays = place, run.arrays
        return self._arrays[1]

    @property
    def _ended(self) -> Ended | None:
        """Why there is no further step, at the last one of a function that did not return."""
        return self.recording.ended if self.recording.position == self.recording.total else None

    def _line(self, event: Event) -> int:
        """The line at which a step stands; of one that has not begun that of its first statement."""
        if self._ended is not None and self._ended.line:
            return self._ended.line
        executed = event.index < self.recording.position
        return event.line if executed or event.made or not event.statements else event.statements[0].line

    def _function(self, line: int) -> dict[int, str]:
        """The lines of the innermost function around a line, by their numbers; all, if it stands in none."""
        source = self.recording.source
        around = (one for one in self.recording.log.sites.functions if one.line <= line <= one.last_line)
        found = min(around, key=lambda one: one.last_line - one.line, default=None)
        numbers = range(1, len(source.lines) + 1) if found is None else range(found.line, found.last_line + 1)
        return {number: source.line(number) for number in numbers}

    def _stretch(self, event: Event) -> Stretch:
        """The stretch of a step, its magnitudes measured at its end."""
        stretch = self._stretches.at(event)
        if stretch not in self._measured:
            self._measured.append(stretch)
            if 0 < len(stretch.steps) <= MEASURED:
                self._scout.seek(stretch.steps.stop)
                arrays = self._scout.arrays
                for name in stretch.names:
                    self._measure(name, arrays.get(name))
        return stretch

    def _measure(self, name: str, values: Array | None) -> float:
        """The magnitude at which an array's colours are full; it only grows."""
        if values is not None:
            self._limits[name] = max(self._limits.get(name, 0.0), recorded.magnitude(values))
        return round_limit(self._limits.get(name, 0.0))

    def _panel(self, name: str, stretch: Stretch, event: Event, further: int = 0) -> Panel:
        """The panel of an array at a step, without anything of the step on it."""
        array, shape, seen = self._there.get(name), self._shape(name), self._seen(name, stretch)
        key = self._key(name)
        fixed = placed_at(seen, shape, event, name)
        count = math.prod(length for axis, length in enumerate(shape) if axis not in seen.axes)
        chosen = dict(self.choice.faces).get(
            name, recorded.number_of(fixed, seen.axes, shape) if count else 0
        )
        at = (chosen + further) % max(count, 1)
        shown = recorded.face_of(name, array, shape, recorded.fixed_at(at, seen.axes, shape))
        line = self._infos[name].line if name in self._infos else 0
        return Panel(
            beside_key(key, further) if further else key,
            shown,
            self._measure(name, shown.values if array is not None else None),
            caption="written" if name in stretch.written else "",
            framed=seen.framed,
            choices=(max(count, 1), at),
            listed=len(shape) == 1,
            whole=array is not None and array.dtype.kind in "biu",
            note=recorded.note_of(array, shape, line),
        )

    def _key(self, name: str) -> str:
        return f"array{self._order.setdefault(name, len(self._order))}"

    def _shape(self, name: str) -> tuple[int, ...]:
        """Of an array, wherever in the run it is first seen."""
        array = self._there.get(name)
        if array is not None:
            return array.shape
        return self._infos[name].shape if name in self._infos else ()

    def _seen(self, name: str, stretch: Stretch) -> Seen:
        """How an array is seen: as the stretch sees it, or in its last axes."""
        rank, seen = len(self._shape(name)), stretch.seen.get(name)
        if seen is None or any(axis >= rank for axis in seen.axes) or len(seen.axes) != min(rank, 2):
            return Seen(tuple(range(max(rank - 2, 0), rank)), {}, framed=False)
        return seen

    def _choose(self, name: str, at: int) -> None:
        self.choice = replace(self.choice, faces=tuple({**dict(self.choice.faces), name: at}.items()))

    def _chosen(self, faces: Mapping[str, int]) -> Chosen:
        """The choice that a session has."""
        brought = sorted((at, name[len(BROUGHT) :]) for name, at in faces.items() if name.startswith(BROUGHT))
        own = tuple((name, at) for name, at in faces.items() if not name.startswith(BROUGHT))
        for name in (*(name for _, name in brought), *(name for name, _ in own)):
            if name not in self._infos:
                known = ", ".join(self._infos)
                raise SessionError(
                    tr("the view shows an array {name!r}; the arrays are {known}", name=name, known=known)
                )
        return Chosen(own, tuple(name for _, name in brought))

    def _marked(self, panel: Panel) -> Panel:
        """The panel with the stops and the marks that stand on its face."""
        if panel.note:
            return replace(panel, window=None, changed=None, now=None, near=None)
        name, shown = panel.face.name, panel.face
        stops = [
            stop.index
            for stop in self.stops
            if isinstance(stop, Watchpoint) and stop.enabled and stop.array == name
        ]
        cells = frozenset(place for index in stops if (place := shown.find(tuple(index))) is not None)
        wanted = self.marks.get(name, {}).items()
        marks = {place: mark for index, mark in wanted if (place := shown.find(index)) is not None}
        return replace(panel, stops=cells, marks=marks) if cells or marks else panel


def _staged(panels: list[Panel]) -> list[Panel]:
    """The first panel that is written and the first that is read are the large ones."""
    large = {
        panel.key
        for panel in (*[p for p in panels if p.caption][:1], *[p for p in panels if not p.caption][:1])
    }
    return [replace(panel, stage=panel.key in large) for panel in panels]


def _turn_of(around: int) -> Key:
    """What all steps have in common that are in the same turn of the loops around one."""

    def key(loops: tuple[Loop, ...]) -> object:
        loops = loops[: max(len(loops) - around, 1)]
        return tuple((loop.line, loop.name) for loop in loops), tuple(loop.at for loop in loops[:-1])

    return key
