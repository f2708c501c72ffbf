"""The layer picker: every captured call with its numbers, and the way into each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from convstep.language import tr
from convstep.oracle.captured import CapturedLayer
from convstep.oracle.origin import Origin, origin_of
from convstep.printable import SentenceError, printable
from convstep.ui.dialogs.once import Once
from convstep.ui.telling import tell
from convstep.ui.widgets.key_line import KeyLine
from convstep.ui.widgets.layer_list import LayerList, SearchLine
from convstep.ui.widgets.row_list import RowList
from convstep.view.panels.layer_map import LayerMap
from convstep.view.panels.layer_order import Order
from convstep.view.panels.layers import (
    LayerRows,
    LayerTable,
    captured_words,
    entry_title,
    holds_nonfinite,
)
from convstep.view.panels.nonfinite import spot_of_origin

if TYPE_CHECKING:
    from convstep.conv.problem import Problem
    from convstep.oracle.captured import Skipped
    from convstep.ui.torch_app import TorchApp
    from convstep.view.panels.nonfinite import Spot

KEYS = (
    ("↑  ↓  Home  End", "Choose a layer."),
    ("Enter", "Open the layer in the debugger; q and Esc come back here."),
    (
        "x",
        "Say where the first NaN or inf was born, forward pass first, and open its layer there.",
    ),
    (
        "/",
        "Search: list the layers whose names hold what is typed; Enter goes back to the list, Esc shows all.",
    ),
    (
        "s",
        "Sort: by name, |dZ|, largest gradient, NaN and inf, size, and as they ran again; a map by RMS dZ.",
    ),
    (
        "m",
        "The map of a backward pass: how large dZ was at each layer, from the loss back, in the order in "
        "which the pass reached them; Esc or m leads back. RMS dZ is the root of the mean of the squares of "
        "all cells of dZ; a bar is its ratio to the layer that was reached first, on a log scale: to the "
        "left smaller, to the right larger.",
    ),
    ("[  ]", "In the map: the previous and the next backward pass."),
    ("u", "What is not in the list, with the reasons."),
    ("q", "Leave."),
)
"""The picker's keys, for the help."""

AROUND = 9
"""Lines that the details leave to title, order, columns, rows, answer and keys."""


