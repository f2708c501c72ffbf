"""Goto: type a place, see at once whether it exists."""

from __future__ import annotations

from convstep.conv.geometry import Geometry
from convstep.language import tr
from convstep.replay.places import example_place, parse_place
from convstep.ui.dialogs.prompt import PromptScreen
from convstep.view.panels.problem_words import place_text


class GotoScreen(PromptScreen[int]):
    """Asks for a place in a loop; dismisses with a position, or None."""

    def __init__(self, geometry: Geometry) -> None:
        """Ask for a place in this loop."""
        total = geometry.total_steps

        def meaning(position: int) -> str:
            if position == 0:
                return tr("Step 0 of {total}: before the first.", total=total)
            last = place_text(geometry.index_at(position - 1), geometry)
            return tr(
                "Step {position} of {total}: just after {place}.", position=position, total=total, place=last
            )

        super().__init__(
            tr("Go to"),
            f"{total // 2} · {example_place(geometry)} · 53% · start · end",
            tr("A step number (0 to {total}), a loop index, or a percentage.", total=total),
            lambda text: parse_place(text, geometry),
            meaning,
        )
