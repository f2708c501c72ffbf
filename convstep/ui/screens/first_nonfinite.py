"""Hunting: to the first step that makes a NaN or inf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.worker import Worker, get_current_worker

from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.ui.screens.stopping import StoppingScreen
from convstep.ui.telling import tell
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.grid.panel import Cell, Span
from convstep.view.panels.nonfinite import Spot, spot_of_recording, spot_of_step
from convstep.view.scene.scene import Choice

if TYPE_CHECKING:
    from convstep.conv.problem import Problem


class HuntingScreen(StoppingScreen):
    """Goes to where the gradients cease to be finite."""

    def __init__(self, problem: Problem, name: str) -> None:
        """Hunt in a problem; see `PanelScreen`."""
        super().__init__(problem, name)
        self._hunted: Spot | None = None

    def action_first_nonfinite(self) -> None:
        """Look for the first step that makes a NaN or inf, and go there."""
        self.stop_travelling()
        self._update_status(tr("looking for the first NaN or inf …   Esc stops"))
        self._hunt()

    @work(thread=True, group="travel")
    def _hunt(self) -> None:
        from convstep.conv.nonfinite import first_nonfinite

        worker: Worker[object] = get_current_worker()
        with self._scouting:
            if self._scout is None:
                self._scout = Timeline(self._problem)
            first = first_nonfinite(self._problem, lambda: worker.is_cancelled, self._scout)
        found = (
            spot_of_recording(self._problem, lambda: worker.is_cancelled)
            if first is None
            else spot_of_step(first, self._problem.dtype)
        )
        tell(self, self._hunt_ended, found, of=worker)

    def _hunt_ended(self, found: Spot | None) -> None:
        if found is None:
            self.say(tr("no step makes a NaN or inf: all running gradients stay finite"))
        else:
            self.travel_to_nonfinite(found)

    def travel_to_nonfinite(self, found: Spot) -> None:
        """Go to just after the step that makes or meets the first NaN or inf, and say what it is."""
        self._hunted = found
        self.travel(found.position)

    def _moved(self, *, all_changed: bool = False, touched: Span | None = None) -> None:
        """Where the hunt ends, show the face with the cell, and say what was found."""
        found, self._hunted = self._hunted, None
        if found is None or found.position != self._timeline.position:
            super()._moved(all_changed=all_changed, touched=touched)
            return
        self._stage.choice = Choice(self._input_channel(found))
        super()._moved(all_changed=True)
        self._point_at(found)
        self.say(found.words)

    def _input_channel(self, found: Spot) -> int | None:
        """The offset of the cell's channel in the step's group; None where the loop shows it anyway."""
        if len(found.cell) < 3 or found.array == "dZ":
            return None
        geometry = self._problem.geometry
        # a kernel has the channels of one group, the input those of all
        return found.cell[-1] % geometry.kernel_shape[3] or None

    def _point_at(self, found: Spot) -> None:
        """Put the cursor on the cell, so that `why` explains it."""
        for panel in self._scene.panels:
            place = panel.face.find(found.cell) if panel.face.name == found.array else None
            if place is not None:
                grid = self.query_one(f"#{panel.key}", TensorGrid)
                grid.place_cursor(Cell(*place))
                if grid.display:
                    self.set_focus(grid, scroll_visible=False)
                return
