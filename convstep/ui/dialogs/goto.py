"""Goto: type a place, see at once whether it exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.replay.places import example_place, parse_place
from convstep.ui.dialogs.prompt import PromptScreen

if TYPE_CHECKING:
    from convstep.view.scene.staged import Staged


def ask_place(stage: Staged) -> PromptScreen[int]:
    """A prompt for a place in a loop; it answers with a position, or None."""
    total, loops = stage.run.total, stage.run.layout

    def meaning(position: int) -> str:
        if position == 0:
            return tr("Step 0 of {total}: before the first.", total=total)
        return tr(
            "Step {position} of {total}: just after {place}.",
            position=position,
            total=total,
            place=stage.place_words(position),
        )

    index = f"{example_place(loops)} · " if loops.nest.even else ""
    return PromptScreen(
        tr("Go to"),
        f"{total // 2} · {index}53% · start · end",
        tr(
            "A step number (0 to {total}), a loop index, or a percentage."
            if index
            else "A step number (0 to {total}), or a percentage.",
            total=total,
        ),
        lambda text: parse_place(text, loops),
        meaning,
    )
