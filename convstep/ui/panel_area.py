"""PanelArea: places the parts of the debugger where the plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import Layout, WidgetPlacement

from convstep.view.layout.arrange import Plan

if TYPE_CHECKING:
    from textual.widget import Widget


class _Planned(Layout):
    """A layout that follows a plan made elsewhere."""

    name = "planned"

    def __init__(self) -> None:
        self.plan = Plan()

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> list[WidgetPlacement]:
        """Give each child the place of its key; children without one are not shown."""
        return [
            WidgetPlacement(Region(*place), NULL_OFFSET, Spacing(), child)
            for child in children
            if child.id is not None and (place := self.plan.places.get(child.id)) is not None
        ]


class PanelArea(Container):
    """Holds the panels, the source and the step card."""

    DEFAULT_CSS = "PanelArea { height: 1fr; width: 1fr; overflow: hidden; }"

    def __init__(self, *children: Widget) -> None:
        """Hold these parts; each one's id is its key in the plan."""
        super().__init__(*children, id="panels")
        self._planned = _Planned()

    @property
    def layout(self) -> Layout:
        """The plan's layout; style sheets know built-in layouts only."""
        return self._planned

    @property
    def plan(self) -> Plan:
        """Where the parts stand now."""
        return self._planned.plan

    def follow(self, plan: Plan) -> None:
        """Place the parts by a new plan."""
        if plan == self._planned.plan:
            return
        self._planned.plan = plan
        for child in self.children:
            child.display = child.id in plan.places
        self.refresh(layout=True)
