"""The whole verdict on a candidate, scrollable."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from convstep.language import tr
from convstep.ui.dialogs.once import Once
from convstep.view.candidate.diagnosis import whole_diagnosis

if TYPE_CHECKING:
    from convstep.candidate.verdict import Verdict


class DiagnosisScreen(Once, ModalScreen[None]):
    """What is wrong, the line to fix, and the candidate's own source."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("escape,q,d", "dismiss", "Close")]  # type: ignore[assignment]
    DEFAULT_CSS = """
    DiagnosisScreen { align: center middle; }
    DiagnosisScreen > VerticalScroll {
        width: 112; max-width: 100%; height: auto; max-height: 100%;
        border: heavy $accent; padding: 0 1; background: $surface;
    }
    DiagnosisScreen Static { height: auto; }
    """

    def __init__(self, verdict: Verdict) -> None:
        """Show a verdict."""
        super().__init__()
        self._verdict = verdict

    def compose(self) -> ComposeResult:
        """One long text."""
        with VerticalScroll() as box:
            box.border_title = tr("Diagnosis")
            box.border_subtitle = tr("↑ ↓ scroll · Esc closes")
            yield Static(whole_diagnosis(self._verdict))

    def on_mount(self) -> None:
        """Scroll with the keys at once."""
        self.query_one(VerticalScroll).focus()
