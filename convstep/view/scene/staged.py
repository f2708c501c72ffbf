"""Staged: what a debugger asks of whatever it shows: its scenes, and what keys and clicks on cells mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from convstep.frozen import NamedTuple
from convstep.language import tr
from convstep.view.grid.panel import Cell, Panel, Span
from convstep.view.numbers.text import full

if TYPE_CHECKING:
    import numpy as np
    from rich.text import Text

    from convstep.replay.edits import Numbers
    from convstep.replay.session import Session
    from convstep.replay.stop_kinds import Stop
    from convstep.replay.stop_list import Stops
    from convstep.snippet import Snippet
    from convstep.steps.stepped import Stepped
    from convstep.view.scene.compared import Compared
    from convstep.view.scene.scene import Scene
    from convstep.view.scene.window import Window


class Spot(NamedTuple):
    """Where to go in the debugger, the cell to point at there, and what to say."""

    position: int
    """How many steps are executed."""
    array: str
    """As a panel has it; one that no panel shows is not pointed at."""
    cell: tuple[int, ...]
    """An index into that array."""
    words: str
    """What was found."""


class Resumed(NamedTuple):
    """A session of a run that has all it names."""

    stops: tuple[Stop, ...]
    """In the order they were made."""
    choice: Any
    """Which faces were chosen."""
    mode: str
    """How values were shown; "" for however the screen begins."""
    precision: int
    """Columns added to every number."""
    card: str
    """What was seen of a step; "" for however the screen begins."""


class Facts(NamedTuple):
    """What the title says of a run, a few words each, the most telling first."""

    said: Sequence[str]
    """All of them; they are dropped from the end for room."""
    kept: Sequence[str] = ()
    """Those that are never dropped."""
    spared: Sequence[str] = ()
    """Those that are dropped first: the panels show them as well."""


class Listing(Protocol):
    """The steps that made a cell, a row each; nothing is drawn before it is asked for."""

    done: int
    """How many of them are executed."""

    def __len__(self) -> int:
        """How many rows there are."""

    @property
    def title(self) -> str:
        """The cell, how many steps make it, and how many have."""

    @property
    def summary(self) -> str:
        """The value now and in the end; or why there is no row."""

    def fit(self, width: int) -> None:
        """Choose columns for a width."""

    def header(self) -> Text:
        """The columns' names."""

    def row(self, at: int) -> Text:
        """One row, counted from 0."""

    def step(self, at: int) -> int:
        """The step of a row, from 0."""


class Prepared(Protocol):
    """What goes far, and needs to be prepared for that; see `Stepped`."""

    def prepared(self, position: int) -> bool:
        """Whether a position takes no time to speak of."""

    def prepare(self, position: int) -> Iterator[float]:
        """Build what it needs; yields how far that is."""


class Input(NamedTuple):
    """A cell of what a run begins with."""

    array: str
    """Which array, as `with_numbers` calls it."""
    cell: tuple[int, ...]
    """Its index."""
    number: np.generic
    """What it holds."""


class Beside(Protocol):
    """The run as it is without the numbers that somebody edited."""

    numbers: Numbers
    """What was edited."""

    def with_words(self, words: str, panel: Panel, cell: Cell) -> str:
        """What is said of a cell, with what it holds without the edits if that is something else."""


def digits(value: Any) -> str:
    """A number of an array in full."""
    return full(value) if value.dtype.kind == "f" else str(value)


