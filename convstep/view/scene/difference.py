"""What two scenes show differently, so that a move repaints and counts no more than it changed."""

from __future__ import annotations

from collections.abc import Mapping

from convstep.view.grid.changes import repainted
from convstep.view.grid.panel import Panel, Span
from convstep.view.scene.scene import Scene

Changed = dict[str, set[Span] | None]
"""Where panels may look different, by their keys; None for all of one."""


def difference(old: Scene, new: Scene, swept: Mapping[str, Span]) -> Changed:
    """Where each panel may look different, by its key; None for all of it.

    The new scene is at any other place of the same pass; `swept` has by array the block of its faces that was
    written in between, where it is known.
    """
    marked = _marks_tell(*sorted((old, new), key=lambda scene: scene.progress))
    # what somebody's own function reads it may also write
    read: set[str] = set() if new.event.statements else {access.array for access in new.event.reads}
    found: Changed = {}
    for panel in new.panels:
        before = old.find(panel.key)
        spans = None if before is None or not _same_values(before, panel) else repainted(before, panel)
        if spans is not None and not marked and panel.face.name not in read:
            block = swept.get(panel.face.name)
            spans = None if block is None else {*spans, block}
        found[panel.key] = spans
    return found


def _marks_tell(earlier: Scene, later: Scene) -> bool:
    """Whether all that was written between two scenes is marked as changed on one of them."""
    steps = later.event.index - earlier.event.index
    return steps == 0 or (steps == 1 and earlier.event.made == len(earlier.event.writes))


def _same_values(old: Panel, new: Panel) -> bool:
    """Whether both look at the same memory, in which values change where a step writes them."""
    first, second = (panel.face.values.__array_interface__ for panel in (old, new))
    return first["data"] == second["data"] and old.face.shape == new.face.shape
