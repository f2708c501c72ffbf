"""One backward pass as a map: how large dZ was at each layer, from the loss back to the input.

The measure is the root mean square of dZ, which does not grow with the size of a layer as a norm does.
A bar is its ratio to the layer that was reached first, on a log scale: to the left of the line it has
become smaller, to the right larger, and all bars have the same columns a decade.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from convstep.frozen import frozen
from convstep.language import tr
from convstep.oracle.captured import CapturedLayer, Skipped
from convstep.printable import printable
from convstep.steps.number_text import short
from convstep.view.panels.layer_order import FORWARD_REVERSED, MAP_ORDERS, Order
from convstep.view.panels.layers import BAD, CHOSEN, LayerRows, details, shortened, title_of
from convstep.view.panels.nonfinite import count_words
from convstep.view.text.wrapping import padded, wrapped

NUMBER = 8
"""Columns of an RMS and of |dW|/|W|: 1.23e-38."""
RATIO = 9
"""Columns of a ratio: ×1.2e-300."""
GAP = 2
"""Columns between two columns."""
LEAST_BAR, ROOMY_BAR = 12, 20
"""Columns that a bar has at the least, and below which |dW|/|W| is left out for it."""
LEAST_NAME, MOST_NAME = 8, 24
"""Columns of a name at the least, and before a bar has all that it can use."""
LARGEST_POWER = 300
"""Beyond, a ratio is written as a power of ten: it may be no number any more."""


@frozen()
class Axis:
    """Where a ratio of 1 stands in the bars' columns, and how long a factor of ten is."""

    left: int
    """Columns to the left of the line."""
    right: int
    """Columns to the right of it."""
    below: int
    """How many factors of ten the left side holds."""
    above: int
    """How many the right side holds."""

    @classmethod
    def fitting(cls, width: int, least: float, most: float) -> Axis:
        """The axis that holds ratios from `10**least` to `10**most`, and a factor of ten on both sides.

        `least` is 0 or less, `most` 0 or more.
        """
        below, above = max(math.ceil(-least), 1), max(math.ceil(most), 1)
        left = min(max(round((width - 1) * below / (below + above)), 1), width - 2)
        return cls(left, width - 1 - left, below, above)

    @property
    def width(self) -> int:
        """Columns of all of it."""
        return self.left + 1 + self.right

    @property
    def decade(self) -> float:
        """Columns of a factor of ten, the same on both sides."""
        return min(self.left / self.below, self.right / self.above)

    def bar(self, power: float) -> str:
        """The bar of `10**power`, to half a column."""
        full, half = divmod(round(2 * abs(power) * self.decade), 2)
        if power < 0:
            return f"{'▐' * half}{'█' * full}│".rjust(self.left + 1) + " " * self.right
        return " " * self.left + f"│{'█' * full}{'▌' * half}".ljust(self.right + 1)

    def labels(self) -> str:
        """The scale: `×1` at the line, and where the outermost powers of ten are, as far as there is room."""
        one = f"{' ' * self.left}×1"
        least, most = f"×1e-{self.below}", f"×1e{self.above}"
        begin = round(self.left - self.below * self.decade)
        if begin + len(least) < self.left:
            one = f"{' ' * begin}{least}".ljust(self.left) + "×1"
        end = self.left + 1 + round(self.above * self.decade)
        if end - len(most) > len(one):
            one = one.ljust(end - len(most)) + most
        return one.ljust(self.width)[: self.width]


