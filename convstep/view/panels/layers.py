"""Captured layers as a table, a row at a time, and one of them in all its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from convstep.conv.recorded import NAMES
from convstep.conv.validation import shape_text
from convstep.frozen import frozen
from convstep.language import tr
from convstep.oracle.captured import CapturedLayer, Skipped
from convstep.printable import printable
from convstep.view.numbers.text import short
from convstep.view.panels.layer_order import ORDERS, Order, arranged, count_nonfinite, matching
from convstep.view.panels.nonfinite import count_words
from convstep.view.text.wrapping import padded

NORM = 8
"""Columns of a norm: 1.23e-38."""
MARK = 16
"""Columns of the NaN and inf counts."""
LEAST_NAME = 8
"""Columns a name keeps, however narrow the screen is."""
CHOSEN = "▶"
"""Stands before the chosen row."""
BAD = "✗"
"""Stands before counts of NaN and inf."""


@frozen()
class Column:
    """One column of the table."""

    title: str
    """What stands above it, in English."""
    text: Callable[[CapturedLayer], str]
    """A layer's cell."""
    width: int | None = None
    """Columns it takes; None for as many as its longest cell."""
    right: bool = False
    """Whether its cells stand to the right."""


class LayerRows:
    """Layers as rows that are sorted, filtered and chosen; what a row looks like is said below it."""

    orders: tuple[Order, ...] = ORDERS
    """How the rows can be sorted, one after the other."""

    def __init__(self, layers: Sequence[CapturedLayer | Skipped]) -> None:
        self.layers = layers
        """What there is."""
        self.order, self.words = self.orders[0], ""
        """How the rows are sorted, and what the names must hold."""
        self.chosen = 0
        """The layer with the mark, an index into `layers`; it may be one that is not shown."""
        self._arranged = self.shown = list(range(len(layers)))
        """The rows, as indices into `layers`."""
        self._width = 200

    def sort(self, order: Order, indices: list[int] | None = None) -> None:
        """Put the rows into one of `orders`; `indices` is what `arranged` says, if asked beforehand."""
        self.order, self._arranged = order, self.arranged(order) if indices is None else indices
        self.filter(self.words)
        self.fit(self._width)

    def filter(self, words: str) -> None:
        """Show the layers whose names hold these words; without any, all."""
        self.words, self.shown = words, matching(self.layers, self._arranged, words)

    def __len__(self) -> int:
        return len(self.shown)

    @property
    def total(self) -> int:
        """How many rows there are where none is searched for."""
        return len(self._arranged)

    def arranged(self, order: Order) -> list[int]:
        """All rows in an order, as indices into `layers`; large arrays are read for it."""
        raise NotImplementedError

    def fit(self, width: int) -> None:
        """Choose the columns for a width."""
        raise NotImplementedError

    def header(self) -> Text:
        """What stands above the rows."""
        raise NotImplementedError

    def row(self, at: int) -> Text:
        """One row, counted from 0."""
        raise NotImplementedError

    def details(self, width: int) -> list[str]:
        """The chosen row in all its words, in lines of at most this width."""
        raise NotImplementedError


