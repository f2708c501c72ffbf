"""The layer picker: every captured call with its numbers, and the way into each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import get_current_worker

from convstep.conv.validation import ProblemError
from convstep.language import tr
from convstep.oracle.captured import CapturedLayer, CaptureError
from convstep.oracle.origin import Origin, origin_of
from convstep.ui.screens.once import Once
from convstep.ui.telling import tell
from convstep.ui.widgets.key_line import KeyLine
from convstep.ui.widgets.row_list import RowList
from convstep.view.layers import LayerTable, details, entry_title, holds_nonfinite
from convstep.view.nonfinite import spot_of_origin

if TYPE_CHECKING:
    from convstep.conv.problem import Problem
    from convstep.ui.app import TorchApp
    from convstep.view.nonfinite import Spot

KEYS = (
    ("↑  ↓  Home  End", "Choose a layer."),
    ("Enter", "Open the layer in the debugger; q and Esc come back here."),
    (
        "x",
        "Say where the first NaN or inf was born, forward pass first, and open its layer there.",
    ),
    ("q", "Leave."),
)
"""The picker's keys, for the help."""

AROUND = 9
"""Lines that the details leave to title, columns, rows, answer and keys."""


class LayerList(RowList):
    """The rows; says when another one is chosen, and marks it."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("enter", "take", "open")]

    class Chosen(Message):
        """Another row is chosen."""

    def __init__(self, table: LayerTable) -> None:
        """List the table's rows."""
        super().__init__(table)
        self._table = table

    def on_resize(self) -> None:
        """Keep the chosen row in sight: longer details leave fewer rows."""
        self.call_after_refresh(lambda: self.action_choose(self.chosen))

    def action_choose(self, at: int) -> None:
        """Choose a row, and mark it."""
        super().action_choose(at)
        self._table.chosen = self.chosen
        self.post_message(self.Chosen())


class LayersScreen(Once, Screen[None]):
    """What was captured, a row for each call."""

    app: TorchApp

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("x", "hunt", "first NaN"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "app.quit", "quit"),
        Binding("escape", "stop", show=False),
    ]
    DEFAULT_CSS = """
    LayersScreen #columns { height: 1; padding: 0 1; text-wrap: nowrap; }
    LayersScreen LayerList { height: 1fr; margin: 0 1; }
    LayersScreen #details {
        height: auto; padding: 0 1; border-top: solid $foreground 40%; text-wrap: nowrap;
    }
    LayersScreen #answer { height: auto; max-height: 5; padding: 0 1; text-style: bold; }
    """

    def __init__(
        self, layers: Sequence[CapturedLayer], sample: int | None = None, *, compare_at_end: bool = True
    ) -> None:
        """Offer these layers.

        Args:
            layers: at least one, in the order of the forward passes.
            sample: the sample of a batch to open; None opens whole batches.
            compare_at_end: whether going on at a layer's last step opens the comparison.
        """
        super().__init__()
        self._layers, self._sample, self._compare_at_end = layers, sample, compare_at_end
        self.table = LayerTable(layers)
        """The rows."""

    @property
    def chosen(self) -> int:
        """The row that Enter opens."""
        return self.query_one(LayerList).chosen

    def compose(self) -> ComposeResult:
        """Title, table, the chosen layer in words, the answer to the last key, the keys."""
        yield Static(id="title", markup=False)
        yield Static(id="columns", markup=False)
        yield LayerList(self.table)
        yield Static(id="details", markup=False)
        yield Static(id="answer", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """The keys belong to the list."""
        self.query_one(LayerList).focus()
        self.query_one("#title", Static).update(self._title())
        self._answer("")

    def on_resize(self) -> None:
        """Choose the columns that fit."""
        self.table.fit(self.size.width - 3)  # a margin on both sides, and the scroll bar
        self.query_one("#columns", Static).update(self.table.header())
        self.query_one(LayerList).refresh()
        self._show_details()

    def on_layer_list_chosen(self) -> None:
        """Describe the row."""
        self._show_details()

    def on_row_list_taken(self, message: RowList.Taken) -> None:
        """Open the layer."""
        layer = self._layers[message.at]
        try:
            problem = layer.problem(self._sample)
        except (CaptureError, ProblemError) as error:
            self._answer(str(error))
        else:
            self._open(message.at, problem)

    def action_hunt(self) -> None:
        """Look for where the first NaN or inf was born, and open it."""
        self.action_stop()
        self._answer(tr("looking for the first NaN or inf …   Esc stops"))
        self._hunt()

    def action_stop(self) -> None:
        """Look no further."""
        for worker in self.workers:
            if worker.group == "hunt" and worker.is_running:
                worker.cancel()
                self._answer(tr("search stopped"))

    def action_help(self) -> None:
        """Explain keys and marks."""
        from convstep.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(tr("Layers"), [(key, tr(what)) for key, what in KEYS]))

    @work(thread=True, group="hunt", exclusive=True)
    def _hunt(self) -> None:
        worker = get_current_worker()
        found = origin_of(self._layers, lambda: worker.is_cancelled)
        tell(self, self._hunted, found, of=worker)

    def _hunted(self, found: Origin | None) -> None:
        if found is None:
            self._answer(tr("all that was captured is finite: no NaN, no inf"))
            return
        self.query_one(LayerList).action_choose(found.index)
        self._answer(found.sentence)
        if self.app.screen is self:
            try:
                problem, spot = spot_of_origin(found, self._layers[found.index], self._sample)
            except ProblemError:  # the sentence stays
                return
            self._open(found.index, problem, spot)

    def _open(self, at: int, problem: Problem, first: Spot | None = None) -> None:
        from convstep.ui.screens.script import ScriptScreen

        name = entry_title(self._layers[at], self._layers)
        self.app.push_screen(ScriptScreen(problem, name, compare_at_end=self._compare_at_end, first=first))

    def _title(self) -> Text:
        layers = len({layer.name for layer in self._layers})
        calls, bad = len(self._layers), sum(map(holds_nonfinite, self._layers))
        sentence = (
            ("{layers} layers captured, {calls} calls" if layers > 1 else "1 layer captured, {calls} calls")
            if calls > layers
            else ("{layers} layers captured" if layers > 1 else "1 layer captured")
        )
        words = tr(sentence, layers=layers, calls=calls)
        warning = f" · ✗ {tr('{count} with NaN or inf', count=bad)}" if bad else ""
        return Text(f"convstep  {words}{warning}", "bold")

    def _show_details(self) -> None:
        most = max(self.size.height - AROUND, 1)
        lines = details(self._layers[self.chosen], self.size.width - 2)[:most]
        self.query_one("#details", Static).update(Text("\n".join(lines), no_wrap=True))

    def say(self, words: str) -> None:
        """Answer a key below the details."""
        self._answer(words)

    def _answer(self, words: str) -> None:
        answer = self.query_one("#answer", Static)
        answer.display = bool(words)
        answer.update(Text(words))