class LayersScreen(Once, Screen[None]):
    """What was captured, a row for each call."""

    app: TorchApp

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        Binding("x", "hunt", "first NaN"),
        Binding("slash", "search", "search", key_display="/"),
        Binding("s", "sort", "sort"),
        Binding("m", "map", "map"),
        Binding("left_square_bracket", "turn(-1)", show=False),
        Binding("right_square_bracket", "turn(1)", show=False),
        Binding("u", "skipped", "not opened"),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "app.quit", "quit"),
        Binding("escape", "stop", show=False),
    ]
    DEFAULT_CSS = """
    LayersScreen #order { height: 1; padding: 0 1; }
    LayersScreen #order Static { width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    LayersScreen SearchLine { width: 30; max-width: 40%; margin: 0 2 0 0; background: $boost; display: none; }
    LayersScreen #columns { height: 1; padding: 0 1; text-wrap: nowrap; }
    LayersScreen LayerList { height: 1fr; margin: 0 1; }
    LayersScreen #details {
        height: auto; padding: 0 1; border-top: solid $foreground 40%; text-wrap: nowrap;
    }
    LayersScreen #answer { height: auto; max-height: 5; padding: 0 1; text-style: bold; }
    """

    def __init__(
        self,
        layers: Sequence[CapturedLayer],
        sample: int | None = None,
        *,
        skipped: Sequence[Skipped] = (),
        file: str = "",
        compare_at_end: bool = True,
    ) -> None:
        """Offer these layers, at least one, in the order of the forward passes, and what was skipped.

        `sample` is the one of a batch to open; None opens whole batches. `file` holds the layers, as the
        command line calls it, if anything does. `compare_at_end`: going on at a layer's last step opens the
        comparison.
        """
        super().__init__()
        self._layers, self._sample, self._compare_at_end = layers, sample, compare_at_end
        self._skipped, self._file = list(skipped), file
        self._list = LayerTable(layers)
        self.table: LayerRows = self._list
        """The rows: the list, or the map of a backward pass."""

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
        if at >= len(self._layers):
            self._answer(tr("no dZ was captured here, so there is nothing to step through"))
            return
        try:
            problem = self._layers[at].problem(self._sample)
        except SentenceError as error:
            self._answer(str(error))
        else:
            self._open(at, problem)

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what is found for the words so far."""
        if event.value == self.table.words:
            return
        self._answer("")
        self.table.filter(event.value)
        self._rearranged()

    def action_search(self) -> None:
        """Ask for a part of a name."""
        line = self.query_one(SearchLine)
        line.display = True
        line.focus()

    def action_search_done(self) -> None:
        """Go on in the list of what was found, at the row that is chosen now."""
        rows = self.query_one(LayerList)
        rows.action_choose(rows.chosen)
        self._leave_search()

    def action_search_over(self) -> None:
        """List all layers again."""
        self.query_one(SearchLine).value = ""
        self._leave_search()

    def action_choose_near(self, by: int) -> None:
        """Choose another row while the words are typed."""
        self.query_one(LayerList).action_move(by)

    def action_sort(self) -> None:
        """Sort by the next of ORDERS."""
        orders = self.table.orders
        following = orders[(orders.index(self.table.order) + 1) % len(orders)]
        self._answer(tr("sorting …"))  # large arrays have to be read for their norms
        self._sort(self.table, following)

    def action_map(self) -> None:
        """Draw the backward pass of the chosen layer as a map, or list all layers again."""
        if isinstance(self.table, LayerMap):
            self._show_rows(self._list)
        else:
            self._measure(self._layers[self.chosen].step)

    def action_turn(self, by: int) -> None:
        """Draw the map of an earlier or a later backward pass."""
        if isinstance(self.table, LayerMap):
            passes = self.table.passes
            at = passes.index(self.table.step) + by
            if 0 <= at < len(passes):
                self._measure(passes[at])

    def action_skipped(self) -> None:
        """List what cannot be opened."""
        if not self._skipped:
            self._answer(tr("nothing is missing: every layer that was to be captured is in the list"))
            return
        from convstep.ui.dialogs.skipped import list_skipped

        self.app.push_screen(list_skipped(self._skipped))

    def action_hunt(self) -> None:
        """Look for where the first NaN or inf was born, and open it."""
        self._stopped()
        self._answer(tr("looking for the first NaN or inf …   Esc stops"))
        self._hunt()

    def action_stop(self) -> None:
        """Look no further; where nothing is looked for, show all layers again, then their list."""
        if self._stopped():
            self._answer(tr("search stopped"))
        elif isinstance(self.table, LayerMap) and not self.table.words:
            self.action_map()
        else:
            self.action_search_over()

    def _stopped(self) -> bool:
        hunts = [worker for worker in self.workers if worker.group == "hunt" and worker.is_running]
        for worker in hunts:
            worker.cancel()
        return bool(hunts)

    def action_help(self) -> None:
        """Explain keys and marks."""
        from convstep.ui.dialogs.help import list_help

        self.app.push_screen(list_help(tr("Layers"), [(key, tr(what)) for key, what in KEYS]))

    @work(thread=True, group="sort", exclusive=True)
    def _sort(self, table: LayerRows, order: Order) -> None:
        tell(self, self._sorted, table, order, table.arranged(order), of=get_current_worker())

    def _sorted(self, table: LayerRows, order: Order, indices: list[int]) -> None:
        self._answer("")
        table.sort(order, indices)
        if table is self.table:
            self._rearranged()

    def _measure(self, step: int) -> None:
        self._answer(tr("measuring …"))  # large arrays have to be read here, too
        self._measure_aside(step)

    @work(thread=True, group="sort", exclusive=True)
    def _measure_aside(self, step: int) -> None:
        table = LayerMap(self._layers, self._skipped, step)
        tell(self, self._measured, table, of=get_current_worker())

    def _measured(self, table: LayerMap) -> None:
        self._answer("")
        if isinstance(self.table, LayerMap):
            table.sort(table.orders[self.table.orders.index(self.table.order)])
        self._show_rows(table)

    def _show_rows(self, table: LayerRows) -> None:
        """Show the list or a map, with what is chosen and searched for now."""
        before, self.table = self.table, table
        known = before.chosen < len(self._layers) or isinstance(table, LayerMap)
        table.chosen = before.chosen if known else table.chosen
        table.fit(self.size.width - 3)
        table.filter(before.words)
        self.query_one(LayerList).show(table)
        self._show_order()

    def _leave_search(self) -> None:
        line = self.query_one(SearchLine)
        line.display = bool(line.value)
        self.query_one(LayerList).focus()

    def _rearranged(self) -> None:
        self.query_one(LayerList).rearranged()
        self._show_order()

    def _choose(self, at: int) -> None:
        """Choose a layer, shown or not."""
        if at not in self.table.shown:
            self.query_one(SearchLine).value = ""
            self.table.filter("")
            self._leave_search()
            self._rearranged()
        if at not in self.table.shown:  # the map of another backward pass
            self._show_rows(self._list)
        self.query_one(LayerList).action_choose(self.table.shown.index(at))

    @work(thread=True, group="hunt", exclusive=True)
    def _hunt(self) -> None:
        worker = get_current_worker()
        found = origin_of(self._layers, lambda: worker.is_cancelled)
        tell(self, self._hunted, found, of=worker)

    def _hunted(self, found: Origin | None) -> None:
        if found is None:
            self._answer(tr("all that was captured is finite: no NaN, no inf"))
            return
        self._choose(found.index)
        self._answer(found.sentence)
        if self.app.screen is self:
            try:
                problem, spot = spot_of_origin(found, self._layers[found.index], self._sample)
            except SentenceError:  # the sentence stays
                return
            self._open(found.index, problem, spot)

    def _open(self, at: int, problem: Problem, first: Spot | None = None) -> None:
        from convstep.ui.debugger.screen import DebuggerScreen
        from convstep.ui.modes.script import ScriptMode

        layer = self._layers[at]
        # one sample of it has no name on the command line
        known = f"{self._file}:{layer.name}:{layer.call}" if self._file and self._sample is None else ""
        name = entry_title(layer, self._layers)
        mode = ScriptMode(
            problem,
            name,
            known,
            compare_at_end=self._compare_at_end,
            first=first,
            back=lambda: screen.dismiss(),
        )
        screen = DebuggerScreen(mode)
        self.app.push_screen(screen)

    def _title(self) -> Text:
        words, bad = captured_words(self._layers), sum(map(holds_nonfinite, self._layers))
        warning = f" · ✗ {tr('{count} with NaN or inf', count=bad)}" if bad else ""
        return Text(f"convstep  {words}{warning}", "bold")

    def _show_order(self) -> None:
        """What the rows are, and that there is more than them."""
        known = {layer.name for layer in self._layers}
        closed = sum(skipped.name not in known for skipped in self._skipped)
        left = [self.table.place] if isinstance(self.table, LayerMap) and self.table.place else []
        left += [tr("{count} not opened (u)", count=closed)] if closed else []
        if self._skipped and not closed:
            left += [tr("not every call is opened (u)")]
        if self.table.words:
            left.insert(0, tr("{count} of {all}", count=len(self.table), all=self.table.total))
        self.query_one("#order Static", Static).update(Text(" · ".join([*left, tr(self.table.order.words)])))
        self.query_one("#columns", Static).update(self.table.header())

    def _show_details(self) -> None:
        most = max(self.size.height - AROUND, 1)
        lines = [tr("no layer's name holds {words}", words=printable(self.table.words))]
        if len(self.table):
            lines = self.table.details(self.size.width - 2)[:most]
        self.query_one("#details", Static).update(Text("\n".join(lines), no_wrap=True))

    def say(self, words: str) -> None:
        """Answer a key below the details."""
        self._answer(words)

    def _answer(self, words: str) -> None:
        answer = self.query_one("#answer", Static)
        answer.display = bool(words)
        answer.update(Text(words))