class LayerTable(LayerRows):
    """Draws rows of captured layers; what costs time is only calculated for rows that are seen."""

    layers: Sequence[CapturedLayer]

    def __init__(self, layers: Sequence[CapturedLayer]) -> None:
        super().__init__(layers)
        self._all = columns_of(layers)
        self._natural = {column.title: self._needed(column) for column in self._all}
        self._name = max((cell_len(title_of(layer)) for layer in layers), default=0)
        self.fit(self._width)

    def arranged(self, order: Order) -> list[int]:
        """All layers in this order."""
        return arranged(self.layers, order)

    def details(self, width: int) -> list[str]:
        """The chosen layer."""
        return details(self.layers[self.chosen], width)

    def fit(self, width: int) -> None:
        """Choose the columns for a width: the least telling are left out first, what sorts the rows last."""
        kept, self._width = list(self._all), width
        name, telling = max(min(self._name, 24), LEAST_NAME), self.order.columns
        shed = [(title, name) for title in ("", *SHED) if title not in telling]
        shed += [(title, LEAST_NAME) for title in ("", *reversed(telling))]
        for title, room in shed:
            kept = [column for column in kept if column.title != title]
            if self._taken(kept) + room <= width:
                break
        self._columns = kept
        least = max(LEAST_NAME, cell_len(tr("layer")) + 1)
        self._name_width = max(min(self._name, width - self._taken(kept)), least)

    def header(self) -> Text:
        """The columns' names; what the rows are sorted by is marked."""
        cells = [
            padded(self._title(column.title), self._natural[column.title], right=column.right)
            for column in self._columns
        ]
        name = padded(self._title("layer"), self._name_width)
        return Text("  ".join([f"  {name}", *cells]), "dim", no_wrap=True)

    def row(self, at: int) -> Text:
        """One layer."""
        layer = self.layers[self.shown[at]]
        mark = CHOSEN if self.shown[at] == self.chosen else " "
        line = Text(f"{mark} {padded(shortened(title_of(layer), self._name_width), self._name_width)}")
        for column in self._columns:
            text = padded(column.text(layer), self._natural[column.title], right=column.right)
            line.append(f"  {text}", "bold" if BAD in text else "")
        return line

    def _title(self, title: str) -> str:
        return tr(title) + (self.order.mark if title in self.order.columns else "")

    def _needed(self, column: Column) -> int:
        sorts = any(column.title in order.columns for order in ORDERS)
        title = cell_len(tr(column.title)) + sorts  # room for the mark, so that no column moves for it
        if column.width is not None:
            return max(column.width, title)
        return max([title, *(cell_len(column.text(layer)) for layer in self.layers)])

    def _taken(self, columns: Sequence[Column]) -> int:
        """What a row takes without its name."""
        return 2 + sum(2 + self._natural[column.title] for column in columns)


def columns_of(layers: Sequence[CapturedLayer]) -> list[Column]:
    """The columns after the name that say something of these layers."""
    several = {"call": any(layer.call for layer in layers), "pass": any(layer.step for layer in layers)}
    return [column for column in COLUMNS if several.get(column.title, True)]


def captured_words(layers: Sequence[CapturedLayer]) -> str:
    """How many layers and calls there are, at least one."""
    names, calls = len({layer.name for layer in layers}), len(layers)
    sentence = (
        ("{layers} layers captured, {calls} calls" if names > 1 else "1 layer captured, {calls} calls")
        if calls > names
        else ("{layers} layers captured" if names > 1 else "1 layer captured")
    )
    return tr(sentence, layers=names, calls=calls)


def details(layer: CapturedLayer, width: int) -> list[str]:
    """One layer in all its words, in lines of at most this width."""
    when = [
        tr("call {number} of this layer", number=layer.call),
        tr("backward pass {number}", number=layer.step),
        tr("1 step" if layer.dZ.size == 1 else "{count} steps", count=layer.dZ.size),
    ]
    shapes = [f"{name} {shape}" for name, shape in shape_words(layer).items()]
    norms = [f"|{name}| {short(norm, 4)}" for name, norm in layer.gradient_norms.items()]
    bad = [f"{name} {count_words(*counts)}" for name, counts in layer.nonfinite.items() if any(counts)]
    last = [f"{BAD} {' · '.join(bad)}" if bad else tr("no NaN, no inf")]
    lines = [[title_of(layer), *when], [*shapes, *geometry_words(layer)], norms, last]
    return [shortened(line, width) for parts in lines for line in _wrapped(parts, width)]


def title_of(layer: CapturedLayer | Skipped) -> str:
    """The layer's name, in characters that a terminal can show."""
    return printable(layer.name)


