"""The mode of a recorded function: its own source with a cursor, its arrays, what its lines are worth."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widget import Widget

from convstep.language import tr
from convstep.printable import printable
from convstep.replay.stop_kinds import LineStop
from convstep.ui.commands import RECORDED
from convstep.ui.debugger.host import Handler, Handlers, Host
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.debugger.state import State
from convstep.ui.debugger.stops import STOP_MARK
from convstep.ui.modes.anew import Record, RecordedAnew
from convstep.ui.modes.mode import Marks, Mode
from convstep.ui.modes.said import Said
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.ui.widgets.text_pane import TextPane
from convstep.view.layout.arrange import CARD, SOURCE, Plan
from convstep.view.layout.present import arrange_presented
from convstep.view.layout.recording import arrange_recording
from convstep.view.panels.recording import RecordingStage
from convstep.view.scene.catalogue import ArrayTable
from convstep.view.scene.expressions import draw_parts, parts, statement_at
from convstep.view.scene.outcome import draw_outcome

if TYPE_CHECKING:
    from pathlib import Path

    from convstep.recording.recording import Recording
    from convstep.replay.edits import Numbers


class RecordingMode(Mode):
    """Somebody's own function, as it ran."""

    footer = RECORDED
    lacks = frozenset({"compare", "share", "next-sample", "previous-sample"})
    host: DebuggerScreen

    def __init__(
        self,
        stage: RecordingStage,
        name: str,
        command_name: str,
        options: Sequence[str] = (),
        *,
        record: Record | None = None,
        at_once: Callable[[Numbers], bool] = lambda numbers: False,
        live: bool = True,
    ) -> None:
        """Debug a recording; for the names and options see `RecordingApp`.

        `record` records the same call with other numbers, and says what its gradients should be then, of an
        operator's; None if it cannot be recorded again. `at_once` tells whether that takes no time to speak
        of with these numbers, and runs nobody's code. `live`: going on at the last step opens the comparison
        of an operator's gradients.
        """
        super().__init__(State(stage, name, command_name), compare_at_end=live)
        if stage.compares:
            self.lacks = self.lacks - {"compare"} | {"outcome"}
        self._options: Sequence[str] = options
        self.anew = RecordedAnew(self.state, record, lambda: self.after_edit(), at_once)
        self.after_edit: Callable[[], object] = lambda: None
        """What there is to do once it was recorded with other numbers."""
        self.said = Said(self.state, lambda: self.host, lambda: self._line)
        """What the author's own forward says of it."""
        self.state.tab = SOURCE
        self._highest: tuple[object, int] = (None, 0)

    @property
    def stage(self) -> RecordingStage:
        """What builds the scenes; another one once the function was recorded anew."""
        assert isinstance(self.state.stage, RecordingStage)
        return self.state.stage

    @property
    def recording(self) -> Recording:
        """What is stepped through."""
        return self.stage.recording

    def enter(self, host: Host) -> None:
        """Belong to a screen."""
        assert isinstance(host, DebuggerScreen)
        self.host = host

    def opened(self) -> None:
        """Say that the recording does not hold all of the run."""
        super().opened()
        ended = self.recording.ended
        if ended is not None and ended.kind == "budget":
            self.host.call_after_refresh(self.host.say, ended.sentence)

    def handlers(self) -> Handlers:
        """What is done with lines and arrays."""
        return {
            "line-up": Handler(lambda: self._move_cursor(-1), self._on_source),
            "line-down": Handler(lambda: self._move_cursor(1), self._on_source),
            "stop-line": Handler(self._toggle_stop, self._on_source),
            "next-line": Handler(lambda: self._to_line(backwards=False), self._on_source),
            "previous-line": Handler(lambda: self._to_line(backwards=True), self._on_source),
            "values-of-line": Handler(self._show_values, self._on_source),
            "arrays": Handler(self._list_arrays),
            "outcome": Handler(self._show_outcome),
            **self.said.handlers(),
        }

    # what stands on it

    @property
    def first_part(self) -> str:
        """The source."""
        return SOURCE

    def parts(self) -> list[Widget]:
        """The source, the panels, the step."""
        return [
            TextPane(SOURCE, self.stage.source_title.replace("[", r"\["), self._put_cursor),
            *(TensorGrid(panel.key) for panel in self.state.scene.panels),
            TextPane(CARD, tr("this step")),
        ]

    def plan(self, width: int, height: int) -> Plan:
        """Where the parts stand."""
        state, panels = self.state, self._first_panels()
        if state.presenting and panels:
            return arrange_presented(width, height, panels, state.maximised)
        size = self.stage.source_size
        upper = 0 if state.maximised else self._upper(width, height)
        return arrange_recording(width, height, panels, state.tab, state.maximised, size, upper)

    def _upper(self, width: int, height: int) -> int:
        """Lines above the step where it has all the width, the most that any step has; 0 if none has them.

        Looked for once for each size, so that neither source nor step moves when a loop begins.
        """
        for_what = self.stage, self.stage.choice.brought, width, height
        if self._highest[0] != for_what:
            plans = [
                arrange_recording(width, height, panels, source=self.stage.source_size)
                for panels in self.stage.outlines()
            ]
            places = [plan.places[CARD] for plan in plans if not plan.tabs]
            self._highest = for_what, max((at.y for at in places if at.width == width), default=0)
        return self._highest[1]

    def plan_beside_page(self, width: int, height: int) -> Plan:
        """The same: there is never room for everything at once."""
        return self.plan(width, height)

    def marks(self, place_of: Callable[[int], int], columns: int) -> Marks:
        """Where it differs from what the author's own forward says."""
        return self.said.marks(place_of)

    # what is said

    def title_facts(self) -> list[str]:
        """Whether it ended here other than by returning, then its arrays."""
        ended = self.recording.ended if self.state.at_end else None
        words = {"raised": tr("it raised here"), "budget": tr("the recording ends here")}
        return [*([words[ended.kind]] if ended is not None else []), *super().title_facts()]

    @property
    def after_end(self) -> str:
        """How it ended is said, or its gradients are compared."""
        return super().after_end if self.stage.compares else tr("n says how it ended")

    def past_end(self) -> bool:
        """Say how it ended, unless its gradients are compared."""
        if not self.stage.compares:
            self._show_outcome()
        return not self.stage.compares

    # ways back to here

    @property
    def function(self) -> str:
        """What the command line says to record it anew."""
        name = self.state.called
        return shlex.join([name, *self._options]) if name and not name.endswith(".npz") else ""

    def command_here(self) -> str:
        """The command that records it anew, or opens the file that holds it, and goes to this place.

        A ValueError if there is no such file yet, and none can be written.
        """
        from convstep.replay.session import permalink

        session = self.host.asking.session()
        first, opens, name, *rest = shlex.split(permalink(session, self.state.timeline.layout))
        options = () if self.state.edits.numbers else self._options
        return shlex.join([first, opens, name, *options, *rest])

    def name_for_session(self) -> str:
        """What the command line calls it; of a function that a script has called a file, which is written."""
        from convstep.replay.session import SessionError
        from convstep.ui.temporary_files import in_new_folder

        state = self.state
        if state.edits.numbers:
            return state.called
        if not state.command_name:
            path = in_new_folder(state.name)
            try:
                self.stage.save(path)
            except OSError as error:
                said = tr("the recording cannot be saved: {reason}", reason=error.strerror or error)
                raise SessionError(said) from error
            state.command_name, self._options = path, ()
        return state.command_name

    def save_beside(self, path: Path) -> str:
        """Write the recording beside a session's file, so that opening that runs nothing; its name."""
        from convstep.candidate.record.marked import holds_recording

        edits = self.state.edits
        if self.stage.compares and ":" not in self.state.command_name and not edits.numbers:
            return self.state.command_name  # all that opening needs
        beside = path.with_suffix(".npz")
        if beside.exists() and not holds_recording(beside):
            raise ValueError(tr("{path} is another file; choose another name", path=beside))
        self.stage.save(str(beside))
        if edits.numbers:
            self.state.saved[str(beside)] = edits
        return beside.name

    # lines

    @property
    def _line(self) -> int:
        """The line under the cursor: where the step stands, until it is moved."""
        return self.stage.cursor or self.state.scene.event.line

    def _on_source(self) -> bool:
        """Whether the source has the keys."""
        focused = self.host.focused
        return isinstance(focused, TextPane) and focused.key == SOURCE

    def _move_cursor(self, by: int) -> None:
        """To the line above or below, within the function that the step runs in."""
        numbers = [line.number for line in self.state.scene.source]
        if not numbers:
            return
        at = numbers.index(self._line) if self._line in numbers else 0
        self._put_cursor(numbers[min(max(at + by, 0), len(numbers) - 1)])

    def _put_cursor(self, line: int) -> None:
        """To a line, and say what is there."""
        self.stage.cursor = line
        self.host.show()
        self.host.say(self._line_words())

    def _line_words(self) -> str:
        number = self._line
        stop = next((stop for stop in self.state.stops if stop.like(LineStop(number))), None)
        text = printable(self.recording.source.line(number).strip(), None)
        words = tr("line {line}: {text}", line=number, text=text)
        return f"{STOP_MARK} {words}" if stop else words

    def _toggle_stop(self) -> None:
        """A stop at the line under the cursor, or none there any more."""
        stop = LineStop(self._line)
        steps = stop.steps(self.state.timeline.layout)
        if steps is not None and not len(steps):
            self.host.say(tr("no step executes line {line}: a stop there is never reached", line=stop.line))
            return
        made = self.state.stops.toggle(stop)
        self.host.stops.changed()
        if made:
            self.host.say(tr("stop {id} set: {stop}", id=made.id, stop=made))
        else:
            self.host.say(tr("stop removed: {stop}", stop=stop))

    def _to_line(self, *, backwards: bool) -> None:
        """To the next (previous) step that executes the line under the cursor."""
        none = tr(
            "no earlier step executes line {line}" if backwards else "no later step executes line {line}",
            line=self._line,
        )
        self.host.runs.to_next(LineStop(self._line), none, backwards=backwards)

    def _show_values(self) -> None:
        """What the parts of the line under the cursor are worth."""
        from convstep.ui.dialogs.paragraphs import ParagraphsScreen

        recording, line = self.recording, self._line
        statement = statement_at(recording.source.lines, line)
        found = parts(statement, recording.value_of)
        place = tr("line {line} after step {position}", line=line, position=recording.position)
        if recording.made or not recording.position:
            place = tr("line {line} before step {position}", line=line, position=recording.position + 1)
        self.host.open(
            ParagraphsScreen(place, [Text("\n").join(draw_parts(found))], opened_with="i,enter", wide=True),
            lambda _: None,
        )

    # arrays

    def _list_arrays(self) -> None:
        """The list of all arrays, from which any can be brought in."""
        from convstep.ui.dialogs.table import TableScreen

        def shown() -> set[str]:
            return {panel.face.name for panel in self.state.scene.panels}

        def take(at: int) -> str:
            name = table.infos[at].name
            before = name in shown()
            self.stage.toggle_array(name)
            self.host.show()
            after, name = name in shown(), printable(name)
            if before and after:
                return tr("{name} is read or written here, so it is always shown", name=name)
            return tr("{name} is shown now" if after else "{name} is not shown any more", name=name)

        recording = self.recording
        table = ArrayTable(recording.catalogue, recording.arrays, recording.source.line, shown)
        keys = tr("↑ ↓ choose · Enter shows or hides · Esc closes")
        self.host.open(TableScreen(table, opened_with="a", keys=keys, take=take), lambda _: None)

    def _show_outcome(self) -> None:
        """What it returned, or why it ended, and what it did to its arguments."""
        from convstep.ui.dialogs.paragraphs import ParagraphsScreen

        words = Text("\n").join(draw_outcome(self.recording))
        name = printable(self.recording.name)
        self.host.open(ParagraphsScreen(name, [words], opened_with="o", wide=True), lambda _: None)