class LayerMap(LayerRows):
    """The calls that one backward pass reached, and the layers that no dZ came to."""

    orders = MAP_ORDERS

    def __init__(
        self, layers: Sequence[CapturedLayer], skipped: Sequence[Skipped] = (), step: int | None = None
    ) -> None:
        """Measure one backward pass, by default the last: the dZ, dW and W of each of its calls are read.

        A row keeps its index into the layers. Of those skipped, the ones that are not captured at all have a
        row without dZ.
        """
        names = {layer.name for layer in layers}
        super().__init__([*layers, *(one for one in skipped if one.name not in names)])
        self.passes = sorted({layer.step for layer in layers})
        """The backward passes there are."""
        self.step = self.passes[-1] if step is None else step
        """The one that is shown."""
        inside = [at for at, layer in enumerate(layers) if layer.step == self.step]
        recorded = all(layers[at].reached is not None for at in inside)
        self.recorded = recorded
        """Whether it is known in which order the backward pass reached its calls."""
        if not recorded:
            self.orders = (replace(MAP_ORDERS[0], words=FORWARD_REVERSED), *MAP_ORDERS[1:])
            self.order = self.orders[0]
        self._calls = {
            at: layers[at]
            for at in sorted(inside, key=lambda at: (layers[at].reached or 0) if recorded else -at)
        }
        self._missing = [*range(len(layers), len(self.layers))]
        self._several = len({one.name for one in self._calls.values()}) < len(self._calls)
        self._measured = {at: one for at, one in self._calls.items() if 0 < one.dZ_rms < math.inf}
        self._first = next(iter(self._measured.values()), None)
        powers = [self._power(one) for one in self._measured.values()]
        self._reach = min([0.0, *powers]), max([0.0, *powers])
        self._weights = {at: one.dW_ratio for at, one in self._calls.items()}
        self._arranged = self.arranged(self.order)
        self.filter("")
        self.fit(self._width)

    def arranged(self, order: Order) -> list[int]:
        """The pass's calls in this order, and below them the layers without dZ."""
        key, calls = order.key, [*self._calls]
        if key is not None:
            calls.sort(key=lambda at: key(self._calls[at]))
        return [*calls, *self._missing]

    def fit(self, width: int) -> None:
        """Share the width between name and bar; |dW|/|W| goes first."""
        self._width = width
        shown = [self.layers[at] for at in (*self._calls, *self._missing)]
        name = max(*(cell_len(title_of(one)) for one in shown), cell_len(tr("layer")))
        call = GAP + self._call_width if self._several else 0
        left = width - 2 - call - 3 * GAP - NUMBER - RATIO
        self._name = max(min(name, MOST_NAME, left // 2), LEAST_NAME)
        self._with_weights = left - self._name - GAP - NUMBER - 1 >= ROOMY_BAR
        left -= (GAP + NUMBER + 1) * self._with_weights
        self._name = max(min(self._name, left - LEAST_BAR), LEAST_NAME)
        self._axis = Axis.fitting(max(left - self._name, LEAST_BAR), *self._reach)

    def header(self) -> Text:
        """The columns' names, above the bars their scale; what the rows are sorted by is marked."""
        mark = self.order.mark if self.order.columns else ""
        cells = [padded(tr("layer"), self._name)]
        cells += [padded(tr("call"), self._call_width, right=True)] if self._several else []
        cells += [padded(f"RMS dZ{mark}", NUMBER, right=True), padded(tr("ratio"), RATIO, right=True)]
        cells += [self._axis.labels()]
        cells += [padded("|dW|/|W|", NUMBER + 1, right=True)] if self._with_weights else []
        return Text("  ".join([f"  {cells[0]}", *cells[1:]]), "dim", no_wrap=True)

    def row(self, at: int) -> Text:
        """One call, or a layer without dZ."""
        index = self.shown[at]
        one = self.layers[index]
        mark = CHOSEN if index == self.chosen else " "
        line = Text(f"{mark} {padded(shortened(title_of(one), self._name), self._name)}")
        call, rms, ratio, weights = "", "-", "-", None
        bar, bold = padded(tr("not captured"), self._axis.width), False
        if isinstance(one, CapturedLayer):
            call, rms, ratio = str(one.call), short(one.dZ_rms, 3), self._ratio(one)
            weights = self._weights[index]
            bar, bold = self._bar(one), not math.isfinite(one.dZ_rms)
        if self._several:
            line.append(f"  {padded(call, self._call_width, right=True)}")
        line.append(f"  {padded(rms, NUMBER, right=True)}  {padded(ratio, RATIO, right=True)}  ")
        line.append(bar, "bold" if bold else "")
        if self._with_weights:
            words = "-" if weights is None else short(weights, 2)
            line.append(f"  {padded(words, NUMBER + 1, right=True)}")
        return line

    def records(self) -> list[dict[str, Any]]:
        """The rows for a program: those of `Captured.rows`, and what is known of the layers without dZ."""
        shown = (self.layers[at] for at in self.shown)
        return [one.row() if isinstance(one, CapturedLayer) else one._asdict() for one in shown]

    def details(self, width: int) -> list[str]:
        """What the numbers of the pass come to, then the chosen row."""
        said = [line for words in self.sentences for line in wrapped(words, width)]
        one = self.layers[self.chosen]
        if isinstance(one, CapturedLayer):
            return [*said, *details(one, width)]
        reason = f"{title_of(one)} · {printable(one.kind)} · {printable(one.reason)}"
        return [*said, *wrapped(reason, width)]

    @property
    def place(self) -> str:
        """Which backward pass it is, where there are several; else ""."""
        if len(self.passes) < 2:
            return ""
        return f"{tr('backward pass {number}', number=self.step)} ([ ])"

    @property
    def sentences(self) -> list[str]:
        """What holds of the numbers, and no more: from the first to the last, the extremes, NaN and zeros."""
        return [sentence for sentence in (*self._change(), *self._marks()) if sentence]

    @property
    def _call_width(self) -> int:
        return max(cell_len(tr("call")), *(len(str(one.call)) for one in self._calls.values()))

    def _change(self) -> list[str]:
        measured = [*self._measured.values()]
        if self._first is None or len(measured) < 2:
            return []
        first, last = measured[0], measured[-1]
        power = self._power(last)
        factor = factor_text(abs(power))
        sentence = "RMS dZ falls by a factor of {factor} from layer {first} to layer {last}"
        if factor == "1":
            sentence = "RMS dZ is as large at layer {last} as at layer {first}, to two digits"
        elif power > 0:
            sentence = "RMS dZ grows by a factor of {factor} from layer {first} to layer {last}"
        said = [tr(sentence, factor=factor, first=self._called(first), last=self._called(last))]
        least, most = (pick(measured, key=self._power) for pick in (min, max))
        ends = first.dZ_rms, last.dZ_rms
        if least.dZ_rms not in ends:
            said.append(
                tr("smallest at {layer}: {ratio}", layer=self._called(least), ratio=self._ratio(least))
            )
        if most.dZ_rms not in ends:
            said.append(tr("largest at {layer}: {ratio}", layer=self._called(most), ratio=self._ratio(most)))
        return [" · ".join(said)]

    def _marks(self) -> list[str]:
        calls = [*self._calls.values()]
        bad = [one for one in calls if not math.isfinite(one.dZ_rms)]
        zero = [one for one in calls if one.dZ_rms == 0]
        said = []
        if bad:
            sentence = "NaN or inf in dZ at {count} of {all} calls, first reached: {layer}"
            said.append(tr(sentence, count=len(bad), all=len(calls), layer=self._called(bad[0])))
        if zero:
            sentence = "dZ is 0 everywhere at {count} of {all} calls, first reached: {layer}"
            said.append(tr(sentence, count=len(zero), all=len(calls), layer=self._called(zero[0])))
        if self._first is not None:
            said.append(
                tr("ratio and bar (log scale): relative to layer {layer}", layer=self._called(self._first))
            )
        return [" · ".join(said)]

    def _called(self, one: CapturedLayer) -> str:
        name = shortened(title_of(one), MOST_NAME)
        several = sum(other.name == one.name for other in self._calls.values()) > 1
        return tr("{layer} call {number}", layer=name, number=one.call) if several else name

    def _power(self, one: CapturedLayer) -> float:
        assert self._first is not None
        return math.log10(one.dZ_rms) - math.log10(self._first.dZ_rms)

    def _ratio(self, one: CapturedLayer) -> str:
        if self._first is None or not 0 < one.dZ_rms < math.inf:
            return "-"
        return f"×{factor_text(self._power(one))}"

    def _bar(self, one: CapturedLayer) -> str:
        if 0 < one.dZ_rms < math.inf:
            return self._axis.bar(self._power(one))
        width = self._axis.width
        bad = f"{BAD} {count_words(*one.nonfinite['dZ'])}"
        return padded(shortened(tr("0 everywhere") if one.dZ_rms == 0 else bad, width), width)


def map_text(
    layers: Sequence[CapturedLayer],
    skipped: Sequence[Skipped] = (),
    step: int | None = None,
    width: int = 80,
    most: int | None = None,
) -> str:
    """The map of one backward pass, by default the last, as lines of text.

    Of more than `most` rows it is said how many are left out.
    """
    drawn = LayerMap(layers, skipped, step)
    drawn.chosen = -1
    drawn.fit(width)
    order = tr(
        "from the loss back, as the backward pass reached them"
        if drawn.recorded
        else "from the loss back: the order of the forward pass reversed"
    )
    head = f"{tr('backward pass {number}', number=drawn.step)} · {order}"
    shown = range(len(drawn) if most is None else min(len(drawn), most))
    lines = [*wrapped(head, width), drawn.header().plain]
    lines += [drawn.row(at).plain for at in shown]
    if len(shown) < len(drawn):
        lines.append(tr("{count} more rows", count=len(drawn) - len(shown)))
    said = [*drawn.sentences, tr("RMS dZ: the root of the mean of the squares of all cells of dZ")]
    lines += [line for words in said for line in wrapped(words, width)]
    return "\n".join(line.rstrip() for line in lines)


def factor_text(power: float) -> str:
    """`10**power` to two digits; beyond what is a number, the power of ten alone."""
    if abs(power) >= LARGEST_POWER:
        return f"1e{round(power)}"
    return short(float(f"{10.0**power:.2g}"), 2)  # `short` alone keeps all whole digits: 65142
