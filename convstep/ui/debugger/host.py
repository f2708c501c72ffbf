"""What parts and modes may ask of the screen that holds them, and what they hand in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from convstep.frozen import NamedTuple
from convstep.ui.telling import tell

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker

    from convstep.ui.debugger.state import State
    from convstep.view.grid.panel import Cell, Panel
    from convstep.view.scene.staged import Staged

Answer = TypeVar("Answer")


def always() -> bool:
    """What a command applies to that has always something to do, or to say."""
    return True


class Handler(NamedTuple):
    """What a command does here."""

    run: Callable[..., object]
    """Does it, or says why not; is given the key where the command is `keyed`."""
    applies: Callable[[], bool] = always
    """Whether the key means this now; if not, the next row with that key is asked."""


Handlers = dict[str, Handler]
"""By command id."""


class Job:
    """Something done in a thread beside the screen."""

    def __init__(self, screen: Screen[Any]) -> None:
        """Begin nothing yet."""
        self._screen = screen
        self.worker: Worker[None] | None = None
        """The thread, once it was begun."""

    @property
    def running(self) -> bool:
        """Whether it is still at it."""
        return self.worker is not None and self.worker.is_running

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants to know any more; the thread asks now and then."""
        return self.worker is not None and self.worker.is_cancelled

    @property
    def orphaned(self) -> bool:
        """Whether the screen is gone; after a crash it may not hear that it is unmounted."""
        return not self._screen.is_running

    def cancel(self) -> None:
        """Ask it to end."""
        if self.worker is not None:
            self.worker.cancel()

    def tell(self, what: Callable[..., object], *arguments: object, even_cancelled: bool = False) -> bool:
        """From the thread: have something done by the screen. Returns whether it was done."""
        return tell(self._screen, what, *arguments, of=None if even_cancelled else self.worker)


class Travelling(Protocol):
    """Ways from position to position."""

    def to(self, position: int, then: Callable[[], object] | None = None) -> None:
        """Go to a position, however far it is; then do something there."""

    def on_to(self, position: int) -> None:
        """Forward to a position; from the last step, to what comes after it."""

    def back_to(self, position: int) -> None:
        """Back to a position; whoever stands at the start already is told so."""

    def arrive(self, position: int, then: Callable[[], object] | None = None) -> None:
        """The same, where what has set out ends."""

    def set_out(self, work: Callable[[Job], None]) -> None:
        """Do something in a thread that ends in a journey: Escape stops it, and so does the next journey."""

    def stop(self) -> bool:
        """Give up a long way, and playing. Returns whether there was one."""


class Host(Protocol):
    """The screen, as its parts see it."""

    state: State

    @property
    def travel(self) -> Travelling:
        """Leads elsewhere."""

    def say(self, words: str) -> None:
        """Answer a key, until the next move."""

    def show(self, *, keep_said: bool = False) -> None:
        """Hand the scene at the timeline's position to every part; what was said may stay."""

    def show_status(self) -> None:
        """Say where one stands in place of what a key was answered with."""

    def show_lines(self) -> None:
        """The same, and the title."""

    def rearrange(self) -> None:
        """Give every part its place anew."""

    def mark_timeline(self) -> None:
        """Mark stops and bookmarks on the timeline anew."""

    def moved(self) -> None:
        """Show where the timeline stands, and remember it."""

    def past_end(self) -> None:
        """A key that leads forward was pressed at the last step: it has been seen."""

    def end_hint(self) -> str:
        """How to go on from the last step; "" before it, and where there is nothing after it."""

    def restage(self, stage: Staged, position: int | None = None) -> None:
        """Show another run in place of this one, by default where this one stands."""

    def lets_go(self) -> bool:
        """Whether the person may leave; who would lose something is told so once."""

    def turn_around(self) -> None:
        """Show the same place of the other direction; from there, the same leads back."""

    def open(self, dialog: Screen[Answer], answered: Callable[[Answer | None], None]) -> None:
        """Open a dialog, and do something with what it answers."""

    def begin(self, group: str, work: Callable[[Job], None]) -> Job:
        """Do something in a thread."""

    def pointed_cell(self) -> tuple[Panel, Cell] | None:
        """The cell under the cursor of the focused panel, which appears; None says why there is none."""

    def looked_at_cell(self) -> tuple[Panel, Cell] | None:
        """The same without a word: the cell on which it is, or would appear; None on no panel."""
