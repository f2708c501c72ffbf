"""The comparison: our gradients at this position beside PyTorch's, central differences, what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from convstep.language import tr
from convstep.oracle.comparison import Comparison, compare
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.service import ServiceClosed, TorchService
from convstep.ui.telling import tell
from convstep.ui.widgets.grid_roles import GridRoles
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.verdicts import comparison_table
from convstep.view.words import difference_panel, gradient_names
from convstep.view.wrapping import Paragraph

if TYPE_CHECKING:
    from convstep.replay.timeline import Timeline


WIDEST = 112
"""Columns of the box at the most."""
AROUND = 6
"""Columns of its border, its padding and its scrollbar."""


class ComparisonScreen(ModalScreen[None]):
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
    DEFAULT_CSS = """
    ComparisonScreen { align: center middle; }
    ComparisonScreen > VerticalScroll {
        width: 112; max-width: 100%; height: auto; max-height: 100%;
        border: heavy $accent; padding: 0 1; background: $surface;
    }
    ComparisonScreen Static { height: auto; }
    ComparisonScreen .verdict { text-style: bold; }
    ComparisonScreen .table { margin-bottom: 1; display: none; }
    ComparisonScreen .tolerance, ComparisonScreen #what { color: $foreground 65%; display: none; }
    ComparisonScreen.-explained .tolerance, ComparisonScreen.-explained #what { display: block; }
    ComparisonScreen #differences { height: 16; display: none; }
    ComparisonScreen #differences TensorGrid { width: 1fr; }
    """

    def __init__(self, timeline: Timeline, torch: TorchService) -> None:
        """Compare a timeline's gradients as they stand.

        Args:
            timeline: stands at a position; an addition under way is not counted.
            torch: PyTorch's process.
        """
        super().__init__()
        self._problem, self._torch = timeline.problem, torch
        self._position, self._under_way = timeline.position, timeline.additions
        self._gradients = timeline.settled_copy()
        self.comparisons: dict[str, Comparison] = {}
        """What has been answered: "torch", "numeric" and, where the problem has it, "recorded"."""

    def compose(self) -> ComposeResult:
        """A place for each oracle, then the differences."""
        yield GridRoles()
        with VerticalScroll(can_focus=False) as box:
            total = self._problem.total_steps
            box.border_title = tr(
                "The gradients after step {position} of {total}"
                if self._position
                else "The gradients before the first of {total} steps",
                position=self._position,
                total=total,
            )
            box.border_subtitle = tr("f explains the comparison · Esc closes")
            for oracle, waiting in self._oracles().items():
                yield Static(_plain(waiting), id=f"{oracle}-verdict", classes="verdict")
                yield Static(id=f"{oracle}-tolerance", classes="tolerance")
                yield Static(id=f"{oracle}-table", classes="table")
            if self._under_way:
                yield Static(tr("The additions of the unfinished step are not counted."))
            yield Static(Paragraph(self._what_is_compared()), id="what")
            yield Static(id="differences-title")
            with Horizontal(id="differences"):
                for name in gradient_names(self._problem):
                    yield TensorGrid(f"difference_{name}")

    def on_mount(self) -> None:
        """Ask all oracles at once."""
        self._ask("torch", lambda: self._torch.compare(self._problem, self._position, self._gradients))
        self._ask("numeric", lambda: compare(self._problem, self._position, self._gradients, "numeric"))
        if self._problem.recorded is not None:
            gradients = self._gradients
            self._ask("recorded", lambda: compare(self._problem, self._position, gradients, "recorded"))

    def on_resize(self) -> None:
        """The tables have other columns now."""
        for oracle in self.comparisons:
            self._show_table(oracle)

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

    def _oracles(self) -> dict[str, str]:
        """Who is asked, and what stands there until they answer."""
        asked = {"torch": tr("PyTorch is loading …"), "numeric": tr("central differences …")}
        recorded = self._problem.recorded
        return asked if recorded is None else asked | {"recorded": tr("recorded: {by} …", by=recorded.by)}

    def _what_is_compared(self) -> str:
        if self._position == self._problem.total_steps:
            return tr("Every step is executed: these are the gradients that backward returns.")
        return tr(
            "Backward is linear in dZ: with dZ set to zero for the steps not yet executed, "
            "an oracle's whole backward is what the running gradients must be here."
        )

    @work(thread=True)
    def _ask(self, oracle: str, question: Callable[[], Comparison]) -> None:
        try:
            answer: Comparison | str = question()
        except OracleUnavailable as error:
            answer = str(error)
        except ServiceClosed:
            return
        tell(self, self._show, oracle, answer)

    def _show(self, oracle: str, answer: Comparison | str) -> None:
        verdict = self.query_one(f"#{oracle}-verdict", Static)
        if isinstance(answer, str):
            verdict.update(Paragraph(answer))
            return
        self.comparisons[oracle] = answer
        said = answer.verdict
        said = tr("recorded: {said}", said=said) if oracle == "recorded" else said
        verdict.update(Paragraph(f"{'✓' if answer.ok else '✗'} {said}"))
        self._show_table(oracle)
        self.query_one(f"#{oracle}-tolerance", Static).update(Paragraph(answer.tolerance_text))
        answered = [self.comparisons[name] for name in self._oracles() if name in self.comparisons]
        self._show_differences(next((found for found in answered if not found.ok), answered[0]))

    def _show_table(self, oracle: str) -> None:
        width = min(WIDEST, self.size.width) - AROUND
        table = self.query_one(f"#{oracle}-table", Static)
        table.update(comparison_table(self.comparisons[oracle], width))
        table.display = True

    def _show_differences(self, comparison: Comparison) -> None:
        """Ours minus the oracle's, on the face with the worst cell of each gradient."""
        area = self.query_one("#differences")
        area.display = True
        self.query_one("#differences-title", Static).update(
            _plain(
                tr(
                    "Difference (ours − {oracle}): full colour at the tolerance, ▸ ◂ at the worst cell",
                    oracle=comparison.oracle,
                )
            )
        )
        tallest = 0
        for grid in area.query(TensorGrid):  # not everything need have been recorded
            grid.display = False
        for row in comparison.rows:
            panel = difference_panel(row)
            tallest = max(tallest, panel.face.shape[0])
            grid = self.query_one(f"#{panel.key}", TensorGrid)
            grid.display = True
            grid.set_look("heat", 0)
            grid.show(panel, all_changed=True)
        area.styles.height = min(tallest + 3, 16)


def _plain(text: str) -> Content:
    """Text that may come out of a file: no markup in it."""
    return Content(text)