def entry_title(layer: CapturedLayer, layers: Sequence[CapturedLayer]) -> str:
    """The name, and which call and pass it is where there are several."""
    if sum(other.name == layer.name for other in layers) < 2:
        return title_of(layer)
    return tr("{layer} call {number}", layer=title_of(layer), number=layer.call)


def shape_words(layer: CapturedLayer) -> dict[str, str]:
    """Shapes by name: `A_prev` "2x8x8x3", `W` "16@3x3x3", `dZ` "2x8x8x16"."""
    return {
        name: f"{shape[0]}@{shape_text(shape[1:])}" if name == "W" else shape_text(shape)
        for name, shape in layer.shapes.items()
    }


def geometry_words(layer: CapturedLayer) -> list[str]:
    """What of the geometry is not the default: `stride 2`, `padding 1`."""
    return [f"{name} {value}" for name, value in _geometry(layer)]


def holds_nonfinite(layer: CapturedLayer) -> bool:
    """Whether any of its arrays, the output included, holds a NaN or inf."""
    return any(any(counts) for counts in layer.nonfinite.values())


def nonfinite_words(layer: CapturedLayer) -> str:
    """`✗ 12 NaN 3 inf` in all its arrays, the output included; "-" for none."""
    found = count_words(*count_nonfinite(layer))
    if not found:
        return "-"
    if len(found) + 2 > MARK:
        found = " ".join(word for word in found.split() if word.isalpha())
    return f"{BAD} {found}"


def shortened(text: str, width: int) -> str:
    """A text in a width: its beginning and its end, with … for what is between."""
    if cell_len(text) <= width:
        return text
    room = max((width - 1) * 2 // 3, 0)
    tail = text[-room:] if room else ""
    while cell_len(tail) > room:  # wide characters
        tail = tail[1:]
    return set_cell_size(text, max(width - 1 - cell_len(tail), 0)) + "…" + tail


def _geometry(layer: CapturedLayer) -> list[tuple[str, str]]:
    """Name and value of each number that is not the default."""
    convolution = layer.convolution
    padding = convolution.padding
    given = [
        ("stride", _pair(convolution.stride)),
        ("padding", padding if isinstance(padding, str) else _pair(padding)),
        ("dilation", _pair(convolution.dilation)),
        ("groups", str(convolution.groups)),
    ]
    defaults = {"stride": ("1",), "padding": ("0", "valid"), "dilation": ("1",), "groups": ("1",)}
    return [(name, value) for name, value in given if value not in defaults[name]]


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]},{pair[1]}"


def _brief_geometry(layer: CapturedLayer) -> str:
    """`s2 p1 d2 g4`: the same in letters."""
    return (
        " ".join(value if value == "same" else f"{name[0]}{value}" for name, value in _geometry(layer)) or "-"
    )


def _norm(name: str) -> Callable[[CapturedLayer], str]:
    def text(layer: CapturedLayer) -> str:
        norm = layer.gradient_norms.get(name)
        return "-" if norm is None else short(norm, 3)

    return text


def _wrapped(parts: Sequence[str], width: int) -> list[str]:
    """Parts with dots between, in as few lines as they fit in."""
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(f"{lines[-1]} · {part}") <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


COLUMNS = (
    Column("call", lambda layer: str(layer.call), right=True),
    Column("pass", lambda layer: str(layer.step), right=True),
    Column("A_prev", lambda layer: shape_words(layer)["A_prev"], right=True),
    Column("W", lambda layer: shape_words(layer)["W"], right=True),
    Column("geometry", _brief_geometry),
    Column("steps", lambda layer: str(layer.dZ.size), right=True),
    *(Column(f"|{name}|", _norm(name), NORM, right=True) for name in ("dZ", *NAMES)),
    Column("NaN, inf", nonfinite_words, MARK),
)
"""After the name, from left to right; call and pass where there are several."""

SHED = ("|db|", "|dA_prev|", "geometry", "A_prev", "|dW|", "|dZ|", "W", "steps", "pass", "call", "NaN, inf")
"""What is left out first where there is little room; the details of the chosen row say it all."""
