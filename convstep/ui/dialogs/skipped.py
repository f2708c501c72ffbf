"""What a capture could not open, each with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from convstep.language import tr
from convstep.oracle.captured import Skipped
from convstep.printable import printable
from convstep.ui.dialogs.paragraphs import ParagraphsScreen
from convstep.view.text.wrapping import Paragraph

TIMES = {0: "did not run", 1: "ran once"}
"""How often; beyond, in numbers."""


def list_skipped(skipped: Sequence[Skipped]) -> ParagraphsScreen:
    """A paragraph for each layer."""
    title = tr("{count} not opened", count=len(skipped))
    return ParagraphsScreen(title, [*map(_paragraph, skipped)], opened_with="u")


def _paragraph(skipped: Skipped) -> Group:
    times = tr(TIMES.get(skipped.calls, "ran {count} times"), count=skipped.calls)
    heading = Text(printable(skipped.name), "bold")
    heading.append(f"  {printable(skipped.kind)} · {times}", "not bold")
    return Group(Paragraph(heading), Padding(Paragraph(printable(skipped.reason)), (0, 0, 1, 2)))
