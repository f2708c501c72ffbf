"""Movement: turns keys into positions of the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.worker import Worker, get_current_worker

from convstep.language import tr
from convstep.replay.visited import Bookmarks, Visited
from convstep.ui.messages import CellClicked, SeekRequested
from convstep.ui.screens.presenting import PresentingScreen
from convstep.ui.telling import tell
from convstep.view.grid.panel import Span

if TYPE_CHECKING:
    from convstep.conv.problem import Problem


class MovingScreen(PresentingScreen):
    """Steps, loops, places and long ways."""

    goes_past_end = False
    """Whether the comparison comes after the last step."""

    def __init__(self, problem: Problem, name: str) -> None:
        """Move in a problem; see `PanelScreen`."""
        super().__init__(problem, name)
        self._landing: set[Worker[object]] = set()
        self._begin_at = 0
        self._visited = Visited()
        self.bookmarks = Bookmarks()
        """Positions to come back to."""

    def on_mount(self) -> None:
        """Begin where the session says."""
        # no super(): Textual calls every class's handler by itself
        if self._begin_at:
            self.call_after_refresh(self._begin, self._begin_at)

    def _begin(self, position: int) -> None:
        self.stop_travelling()
        self._begin_at = position
        self.go(position)

    def begin_at(self, position: int) -> None:
        """Where to stand when the screen opens, and until somebody goes elsewhere."""
        self._begin_at = position

    def action_visited(self, by: int) -> None:
        """Back to before the last jump, or forward again."""
        position = self._visited.back() if by < 0 else self._visited.forward()
        if position is None:
            self._update_status(
                tr(
                    "there is no earlier place to go back to"
                    if by < 0
                    else "there is no later place to go to"
                )
            )
        else:
            self.travel(position)

    def action_next(self) -> None:
        """One step on."""
        if self._timeline.next() is not None:
            self._moved()
        else:
            self.past_end()

    def action_back(self) -> None:
        """One step back."""
        if self._timeline.back() is not None:
            self._moved()

    def action_next_addition(self) -> None:
        """One addition on."""
        if self._timeline.next_addition():
            self._moved()
        else:
            self.past_end()

    def action_back_addition(self) -> None:
        """One addition back."""
        if self._timeline.back_addition():
            self._moved()

    def action_channels_end(self) -> None:
        """On to where the channel loop ends."""
        self._ahead(self._stage.loop_lengths[0])

    def action_channels_start(self) -> None:
        """Back to where the channel loop starts."""
        self._behind(self._stage.loop_lengths[0])

    def action_row_end(self) -> None:
        """On to where the output row ends."""
        self._ahead(self._stage.loop_lengths[1])

    def action_row_start(self) -> None:
        """Back to where the output row starts."""
        self._behind(self._stage.loop_lengths[1])

    def action_end(self) -> None:
        """On to the end."""
        self.on_to(self._timeline.total)

    def action_start(self) -> None:
        """Back to the start."""
        self.travel(0)

    def action_sample(self, by: int) -> None:
        """To the same place of another sample."""
        found = self._stage.in_sample(by)
        if isinstance(found, str):
            self._update_status(found)
        else:
            self.travel(found)

    def action_share(self) -> None:
        """One sample's share in place of the whole batch's sums, and back."""
        said, position = self._stage.toggle_share(), self._timeline.position
        if not self._stage.prepared(position):  # built beside the screen, like a long way
            self.travel(position)
            return
        self._show(all_changed=True)
        self._arrange()
        self._update_status(said)

    def action_goto(self) -> None:
        """Ask where to go."""
        from convstep.ui.dialogs.goto import GotoScreen

        def answered(position: int | None) -> None:
            if position is not None:
                self.travel(position)

        self.app.push_screen(GotoScreen(self._problem.geometry), answered)

    def on_seek_requested(self, message: SeekRequested) -> None:
        """The timeline was clicked."""
        self.travel(message.position)

    def on_cell_clicked(self, message: CellClicked) -> None:
        """Show the cell; on the upstream gradient, go to its step."""
        self._show_cell(message)
        panel = self._scene.find(message.key)
        step = None if panel is None else self._stage.step_of(panel, message.cell)
        if step is not None:
            self.travel(step + 1)

    @property
    def at_end(self) -> bool:
        """Whether every step is executed."""
        return self._timeline.position == self._timeline.total

    def on_to(self, position: int) -> None:
        """Forward to a position; whoever stands at the end already wants to see what comes after it."""
        if self.at_end:
            self.stop_travelling()
            self.past_end()
        else:
            self.travel(position)

    def past_end(self) -> None:
        """A key that leads forward was pressed at the last step: it has been seen."""

    def end_hint(self) -> str:
        """How to go on from the last step; "" before it, and where there is nothing after it."""
        return " · " + tr("n opens the comparison") if self.goes_past_end and self.at_end else ""

    def standing(self) -> str:
        """At the last step, also what comes after it."""
        return super().standing() + self.end_hint()

    def travel(self, position: int) -> None:
        """Go to a position; what a far one needs is built beside the screen, and Escape stops that."""
        self.stop_travelling()
        self.go(position)

    def go(self, position: int) -> None:
        """Like `travel`, for a run that ends by itself: nothing is stopped."""
        if self._stage.prepared(position):
            self._arrive(position)
        else:
            self._prepare(position)

    def stop_travelling(self, *, landing: bool = False) -> bool:
        """Give up a long way.

        Args:
            landing: whether a run shall end where it has come to; else the screen stays where it is.

        Returns:
            Whether there was one.
        """
        self._begin_at = 0
        running = [worker for worker in self.workers if worker.group == "travel" and worker.is_running]
        self._landing = set(running) if landing else set()
        for worker in running:
            worker.cancel()
        return bool(running)

    def action_follow(self) -> None:
        """Stop a long way; otherwise what Escape does for the panels."""
        if self.stop_travelling(landing=True):
            self._update_status(tr("stopped at step {position}", position=self._timeline.position))
        else:
            super().action_follow()

    @work(thread=True, group="travel")
    def _prepare(self, position: int) -> None:
        worker = get_current_worker()
        for share in self._stage.prepare(position):
            if worker.is_cancelled:
                return
            seeking = tr("seeking … {share:.0%}   Esc stops", share=share)
            tell(self, self._update_status, seeking, of=worker)
        tell(self, self._arrive, position, of=worker)

    def _arrive(self, position: int) -> None:
        near = abs(position - self._timeline.position) == 1 and not self._timeline.additions
        first, last = sorted((self._timeline.position, position))
        under_way = min(1, self._timeline.additions)
        self._timeline.seek(position)
        self._moved(all_changed=not near, touched=self._stage.touched(first, last + under_way))

    def _ahead(self, length: int) -> None:
        """To the next position at which a loop of this many steps is complete."""
        self.on_to(min((self._timeline.position // length + 1) * length, self._timeline.total))

    def _behind(self, length: int) -> None:
        """To the previous one."""
        begun = self._timeline.position - (0 if self._timeline.additions else 1)
        self.travel(max(begun // length * length, 0))

    def _moved(self, *, all_changed: bool = False, touched: Span | None = None) -> None:
        """Show where the timeline stands."""
        self._begin_at = 0
        self._visited.visit(self._timeline.position)
        self._show(all_changed=all_changed, touched=touched)
