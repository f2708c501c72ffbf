"""The debugger's screen: holds the state and the parts, and asks their handlers what a key means."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static

from convstep.language import tr
from convstep.ui.commands import BY_ID, bindings, meanings
from convstep.ui.debugger.asking import Asking
from convstep.ui.debugger.edits import Editing
from convstep.ui.debugger.host import Handler, Handlers, Job
from convstep.ui.debugger.lines import Lines
from convstep.ui.debugger.panels import Panels
from convstep.ui.debugger.playing import Playing
from convstep.ui.debugger.runs import Runs
from convstep.ui.debugger.stops import StopKeeping
from convstep.ui.debugger.travel import Travel
from convstep.ui.dialogs.once import Once
from convstep.ui.messages import CellClicked, CellHovered, SeekRequested
from convstep.ui.panel_area import PanelArea
from convstep.ui.telling import tell_after
from convstep.ui.widgets.key_line import KeyLine
from convstep.ui.widgets.timeline_bar import TimelineBar

if TYPE_CHECKING:
    from pathlib import Path

    from textual.geometry import Size
    from textual.worker import Worker

    from convstep.steps.stepped import Stepped
    from convstep.ui.modes.mode import Mode
    from convstep.ui.torch_app import TorchApp
    from convstep.view.grid.panel import Cell, Panel
    from convstep.view.scene.staged import Staged

Answer = TypeVar("Answer")


class DebuggerScreen(Once, Screen[int | None]):
    """One screen for every mode; what it does and says is up to the parts and to the mode.

    One that shows the other direction dismisses with the position to go on at.
    """

    app: TorchApp

    AUTO_FOCUS = ""  # which part has the keys is decided here
    BINDINGS: ClassVar[list[Binding]] = bindings()  # type: ignore[assignment]

    def __init__(self, mode: Mode, *, turned: bool = False) -> None:
        """Debug what a mode is about: what the parts show, and what keys mean beside what they do.

        `turned`: it lies over the screen of the other direction.
        """
        super().__init__()
        self.mode, self.state = mode, mode.state
        self._turned = turned
        self._shown_before = False
        self._arranged: Size | None = None
        """The size that every part has its place for."""
        self.asking = Asking(
            self, mode, lambda: self.app.torch, lambda text: self.app.copy_to_clipboard(text)
        )
        self.panels = Panels(self, self, mode)
        self.editing = Editing(self, mode)
        self.playing = Playing(
            self,
            ScreenClock(self),
            plays_on=mode.play_on,
            rewinds=mode.rewind,
            under_way=lambda: self.travel.under_way,
        )
        self.travel: Travel = Travel(self, self.playing.interrupt)
        self.runs = Runs(self, self.travel.lands, self.panels.point_at)
        self.stops = StopKeeping(self)
        self.lines = Lines(
            self,
            self.state,
            mode,
            self.panels.focused_panel,
            lambda: self.state.stage.standing() + self.end_hint(),
            lambda: (self.playing.title(), self.playing.status()),
        )
        mode.enter(self)

    @property
    def timeline(self) -> Stepped:
        """Where the run stands."""
        return self.state.timeline

    @cached_property
    def handlers(self) -> Handlers:
        """What each command does here."""
        going = (self.travel, self.runs, self.stops, self.playing)
        found: Handlers = {"help": Handler(self._explain)}
        for part in (self.panels, *going, self.asking, self.editing, self.mode):
            found |= part.handlers()
        return {id: handler for id, handler in found.items() if id not in self.mode.lacks}

    def restage(self, stage: Staged, position: int | None = None) -> None:
        """Show another run in place of this one, by default where this one stands."""
        self.travel.stop()
        self.state.restage(stage, position)
        self.__dict__.pop("handlers", None)  # they may not have been asked for since
        self.show()
        self.rearrange()
        self.mark_timeline()
        if stage.unmeasured:
            self.begin("measure", self._measure)

    # keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key means this here; where nothing is seen only the app's mean anything."""
        if self.panels.too_small:
            return False
        if action == "do":
            return self.applies(str(parameters[0]))
        if action == "explain_key":
            return not any(self.applies(command.id) for command in meanings()[str(parameters[0])])
        return super().check_action(action, parameters)

    def applies(self, id: str) -> bool:
        """Whether a command has something to do, or to say, now."""
        handler = self.handlers.get(id)
        return handler is not None and handler.applies()

    def action_do(self, id: str, *key: str) -> Any:
        """Do what a command does here."""
        return self.handlers[id].run(*key)

    def action_explain_key(self, key: str) -> None:
        """Say why a key means nothing here."""
        self.say(tr(next(command.otherwise for command in reversed(meanings()[key]) if command.otherwise)))

    def _explain(self) -> None:
        from convstep.ui.dialogs.help import key_help

        self.app.push_screen(key_help(self.handlers))

    def save_in(self, folder: Path) -> list[str]:
        """Save the session in a folder; returns the commands that lead back here."""
        return self.asking.save_in(folder)

    def unsent(self) -> list[str]:
        """What was typed and not sent yet, a line each with what was asked."""
        return self.mode.unsent()

    def offers(self, action: str) -> bool:
        """Whether the line of keys names a binding's action."""
        id = action.partition("'")[2].partition("'")[0]
        command = BY_ID.get(id)
        shown = command is None or self.mode.footer in command.footer
        return shown and self.mode.offers(id or action)

    # the screen's life

    def compose(self) -> ComposeResult:
        """Title, panels, status, timeline, keys."""
        yield Static(id="title")
        yield PanelArea(*self.mode.parts())
        yield Static(id="sentence")
        yield Static(id="too-small")
        yield Static(id="status")
        yield TimelineBar(id="timeline")
        yield KeyLine(self.offers)

    def on_mount(self) -> None:
        """Show the first scene; begin where the session says; measure what was too large before."""
        self.set_class(self.state.presenting, "-presenting")
        if self.state.begin_at:
            self.call_after_refresh(self.travel.begin)
        if self.state.first_nonfinite is not None:
            self.call_after_refresh(self.runs.to_nonfinite, self.state.first_nonfinite)
        self.panels.focus(self.mode.first_part)
        self._arranged = self.size
        self.panels.arrange()
        self.panels.apply_look()  # a resumed session brings its own
        self.show()
        self.mode.opened()
        if self.state.stage.unmeasured:
            self.begin("measure", self._measure)

    def on_unmount(self) -> None:
        """Do nothing more."""
        self.playing.close()
        self.mode.closed()

    def on_resize(self) -> None:
        """Arrange the parts for a new size; the timeline has other columns now."""
        if self.size != self._arranged:  # Textual tells each size several times
            self.rearrange()
        self.call_after_refresh(self.mark_timeline)

    def watch_focused(self) -> None:
        """Other keys may mean something now."""
        self.mode.focus_moved()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Shown first, its parts have just got their styles; Textual would look all of them up again."""
        event.refresh_styles &= self._shown_before
        self._shown_before = True

    def on_screen_suspend(self) -> None:
        """A dialog opens."""
        self.playing.pause()

    def on_seek_requested(self, message: SeekRequested) -> None:
        """The timeline was clicked."""
        self.travel.to(message.position)

    def on_cell_hovered(self, message: CellHovered) -> None:
        """Show the cell under the mouse in full precision."""
        self.lines.show_cell(message)

    def on_cell_clicked(self, message: CellClicked) -> None:
        """Show the cell; on the upstream gradient, go to its step."""
        if self.mode.clicked(message):
            return
        self.playing.pause()
        self.lines.show_cell(message)
        panel = self.state.scene.find(message.key)
        step = None if panel is None else self.state.stage.step_of(panel, message.cell)
        if step is not None:
            self.travel.to(step + 1)

    def _measure(self, job: Job) -> None:
        """Find how large the gradients get, for the colours of a large problem."""
        stage = self.state.stage
        found = stage.magnitudes()

        def take() -> None:
            stage.take_magnitudes(found)
            self.show()

        job.tell(take)

    # what the parts ask: Host

    def say(self, words: str) -> None:
        """Answer a key, until the next move."""
        self.lines.say(words)

    def show_status(self) -> None:
        """Say where one stands in place of what a key was answered with."""
        self.lines.show_status()
        self.asking.shown()

    def show_lines(self) -> None:
        """The same, and the title."""
        self.lines.show_title()
        self.show_status()

    def show(self, *, keep_said: bool = False) -> None:
        """Hand the scene at the timeline's position to every part."""
        self.mode.will_show()
        old, spoken = self.state.scene, self.lines.spoken
        changed = self.state.renew()
        self.lines.count(changed)
        self.panels.show(old, changed)
        self.show_lines()
        self.lines.show_sentence()
        if keep_said and spoken:
            self.say(spoken)
        self.mode.shown()

    def moved(self) -> None:
        """Show where the timeline stands, and remember it."""
        self.state.begin_at = 0
        self.state.visited.visit(self.state.position)
        self.show()

    def rearrange(self) -> None:
        """Give every part its place anew."""
        self._arranged = self.size
        if self.panels.arrange():
            self.show_lines()
        self.lines.show_sentence()

    def mark_timeline(self) -> None:
        """Mark stops and bookmarks on the timeline anew."""
        bar = self.query_one(TimelineBar)
        marks = self.mode.marks(bar.place_of, bar.columns) | self.stops.marks(bar.place_of, bar.columns)
        bar.marks = tuple(marks.values())

    def past_end(self) -> None:
        """Open the comparison: the last step has been seen. Where it does not open, say what there is."""
        if self.mode.past_end():
            return
        if self.mode.compares_at_end:
            self.asking.compare()
        else:
            self.say(self.mode.last_words())

    def end_hint(self) -> str:
        """How to go on from the last step; "" before it, and where there is nothing after it."""
        hint = self.mode.after_end if self.state.at_end and not self.asking.comparing else ""
        return f" · {hint}" if hint else ""

    def open(self, dialog: Screen[Answer], answered: Callable[[Answer | None], None]) -> None:
        """Open a dialog, and do something with what it answers."""
        self.app.push_screen(dialog, answered)

    def begin(self, group: str, work: Callable[[Job], None]) -> Job:
        """Do something in a thread."""
        job = Job(self)
        worker: Worker[None] = self.run_worker(lambda: work(job), group=group, thread=True)
        job.worker = worker
        return job

    def lets_go(self) -> bool:
        """Whether the person may leave; who would lose edited numbers is told so once."""
        return self.editing.lets_go()

    def turn_around(self) -> None:
        """Show the same place of the other direction; from there, the same leads back."""
        other = self.mode.other_way()
        if self._turned:
            self.dismiss(other.state.begin_at)
        else:
            self.app.push_screen(DebuggerScreen(other, turned=True), self._turned_back)

    def _turned_back(self, position: int | None) -> None:
        """The other direction was left at a position, which may be far from here."""
        if position is not None:
            self.set_class(self.state.presenting, "-presenting")
            self.panels.apply_look()
            self.__dict__.pop("handlers", None)  # its numbers may have been edited meanwhile
            self.rearrange()
            self.mark_timeline()
            self.travel.to(position)

    def pointed_cell(self) -> tuple[Panel, Cell] | None:
        """The cell under the cursor of the focused panel."""
        return self.panels.pointed_cell()

    def looked_at_cell(self) -> tuple[Panel, Cell] | None:
        """The same without a word."""
        return self.panels.looked_at_cell()


class ScreenClock:
    """Ticks as a screen paints."""

    def __init__(self, screen: Screen[Any]) -> None:
        """Tick for a screen."""
        self._screen = screen

    def in_front(self) -> bool:
        """Whether nothing lies over it; `is_current` holds behind a dialog, too."""
        return self._screen.app.screen is self._screen

    def after_frame(self, what: Callable[[], None]) -> None:
        """Do something once what was shown is painted."""
        self._screen.call_after_refresh(what)

    def after(self, seconds: float, what: Callable[[], None]) -> Callable[[], None]:
        """Do something after a while; returns what calls it off."""
        return tell_after(self._screen, seconds, what).stop
