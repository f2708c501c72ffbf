"""Goto: type a place, see at once whether it exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.replay.places import example_place, parse_place
from convstep.ui.dialogs.prompt import PromptScreen
from convstep.view.panels.problem_words import place_text

if TYPE_CHECKING:
    from convstep.conv.geometry import Geometry


def ask_place(geometry: Geometry) -> PromptScreen[int]:
    """A prompt for a place in a loop; it answers with a position, or None."""
    total = geometry.total_steps

    def meaning(position: int) -> str:
        if position == 0:
            return tr("Step 0 of {total}: before the first.", total=total)
        last = place_text(geometry.index_at(position - 1), geometry)
        return tr(
            "Step {position} of {total}: just after {place}.", position=position, total=total, place=last
        )

    return PromptScreen(
        tr("Go to"),
        f"{total // 2} · {example_place(geometry)} · 53% · start · end",
        tr("A step number (0 to {total}), a loop index, or a percentage.", total=total),
        lambda text: parse_place(text, geometry),
        meaning,
    )
