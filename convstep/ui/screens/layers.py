"""The layer picker: every captured call with its numbers, and the way into each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from convstep.conv.validation import ProblemError
from convstep.language import tr
from convstep.oracle.captured import CapturedLayer, CaptureError
from convstep.printable import printable
from convstep.ui.screens.once import Once
from convstep.ui.telling import tell
from convstep.ui.widgets.key_line import KeyLine
from convstep.ui.widgets.row_list import RowList
from convstep.view.hunt import NONE, Hunted, hunt, suspects
from convstep.view.layer_order import ORDERS, Order, arranged
from convstep.view.layers import LayerTable, captured_words, details, entry_title

if TYPE_CHECKING:
    from convstep.conv.problem import Problem
    from convstep.oracle.captured import Skipped
    from convstep.replay.nonfinite import FirstNonfinite
    from convstep.ui.app import TorchApp

KEYS = (
    ("↑  ↓  Home  End", "Choose a layer."),
    ("Enter", "Open the layer in the debugger; q and Esc come back here."),
    (
        "x",
        "Go to the first step of the backward pass that makes a NaN or inf, in its layer.",
    ),
    (
        "/",
        "Search: list the layers whose names hold what is typed; Enter goes back to the list, Esc shows all.",
    ),
    ("s", "Sort: by name, |dZ|, the largest gradient, NaN and inf, size, and as they ran again."),
    ("u", "What ran and cannot be opened, with the reasons."),
    ("q", "Leave."),
)
"""The picker's keys, for the help."""

AROUND = 9
"""Lines that the details leave to title, order, columns, rows, answer and keys."""


class LayerList(RowList):
    """The rows; says when another one is chosen, and marks it."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("enter", "take", "open")]

    class Chosen(Message):
        """Another row is chosen."""

    def __init__(self, table: LayerTable) -> None:
        """List the table's rows."""
        super().__init__(table)
        self._table, self._wanted = table, table.chosen

    def on_resize(self) -> None:
        """Keep the chosen row in sight: longer details leave fewer rows."""
        self.call_after_refresh(lambda: self._choose(self.chosen))

    def action_choose(self, at: int) -> None:
        """Choose a row, and mark it."""
        self._choose(at)
        self._wanted = self._table.chosen

    def rearranged(self) -> None:
        """Draw other rows; the layer that was chosen stays where it is on the screen, if it is among them.

        If not, the first row is chosen until that layer comes back or another one is chosen.
        """
        shown, line = self._table.shown, self.chosen - self.scroll_offset.y
        row = shown.index(self._wanted) if self._wanted in shown else 0
        self.virtual_size = Size(self.size.width, len(shown))
        self.scroll_to(y=max(row - line, 0), animate=False, force=True, immediate=True)
        self._choose(row)
        self.refresh()

    def _choose(self, at: int) -> None:
        super().action_choose(at)
        if len(self._table):
            self._table.chosen = self._table.shown[self.chosen]
        self.post_message(self.Chosen())