class Staged(Protocol):
    """The scenes of one run, with the faces, stops and marks that a person chose.

    What is written out here holds of any run; a stage that inherits it answers otherwise where it knows more.
    """

    choice: Any
    """Which faces are shown: compared and handed back, never looked into."""
    beside: Mapping[str, int]
    """How many further faces stand beside a panel, by its key."""
    stops: Stops
    """Where runs stop; those on cells are marked."""
    marks: Mapping[str, Mapping[tuple[int, ...], str]]
    """What somebody puts on cells: a character by array and index."""

    forward: bool = False
    """Whether it is the forward pass of what has both: `--forward` on the command line."""

    # the run

    @property
    def run(self) -> Stepped:
        """What is shown; the screen moves it."""

    def scout(self) -> Stepped:
        """Another run over the same steps, for searches and threads."""

    def scene(self) -> Scene:
        """The scene at the run's position. Costs do not grow with the arrays."""

    def window(self, scene: Scene) -> Window | None:
        """The step of a scene as the forward pass makes it; None where there is no such pass."""
        return None

    def behind(self, step: int, most: int) -> Sequence[tuple[str, str]]:
        """The last so many steps before one: what each has done, and the one number that this changed.

        There are none where that takes time. Steps count from 0.
        """
        return ()

    def prepared(self, position: int) -> bool:
        """Whether the scene at a position takes no time to speak of."""
        return all(run.prepared(position) for run in self._runs)

    def prepare(self, position: int) -> Iterator[float]:
        """Build what the scene at a position needs, beside the screen; yields how far it is."""
        runs = self._runs
        for number, run in enumerate(runs):
            for done in run.prepare(position):
                yield (number + done) / len(runs)

    @property
    def _runs(self) -> Sequence[Prepared]:
        """What a scene is made of: the run, and what stands beside it."""
        return [self.run]

    def loop_end(self, around: int) -> int:
        """The next position at which the innermost loop is complete, or the one around it (1)."""
        run, length = self.run, self._steps_in(around)
        return min((run.position // length + 1) * length, run.total)

    def loop_start(self, around: int) -> int:
        """The previous position at which a loop begins; see `loop_end`."""
        run, length = self.run, self._steps_in(around)
        begun = run.position - (0 if run.made else 1)
        return max(begun // length * length, 0)

    def _steps_in(self, around: int) -> int:
        """How many steps there are in the innermost loop, or in the one around it."""
        counts = self.run.layout.nest.counts
        return counts[-1] if around == 0 else counts[-2] * counts[-1]

    def in_sample(self, by: int) -> int | str:
        """The position of the same place in another sample, or why there is none."""

    @property
    def turns(self) -> bool:
        """Whether the same steps can be shown in the other direction, forward or backward."""
        return False

    def place_words(self, position: int) -> str:
        """Where the step that leads to a position is, in words: `i_h 4, i_w 2`; the position is not 0."""
        return self.run.layout.nest.text_of(position - 1)

    def first_nonfinite(self, scout: Stepped, leave: Callable[[], bool]) -> Spot | None:
        """Where the first NaN or inf is made; the scout is one of `scout()`.

        `leave` is asked now and then; when it says so the search ends with None.
        """

    # panels

    @property
    def followed(self) -> str:
        """The key of the panel that has the keys first, and whenever no other has them."""

    @property
    def mapped(self) -> str:
        """The key of the panel whose face the map shows; "" for none."""

    def swept(self, old: Scene, new: Scene) -> Mapping[str, Span]:
        """By array, the block of its faces that was written between two scenes, where it is known."""
        return {}

    @property
    def unmeasured(self) -> bool:
        """Whether the arrays' magnitudes are too much work to find before the first screen."""
        return False

    def magnitudes(self) -> dict[str, float]:
        """How large the written arrays get, by name; takes time with the arrays."""
        return {}

    def take_magnitudes(self, found: Mapping[str, float]) -> None:
        """Let colours saturate at these magnitudes; one that is never unmeasured is given none."""
        return

    # faces

    @property
    def follows(self) -> bool:
        """Whether all faces follow the loop: nothing else was chosen."""

    def follow(self) -> None:
        """Let all faces follow the loop."""

    def turn(self, panel: Panel, by: int) -> None:
        """Choose another face of a panel."""

    def turn_to(self, array: str, cell: tuple[int, ...]) -> None:
        """Choose a face on which a cell stands."""

    def kept_faces(self) -> dict[str, int]:
        """The chosen faces as a session keeps them, by a name; `resumed` brings them back."""

    def resumed(self, session: Session) -> Resumed:
        """What a session brings back.

        A `SessionError` is one sentence that says what it names and this run lacks, and what that has.
        """

    def toggle_share(self) -> str:
        """Show one sample's share in place of the whole batch's sums, or these again; says what is shown."""
        return tr("a sample's share is shown only of conv2d and without a candidate: convstep open")

    # cells

    @property
    def untouched(self) -> str:
        """What a cell says that is written at no step."""
        return tr("no step writes this cell")

    @property
    def made(self) -> Sequence[str]:
        """The arrays whose cells steps make, as the panels show them."""
        return [*self.run.layout.written]

    @property
    def stopping(self) -> str:
        """The arrays on whose cells a stop can stand, in words."""
        return ", ".join(self.made)

    def stop_at(self, panel: Panel, cell: Cell) -> Stop | None:
        """The stop that a cell stands for: a step's place, or a cell that is written; else None."""

    @property
    def stop_forms(self) -> tuple[str, str]:
        """Examples of stops that are typed, and what may be typed beside conditions and cells, in words."""
        layout = self.run.layout
        return layout.example, tr("a step number") if layout.executing is None else tr("a line: `line 12`")

    def steps_of(self, stop: Stop) -> Sequence[int]:
        """The steps at which a stop on a place, a cell or a line waits, ascending; none if nobody knows."""
        from convstep.replay.stop_kinds import Watchpoint

        steps = stop.steps(self.run.layout)
        if steps is None and isinstance(stop, Watchpoint):
            return self.run.touching(stop.array, stop.index)
        return steps or ()

    def step_of(self, panel: Panel, cell: Cell) -> int | None:
        """The one step that a click on a cell leads to; None where it leads nowhere."""
        from convstep.replay.stop_kinds import Breakpoint

        stop = self.stop_at(panel, cell)
        steps = self.steps_of(stop) if isinstance(stop, Breakpoint) else ()
        return steps[0] if len(steps) else None

    def made_by(self, panel: Panel, cell: Cell) -> Listing | None:
        """The steps that make a cell; None for a cell that no step writes."""
        return self.made_of(panel.face.name, panel.face.index(*cell))

    def made_of(self, array: str, index: tuple[int, ...]) -> Listing | None:
        """The same, of a cell of an array by its name."""
        return None

    def cell_words(self, panel: Panel, cell: Cell) -> str:
        """A cell in full precision: `dW[0, 1, 2, 0] = 0.123`."""
        part = f" ({panel.part})" if panel.part else ""
        words = f"{panel.face.cell(*cell)}{part} = {digits(panel.face.values[cell])}"
        return words if self.unedited is None else self.unedited.with_words(words, panel, cell)

    # what it begins with

    @property
    def unedited(self) -> Beside | None:
        """What it is held against, where numbers were edited."""
        return None

    @property
    def numbers(self) -> Numbers:
        """What was edited of that: this is the run as it is with these numbers."""
        return {} if self.unedited is None else self.unedited.numbers

    def input_at(self, panel: Panel, cell: Cell) -> Input | str | None:
        """The cell of an input that a panel's cell shows, or why it is none; None on a panel of no input."""
        return None

    def input_of(self, array: str, cell: tuple[int, ...]) -> Input:
        """A cell of an input by the array's name; asked only where a lesson knows that there is one."""
        raise KeyError(array)

    def with_numbers(self, numbers: Numbers) -> Staged:
        """The stage of a new run in which some inputs hold other numbers, before its first step.

        The numbers are all that is edited of what there was in the beginning, whatever is edited here. A
        ValueError says in one sentence that there cannot be such a run.
        """
        raise ValueError(tr("the numbers of this run cannot be changed"))

    # words

    def facts(self) -> Facts:
        """What the title says of the run."""

    def standing(self) -> str:
        """What the status line says when no cell is asked about."""

    def remarks(self) -> list[str]:
        """What the status line says beside the cell."""
        return []

    def caption(self) -> str:
        """What a picture of this place is called, in a line."""
        run, position = self.run, self.run.position
        executed = f"step {position} of" if position else "before step 1 of"
        return f"{executed} {run.total} ({self.place_words(max(position, 1))})"

    @property
    def source_title(self) -> str:
        """The file in which the lines of the loop stand."""
        return ""

    def last_words(self) -> str:
        """What a key that leads forward is answered with at the last step, where nothing comes after it."""
        return tr("this is the last step")

    @property
    def all_finite(self) -> str:
        """What is said where no step makes a NaN or inf."""
        return tr("no step makes a NaN or inf")

    # beside the run

    @property
    def compares(self) -> bool:
        """Whether its gradients are compared with PyTorch's, if not everywhere."""
        return False

    def compared(self) -> Compared | None:
        """What oracles can be asked about where it stands; None where there is no such thing."""
        return None

    def checking(self) -> Callable[[], str] | None:
        """Where nothing is compared: says, in a thread, how the arrays do as they stand now, or why not."""
        return None

    def save(self, path: str) -> None:
        """Write what is stepped through to a file that the command line opens; an OSError if it cannot be."""
        raise OSError(tr("there is no file for this"))

    def case(self, name: str, function: str = "") -> Snippet:
        """What is stepped through as code that runs by itself; it may take a while.

        `function` is what the command line says to record a recorded one. A `SnippetError` if it cannot be
        written.
        """
        from convstep.snippet import SnippetError

        raise SnippetError(tr("this cannot be written as code"))


class StagedSource(Staged, Protocol):
    """The scenes of somebody's own function: its source is beside the panels, and any array can join them."""

    cursor: int
    """The line of the source under the cursor, as the file counts, which is drawn so; 0 while there is none.
    Lines with a `LineStop` among `stops` are marked as well."""

    def toggle_array(self, name: str) -> bool:
        """Bring an array in as a panel, or take one out; returns whether it is shown now."""
