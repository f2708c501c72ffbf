"""In which order captured layers are listed, and which of them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from convstep.conv.recorded import NAMES
from convstep.frozen import frozen
from convstep.oracle.captured import CapturedLayer, Skipped
from convstep.printable import printable


@frozen()
class Order:
    """One way to sort the list."""

    words: str
    """What the rows are in the order of, in English."""
    key: Callable[[CapturedLayer], Any] | None = None
    """What rises from row to row; None where the list stays as it is."""
    columns: tuple[str, ...] = ()
    """The columns that show it, the most telling first."""
    mark: str = "▼"
    """Stands after their titles: whether the largest come first."""


def count_nonfinite(layer: CapturedLayer) -> tuple[int, int]:
    """How many NaN and inf there are in all its arrays, the output included."""
    counts = layer.nonfinite.values()
    return sum(count.nan for count in counts), sum(count.inf for count in counts)


def arranged(layers: Sequence[CapturedLayer], order: Order) -> list[int]:
    """The layers' indices in this order; equal ones stay in the order of the forward passes."""
    key = order.key
    return (
        list(range(len(layers)))
        if key is None
        else sorted(range(len(layers)), key=lambda at: key(layers[at]))
    )


def matching(layers: Sequence[CapturedLayer | Skipped], arranged: Iterable[int], words: str) -> list[int]:
    """Those whose name holds every one of some words, in either case."""
    wanted = words.casefold().split()
    return [at for at in arranged if all(word in printable(layers[at].name).casefold() for word in wanted)]


def _by_name(layer: CapturedLayer) -> tuple[Any, ...]:
    """`features.2` before `features.10`; a layer's calls in their order."""
    parts = re.split(r"(\d+)", layer.name)
    return tuple((part.isdigit(), int(part) if part.isdecimal() else 0, part) for part in parts)


def _falling(size: float) -> tuple[bool, float]:
    """The largest first, NaN before all of them."""
    return not math.isnan(size), 0.0 if math.isnan(size) else -size


def _by_gradient(layer: CapturedLayer) -> tuple[bool, float]:
    norms = [layer.gradient_norms[name] for name in NAMES if name in layer.gradients]
    return _falling(math.nan if any(map(math.isnan, norms)) else max(norms, default=0.0))


ORDERS = (
    Order("in the order of the forward pass"),
    Order("sorted by name", _by_name, ("layer",), "▲"),
    Order("sorted by |dZ|", lambda layer: _falling(layer.gradient_norms["dZ"]), ("|dZ|",)),
    Order("sorted by the largest gradient", _by_gradient, ("|dW|", "|db|", "|dA_prev|")),
    Order("sorted by NaN and inf", lambda layer: -sum(count_nonfinite(layer)), ("NaN, inf",)),
    Order("sorted by size", lambda layer: -sum(map(math.prod, layer.shapes.values())), ("A_prev", "W")),
)
"""One after the other, from the first to the first."""

MAP_ORDERS = (
    Order("from the loss back, as recorded"),
    Order("sorted by RMS dZ", lambda layer: _falling(layer.dZ_rms), ("RMS dZ",)),
)
"""The same for the map of one backward pass."""
FORWARD_REVERSED = "from the loss back, forward reversed"
"""In place of the first, where a file does not say in which order they were reached."""
