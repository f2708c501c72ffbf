"""The comparison: our gradients at this position beside PyTorch's, central differences, what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from convstep.language import tr
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.service import ServiceClosed, TorchService
from convstep.ui.dialogs.once import Once
from convstep.ui.telling import tell
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.grid.panel import Panel
from convstep.view.text.wrapping import Paragraph, wrap
from convstep.view.verdicts import comparison_table

if TYPE_CHECKING:
    from convstep.oracle.comparison import Comparison
    from convstep.view.scene.compared import Compared


WIDEST = 112
"""Columns of the box at the most."""
AROUND = 6
"""Columns of its border, its padding and its scrollbar."""


class ComparisonScreen(Once, ModalScreen[None]):
    """Asks every oracle and shows its verdict; what is compared is a copy, so time may go on."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("escape,q,o", "dismiss", "Close"),
        Binding("f", "explain", "Formula"),
        Binding("tab", "app.focus_next", "Next", priority=True),
        # before the box, which would scroll with the first four whatever is focused
        Binding("up", "cursor(-1, 0)", show=False, priority=True),
        Binding("down", "cursor(1, 0)", show=False, priority=True),
        Binding("left", "cursor(0, -1)", show=False, priority=True),
        Binding("right", "cursor(0, 1)", show=False, priority=True),
        Binding("pageup", "scroll(-1)", show=False, priority=True),
        Binding("pagedown", "scroll(1)", show=False, priority=True),
    ]
    AUTO_FOCUS = ""  # the differences stand below: focused, they would scroll the verdicts away
    DEFAULT_CSS = """
    ComparisonScreen { align: center middle; }
    ComparisonScreen > VerticalScroll {
        width: 112; max-width: 100%; height: auto; max-height: 100%;
        border: heavy $accent; padding: 0 0 0 1; background: $surface;
    }
    ComparisonScreen Static { height: auto; padding-right: 1; }
    ComparisonScreen .verdict { text-style: bold; }
    ComparisonScreen .table { margin-bottom: 1; }
    ComparisonScreen #candidate { margin-bottom: 1; }
    ComparisonScreen .tolerance, ComparisonScreen #what { color: $foreground 65%; display: none; }
    ComparisonScreen.-explained .tolerance, ComparisonScreen.-explained #what { display: block; }
    ComparisonScreen #differences { height: 16; padding-right: 1; }
    ComparisonScreen #differences TensorGrid { width: 1fr; }
    """

    def __init__(
        self, compared: Compared, torch: TorchService, candidate: Callable[[], str] | None = None
    ) -> None:
        """Compare gradients as they stood.

        Where somebody's own backward stands beside the timeline, `candidate` says how it does there.
        """
        super().__init__()
        self._candidate = candidate
        self._compared, self._torch = compared, torch
        self._unavailable = set[str]()
        self.comparisons: dict[str, Comparison] = {}
        """What has been answered: "torch", "numeric" and, where the problem has it, "recorded"."""

    def compose(self) -> ComposeResult:
        """A place for each oracle, then the differences."""
        with VerticalScroll(can_focus=False) as box:
            box.border_title = self._title()
            box.border_subtitle = tr("f explains the comparison · Esc closes")
            if self._candidate is not None:
                yield Static(id="candidate")
            for oracle, waiting in self._compared.oracles().items():
                yield Static(Paragraph(waiting), id=f"{oracle}-verdict", classes="verdict")
                tolerance = self._compared.tolerance(oracle)
                yield Static(Paragraph(tolerance), id=f"{oracle}-tolerance", classes="tolerance")
                yield Static(id=f"{oracle}-table", classes="table")
            if self._compared.under_way:
                yield Static(tr("The additions of the unfinished step are not counted."))
            for remark in self._compared.remarks():
                yield Static(Paragraph(remark))
            yield Static(Paragraph(self._compared.explained()), id="what")
            yield Static(id="differences-title")
            with Horizontal(id="differences"):
                for name in self._compared.names:
                    yield TensorGrid(f"difference_{name}")

    def on_mount(self) -> None:
        """Ask all oracles at once; their answers find their places kept."""
        self.show_candidate()
        self._keep_places()
        self._show_waiting()
        for oracle in self._compared.oracles():
            self._ask(oracle)

    def on_resize(self) -> None:
        """The tables have other columns now."""
        self._keep_places()
        for oracle in self.comparisons:
            self._show_table(oracle)

    def show_candidate(self) -> None:
        """Say how somebody's own backward does, if there is one; its answers come by and by."""
        if self._candidate is not None:
            words = tr("Your own backward is on the screen behind: {standing}", standing=self._candidate())
            self.query_one("#candidate", Static).update(Paragraph(words))

    def action_explain(self) -> None:
        """Show or hide what is compared with what, and the formulas of the tolerances."""
        self.toggle_class("-explained")

    def action_cursor(self, rows: int, columns: int) -> None:
        """Move the cell cursor of a difference; without one, scroll."""
        if isinstance(self.focused, TensorGrid):
            self.focused.move_cursor(rows, columns)
        elif rows:
            self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False, immediate=True)

    def action_scroll(self, pages: int) -> None:
        """Scroll by a page, wherever the focus is."""
        box = self.query_one(VerticalScroll)
        box.scroll_relative(y=pages * (box.size.height - 1), animate=False, immediate=True)

    @work(thread=True)
    def _ask(self, oracle: str) -> None:
        try:
            answer: Comparison | str = self._compared.ask(oracle, self._torch)
        except OracleUnavailable as error:
            answer = str(error)
        except ServiceClosed:
            return
        tell(self, self._show, oracle, answer)

    def _show(self, oracle: str, answer: Comparison | str) -> None:
        verdict = self.query_one(f"#{oracle}-verdict", Static)
        tolerance = self.query_one(f"#{oracle}-tolerance", Static)
        if isinstance(answer, str):
            verdict.update(Paragraph(answer))
            tolerance.update("")
            for place in (verdict, self.query_one(f"#{oracle}-table")):  # nothing will come
                place.styles.min_height = 0
            self._unavailable.add(oracle)
        else:
            self.comparisons[oracle] = answer
            said = self._labelled(oracle, answer.verdict)
            verdict.update(Paragraph(f"{'✓' if answer.ok else '✗'} {said}"))
            self._show_table(oracle)
            tolerance.update(Paragraph(answer.tolerance_text))
        shown = self._shown_difference()
        if shown is not None:
            self._show_differences(shown)

    def _title(self) -> str:
        """What is compared, and where."""
        position, total = self._compared.position, self._compared.total
        if self._candidate is None:
            sentence = (
                "The gradients after step {position} of {total}"
                if position
                else "The gradients before the first of {total} steps"
                if total > 1
                else "The gradients before the only step"
            )
        else:
            sentence = (
                "The reference's gradients after step {position} of {total}"
                if position
                else "The reference's gradients before the first of {total} steps"
                if total > 1
                else "The reference's gradients before the only step"
            )
        return tr(sentence, position=position, total=total)

    def _labelled(self, oracle: str, verdict: str) -> str:
        """A verdict under the name of what is compared, where there is more than one thing."""
        if self._candidate is not None:
            verdict = tr("the reference: {said}", said=verdict)
        return tr("recorded: {said}", said=verdict) if oracle == "recorded" else verdict

    def _shown_difference(self) -> Comparison | None:
        """Whoever disagrees; else PyTorch, and another one only if it gives no answer."""
        oracles = self._compared.oracles()
        answered = [self.comparisons[name] for name in oracles if name in self.comparisons]
        wrong = next((found for found in answered if not found.ok), None)
        waiting = "torch" in oracles and "torch" not in self._unavailable
        if wrong is not None or "torch" in self.comparisons or waiting:
            return wrong or self.comparisons.get("torch")
        return next(iter(answered), None)

    def _width(self) -> int:
        return min(WIDEST, self.size.width) - AROUND

    def _keep_places(self) -> None:
        """Keep room for the answers that are still to come: whoever reads the first must not lose it."""
        for oracle in self._compared.oracles():
            if oracle not in self._unavailable:
                said = self._labelled(oracle, f"✓ {self._compared.foreseen(oracle)}")
                verdict = self.query_one(f"#{oracle}-verdict", Static)
                verdict.styles.min_height = len(wrap(Text(said), self._width()))
                self.query_one(f"#{oracle}-table").styles.min_height = self._compared.rows(oracle) + 1

    def _show_table(self, oracle: str) -> None:
        table = self.query_one(f"#{oracle}-table", Static)
        table.update(comparison_table(self.comparisons[oracle], self._width()))

    def _show_waiting(self) -> None:
        """The panels belong to PyTorch's differences before these are there; without it, to the first."""
        oracle, note = next(iter(self._compared.oracles().items()))
        self._name_differences("PyTorch" if oracle == "torch" else tr("central differences"))
        panels = [self._compared.waiting_panel(name, note) for name in self._compared.names]
        self._show_panels(panels)
        self.query_one("#differences").styles.height = min(max(p.face.shape[0] for p in panels) + 3, 16)

    def _show_differences(self, comparison: Comparison) -> None:
        """Ours minus the oracle's, on the face with the worst cell of each gradient."""
        self._name_differences(comparison.oracle)
        self._show_panels([self._compared.difference_panel(row) for row in comparison.rows])

    def _name_differences(self, oracle: str) -> None:
        words = tr(
            "Difference (ours − {oracle}): {full} at the tolerance, ▸ ◂ at the worst cell"
            if self._candidate is None
            else "Difference (reference − {oracle}): {full} at the tolerance, ▸ ◂ at the worst cell",
            oracle=oracle,
            full="█" if self.app.no_color else tr("full colour"),
        )
        self.query_one("#differences-title", Static).update(Paragraph(words))

    def _show_panels(self, panels: list[Panel]) -> None:
        for grid in self.query(TensorGrid):  # not everything need have been recorded
            grid.display = any(panel.key == grid.key for panel in panels)
        for panel in panels:
            grid = self.query_one(f"#{panel.key}", TensorGrid)
            grid.set_look("heat", 0)
            grid.show(panel, None)