class SearchLine(Input):
    """What the names must hold, while it is typed; the arrows choose among what is found."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("enter", "screen.search_done", "done"),
        Binding("escape", "screen.search_over", "show all"),
        *(Binding(key, f"screen.choose_near({by})", show=False) for key, by in (("up", -1), ("down", 1))),
    ]


class LayersScreen(Once, Screen[None]):
    """What was captured, a row for each call."""

    app: TorchApp

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("x", "hunt", "first NaN"),
        Binding("slash", "search", "search", key_display="/"),
        Binding("s", "sort", "sort"),
        Binding("u", "skipped", "not opened"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "app.quit", "quit"),
        Binding("escape", "stop", show=False),
    ]
    DEFAULT_CSS = """
    LayersScreen #order { height: 1; padding: 0 1; }
    LayersScreen #order Static { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    LayersScreen SearchLine { width: 30; max-width: 50%; margin: 0 2 0 0; background: $boost; display: none; }
    LayersScreen #columns { height: 1; padding: 0 1; text-wrap: nowrap; }
    LayersScreen LayerList { height: 1fr; margin: 0 1; }
    LayersScreen #details {
        height: auto; padding: 0 1; border-top: solid $foreground 40%; text-wrap: nowrap;
    }
    LayersScreen #answer { height: auto; max-height: 3; padding: 0 1; text-style: bold; }
    """

    def __init__(
        self,
        layers: Sequence[CapturedLayer],
        sample: int | None = None,
        *,
        skipped: Sequence[Skipped] = (),
        compare_at_end: bool = True,
    ) -> None:
        """Offer these layers.

        Args:
            layers: at least one, in the order of the forward passes.
            sample: the sample of a batch to open; None opens whole batches.
            skipped: what ran beside them and cannot be opened.
            compare_at_end: whether going on at a layer's last step opens the comparison.
        """
        super().__init__()
        self._layers, self._sample, self._compare_at_end = layers, sample, compare_at_end
        self._skipped = list(skipped)
        self.table = LayerTable(layers)
        """The rows."""

    @property
    def chosen(self) -> int:
        """The layer that Enter opens, an index into all of them."""
        return self.table.chosen

    def compose(self) -> ComposeResult:
        """Title, order, table, the chosen layer in words, the answer to the last key, the keys."""
        yield Static(id="title", markup=False)
        with Horizontal(id="order"):
            yield SearchLine(placeholder=tr("part of a name"), compact=True)
            yield Static(markup=False)
        yield Static(id="columns", markup=False)
        yield LayerList(self.table)
        yield Static(id="details", markup=False)
        yield Static(id="answer", markup=False)
        yield KeyLine(lambda action: action != "skipped" or bool(self._skipped))

    def on_mount(self) -> None:
        """The keys belong to the list."""
        self.query_one(LayerList).focus()
        self.query_one("#title", Static).update(self._title())
        self._answer("")

    def on_resize(self) -> None:
        """Choose the columns that fit."""
        self.table.fit(self.size.width - 3)  # a margin on both sides, and the scroll bar
        self._show_order()
        self.query_one(LayerList).refresh()
        self._show_details()

    def on_layer_list_chosen(self) -> None:
        """Describe the row."""
        self._show_details()

    def on_row_list_taken(self, message: RowList.Taken) -> None:
        """Open the layer."""
        at = self.table.shown[message.at]
        try:
            problem = self._layers[at].problem(self._sample)
        except (CaptureError, ProblemError) as error:
            self._answer(str(error))
        else:
            self._open(at, problem)

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what is found for the words so far."""
        self._answer("")
        self.table.filter(event.value)
        self._rearranged()

    def action_search(self) -> None:
        """Ask for a part of a name."""
        line = self.query_one(SearchLine)
        line.display = True
        line.focus()

    def action_search_done(self) -> None:
        """Go on in the list of what was found."""
        line = self.query_one(SearchLine)
        line.display = bool(line.value)
        self.query_one(LayerList).focus()

    def action_search_over(self) -> None:
        """List all layers again."""
        self.query_one(SearchLine).value = ""
        self.action_search_done()

    def action_choose_near(self, by: int) -> None:
        """Choose another row while the words are typed."""
        self.query_one(LayerList).action_move(by)

    def action_sort(self) -> None:
        """Sort by the next of ORDERS."""
        following = ORDERS[(ORDERS.index(self.table.order) + 1) % len(ORDERS)]
        self._answer(tr("sorting …"))  # large arrays have to be read for their norms
        self._sort(following)

    def action_skipped(self) -> None:
        """List what cannot be opened."""
        if not self._skipped:
            self._answer(tr("nothing was skipped: every convolution that ran is in the list"))
            return
        from convstep.ui.screens.skipped import SkippedScreen

        self.app.push_screen(SkippedScreen(self._skipped))

    def action_hunt(self) -> None:
        """Look for the first step that makes a NaN or inf, and open it."""
        self.action_stop()
        self._answer(tr("looking for the first NaN or inf …   Esc stops"))
        self._hunt()

    def action_stop(self) -> None:
        """Look no further; where nothing is looked for, list all layers again."""
        if not any(worker.group == "hunt" and worker.is_running for worker in self.workers):
            self.action_search_over()
        for worker in self.workers:
            if worker.group == "hunt" and worker.is_running:
                worker.cancel()
                self._answer(tr("search stopped"))

    def action_help(self) -> None:
        """Explain keys and marks."""
        from convstep.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(tr("Layers"), [(key, tr(what)) for key, what in KEYS]))

    @work(thread=True, group="sort", exclusive=True)
    def _sort(self, order: Order) -> None:
        tell(self, self._sorted, order, arranged(self._layers, order), of=get_current_worker())

    def _sorted(self, order: Order, indices: list[int]) -> None:
        self._answer("")
        self.table.sort(order, indices)
        self._rearranged()

    def _rearranged(self) -> None:
        self.query_one(LayerList).rearranged()
        self._show_order()

    def _choose(self, at: int) -> None:
        """Choose a layer, shown or not."""
        if at not in self.table.shown:
            self.query_one(SearchLine).value = ""
            self.table.filter("")
            self.action_search_done()
            self._rearranged()
        self.query_one(LayerList).action_choose(self.table.shown.index(at))

    @work(thread=True, group="hunt", exclusive=True)
    def _hunt(self) -> None:
        worker = get_current_worker()
        found = hunt(self._layers, self._sample, lambda: worker.is_cancelled)
        tell(self, self._hunted, found, of=worker)

    def _hunted(self, found: Hunted | None) -> None:
        if found is None:
            self._answer(tr(NONE))
            return
        self._choose(found.at)
        self._answer(found.words(self._layers[found.at]))
        if found.first is not None and self.app.screen is self:
            self._open(found.at, found.problem, found.first)

    def _open(self, at: int, problem: Problem, first: FirstNonfinite | None = None) -> None:
        from convstep.ui.screens.script import ScriptScreen

        name = entry_title(self._layers[at], self._layers)
        self.app.push_screen(ScriptScreen(problem, name, compare_at_end=self._compare_at_end, first=first))

    def _title(self) -> Text:
        words, bad = captured_words(self._layers), len(suspects(self._layers))
        warning = f" · ✗ {tr('{count} with NaN or inf', count=bad)}" if bad else ""
        return Text(f"convstep  {words}{warning}", "bold")

    def _show_order(self) -> None:
        """What the rows are, and that there is more than them."""
        left = [tr("{count} not opened (u)", count=len(self._skipped))] if self._skipped else []
        if self.table.words:
            left.append(tr("{count} of {all}", count=len(self.table), all=len(self._layers)))
        self.query_one("#order Static", Static).update(Text(" · ".join([*left, tr(self.table.order.words)])))
        self.query_one("#columns", Static).update(self.table.header())

    def _show_details(self) -> None:
        most = max(self.size.height - AROUND, 1)
        lines = [tr("no layer's name holds {words}", words=printable(self.table.words))]
        if len(self.table):
            lines = details(self._layers[self.chosen], self.size.width - 2)[:most]
        self.query_one("#details", Static).update(Text("\n".join(lines), no_wrap=True))

    def say(self, words: str) -> None:
        """Answer a key below the details."""
        self._answer(words)

    def _answer(self, words: str) -> None:
        answer = self.query_one("#answer", Static)
        answer.display = bool(words)
        answer.update(Text(words))
