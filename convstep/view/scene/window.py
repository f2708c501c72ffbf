"""One window, forward above backward: what its y is made of, and what its dy comes back as."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from rich.text import Text

from convstep.frozen import NamedTuple
from convstep.language import tr
from convstep.steps.cells import Array, cell_text
from convstep.view.grid.look import NOW, READS, WRITES
from convstep.view.numbers.factor import factor_text
from convstep.view.numbers.text import NARROWEST, largest, short
from convstep.view.scene.blocks import ENOUGH, WIDEST, Block, around, cut, shares
from convstep.view.scene.card import first_that_fits, mark_of
from convstep.view.scene.scene import Scene

Lines = list[Text]

RULES = ("dw = x * dy", "dx = w * dy", "db = dy")
"""What comes back to each of the three that made y, in the order in which a step adds it."""
WIDE_FROM = 40
"""Columns from which more than two stand between the arrays."""


class Window(NamedTuple):
    """What the forward pass makes of the window that a backward step is about."""

    cell: str
    """The cell of the output: `Z[4, 2, 0]`."""
    x: Array
    """The input below the window, on the face that is shown, `(rows, columns)`."""
    w: Array
    """The filter, on the same face."""
    total: float
    """`np.sum(x * w)`, over all channels."""
    bias: float | None
    """The filter's bias; None without one."""
    y: float
    """The cell of the output."""
    channels: tuple[int, int] = (0, 1)
    """Which channel is shown, and of how many."""


def draw_window(scene: Scene, window: Window, width: int, height: int, *, hidden: bool = False) -> Text:
    """The window in as much detail as the room allows.

    The scene is of the backward step, whose additions' numbers are shown; the window is the same step,
    forward. The value of y may be `hidden`.
    """
    drawing = _Drawing(scene, window, width, hidden=hidden)
    form = next((form for form in drawing.forms() if form.lines <= height), None)
    whole = [] if form is None else [drawing.drawn(form, height - form.lines)]
    return first_that_fits([*whole, drawing.briefly(), drawing.rules()], height)


def least_lines(scene: Scene, window: Window, width: int) -> int | None:
    """Lines with which all of the window is seen in readable numbers; None where it is too narrow."""
    whole = itertools.takewhile(lambda form: form.whole, _Drawing(scene, window, width).forms())
    return min((form.lines for form in whole if form.text > NARROWEST), default=None)


class _Form(NamedTuple):
    """A way to show the arrays."""

    cells: tuple[slice, slice]
    """Which rows and columns of them."""
    whole: bool
    """Whether these are all."""
    text: int
    """Columns of a number."""
    beside: bool
    """Whether the bias stands beside them, and not in a line below."""
    lines: int
    """How many lines it takes."""


class _Drawing:
    """A window in a width."""

    def __init__(self, scene: Scene, window: Window, width: int, *, hidden: bool = False) -> None:
        self._scene, self._window, self._width = scene, window, width
        self._hidden = hidden
        self._additions = {one.number: one for one in scene.additions}
        self._marked = [
            f"{mark_of(scene, n)} {rule}" for n, rule in enumerate(RULES[: len(scene.event.writes)])
        ]
        self._dy, self._gap = short(scene.dz, 5), 3 if width >= WIDE_FROM else 2

    def briefly(self) -> Lines:
        """Both without arrays: of each of the three the cell to which most is added."""
        return [*self._forward(), self._upstream(), *map(self._rule, range(len(self._marked)))]

    def rules(self) -> Lines:
        """The same without any of these cells, the three in as few lines as they need."""
        words = Text("  ").join(map(self._heading, range(len(self._marked))))
        lines = (
            [words] if words.cell_len <= self._width else list(map(self._heading, range(len(self._marked))))
        )
        return [*self._forward(), self._upstream(), *lines]

    def forms(self) -> Iterator[_Form]:
        """The ways to show the arrays, the fullest first: all, then parts around what is added most."""
        x = self._window.x
        above = len(self._forward()) + len(self._notes(None)) + 1
        with np.errstate(all="ignore"):
            at = largest(x * float(self._scene.dz))
        for count in [x.shape, *shares(x.shape, 2)]:
            whole, cells = count == x.shape, around(x.shape, at, *count)
            lines = above + (not whole) + 2 * (1 + count[0]) + 1  # below the rules, a factor
            widths = {beside: self._text(count[1], beside=beside) for beside in (True, False)}
            for beside in sorted(widths, key=lambda beside: (min(widths[beside], ENOUGH), beside))[::-1]:
                text = widths[beside]
                if text < NARROWEST or (beside and len(self._marked) < len(RULES)):
                    continue
                below = len(self._marked) - 2 if not beside else 0
                yield _Form(cells, whole, text, beside, lines + below)

    def drawn(self, form: _Form, spare: int) -> Lines:
        """The arrays of a form, each gradient below the array that it is of; so many lines are to spare."""
        below = [] if form.beside else [self._rule(number) for number in range(2, len(self._marked))]
        targets = spare > 0
        gaps = min(spare - targets, 2 + bool(below))
        empty = [[Text("")] * (gaps > number) for number in range(3)]
        upper, lower = self._upper(form), self._lower(form, targets=targets)
        notes = self._notes(None if form.whole else form.cells)
        above = [*self._forward(), *notes, *empty[1], *self._columns(upper, form)]
        return [*above, *empty[0], self._upstream(), *self._columns(lower, form), *empty[2], *below]

    # the parts

    def _forward(self) -> Lines:
        """`y = sum(x * w) + b` with its numbers, in one line or in two."""
        window = self._window
        formula = "y = sum(x * w)" if window.bias is None else "y = sum(x * w) + b"
        in_full, in_brief = (self._value(digits) for digits in (5, 3))
        cell = (f"   {window.cell}", "dim")
        forms = [
            [Text.assemble((formula, "bold"), *in_full, cell)],
            [Text.assemble((formula, "bold"), cell), Text.assemble(" ", *in_full)],
            [Text.assemble((formula, "bold"), cell), Text.assemble(" ", *in_brief)],
            [Text(formula, "bold"), Text.assemble(" ", *in_full)],
        ]
        fits = (form for form in forms if all(line.cell_len <= self._width for line in form))
        return next(fits, [Text(formula, "bold"), Text.assemble(" ", *in_brief)])

    def _value(self, digits: int) -> list[tuple[str, str]]:
        """What y comes to: ` = 2.34 + 0.85129 = 3.1913`; a question does not answer itself."""
        if self._hidden:
            return [(" = …", "")]
        between = "" if self._window.bias is None else f"{sum_text(self._window, digits)} = "
        return [(f" = {between}", ""), (short(self._window.y, digits), "bold")]

    def _notes(self, cells: tuple[slice, slice] | None) -> Lines:
        """That there are more channels than the one that is seen; which cells are, where not all."""
        (_, count), found = self._window.channels, list[str]()
        if count > 1:
            found.append(tr("y sums all {count} channels", count=count))
        if cells is not None:
            part = ", ".join(f"{part.start}:{part.stop}" for part in cells)
            shape = "x".join(map(str, self._window.x.shape))
            found.append(tr("{cells}, a part of {shape}", cells=f"[{part}]", shape=shape))
        return [Text(cut(f"  {words}", self._width), "dim") for words in found]

    def _upstream(self) -> Text:
        """`dy = dZ[4, 2, 0] = -0.16`."""
        named = Text.assemble(f"dy = {self._scene.upstream} = ", (self._dy, NOW))
        return named if named.cell_len <= self._width else Text.assemble("dy = ", (self._dy, NOW))

    def _upper(self, form: _Form) -> list[Lines]:
        """Filter, input and bias, each under its name."""
        window, found = self._window, list[Lines]()
        channel, count = window.channels
        face = f"[…, {channel}]" if count > 1 else ""
        for name, values in (("w", window.w), ("x", window.x)):
            panel = self._scene.panel_of(self._scene.event.read(name).array)
            block = Block((name,), values[form.cells], READS, panel=panel)
            factor = factor_text(block.written(form.text).power)
            found.append([Text(f"{name}{face} {factor}".rstrip(), READS), *block.numbers(form.text)])
        if form.beside and window.bias is not None:
            found.append(_in_the_middle("b", Text(short(window.bias), READS), len(found[0]), form))
        return found

    def _lower(self, form: _Form, *, targets: bool) -> list[Lines]:
        """What comes back to each of them, under its rule."""
        found, powers = list[Lines](), [_power(values[form.cells], form.text) for values in self._added()]
        for number, values in enumerate(self._added()):
            addition = self._additions.get(number)
            block = Block(
                ("",),
                values[form.cells],
                self._style(number),
                known=None if addition is not None else np.zeros(values[form.cells].shape, np.bool_),
            )
            factor = Text(factor_text(powers[number]), "dim")  # blank where there is none: nothing moves
            found.append([self._heading(number), factor, *block.numbers(form.text)])
        if form.beside:
            value = Text(self._dy if 2 in self._additions else "·", self._style(2))
            found.append(_in_the_middle("", value, len(found[0]), form))
            found[-1][0] = self._heading(2)
        for number, column in enumerate(found if targets else []):
            column.append(self._target(number, self._column(form) if number < 2 else self._last()))
        return found

    def _columns(self, columns: Sequence[Lines], form: _Form) -> Lines:
        """Columns beside each other, everything in the middle of its own."""
        widths = [self._column(form)] * 2 + [self._last()] * (len(columns) - 2)
        left = min(self._width - sum(widths) - self._gap * (len(widths) - 1) - 1, 2)
        lines = list[Text]()
        for row in zip(*columns, strict=True):
            line = Text(" " * max(left, 0))
            for number, (part, width) in enumerate(zip(row, widths, strict=False)):
                before = (width - part.cell_len) // 2 + self._gap * (number > 0)
                line.append(" " * before).append_text(part)
                line.append(" " * (width - part.cell_len - (width - part.cell_len) // 2))
            lines.append(line)
        return lines

    # one of the three

    def _heading(self, number: int) -> Text:
        """`✓ dw = x * dy`, bright once the step has made it."""
        heading = Text(self._marked[number], "bold" if number <= self._scene.made else "dim")
        if number < self._scene.made:
            heading.stylize(WRITES, 2, 4)
        return heading

    def _rule(self, number: int) -> Text:
        """The same in a line, with the cell to which most is added."""
        heading, addition = self._heading(number), self._additions.get(number)
        if addition is None:
            return heading
        if number == 2:
            result = Text.assemble(heading, " = ", (self._dy, self._style(2)))
            named = Text.assemble(result, ("   → ", "dim"), (addition.target, self._style(2)))
            return named if named.cell_len <= self._width else result
        at = largest(addition.added)
        cell = addition.cells.cell(addition.span.rows[at[0]], addition.span.columns[at[1]])
        factor, product = short(addition.factor[at], 4), (short(addition.added[at], 4), self._style(number))
        forms = (
            Text.assemble(heading, f"   {cell}: {factor} * {self._dy} = ", product),
            Text.assemble(heading, f"   {factor} * {self._dy} = ", product),
            Text.assemble(heading, "   ", (cell, "dim"), " ", product),
            Text.assemble(heading, "  ", product),
        )
        return next((form for form in forms if form.cell_len <= self._width), heading)

    def _target(self, number: int, width: int) -> Text:
        """Where it is added: `→ dW[0]`, the longest form that fits."""
        write = self._scene.event.writes[number]
        addition = self._additions.get(number)
        names = [cell_text(write.array, write.region)] if not np.ndim(write.value) or number == 0 else []
        names = names if addition is None else [addition.shown, addition.target]
        names += [f"{write.array}[…]", write.array]
        fitting = next((name for name in names if len(name) + 2 <= width), "")
        return Text(f"→ {fitting}" if fitting else "", self._style(number))

    def _style(self, number: int) -> str:
        return WRITES if number < self._scene.made else "dim"

    def _added(self) -> Iterator[Array]:
        """What is added to filter and input; zeros where it is not to be seen."""
        for number in range(2):
            addition = self._additions.get(number)
            yield np.zeros(self._window.x.shape) if addition is None else addition.added

    # columns

    def _text(self, columns: int, *, beside: bool) -> int:
        """Columns of a number."""
        room = self._width - (self._gap + self._last() if beside else 0) - self._gap
        return -1 if room < 2 * len(self._marked[0]) else min((room // 2 + 1) // columns - 1, WIDEST)

    def _column(self, form: _Form) -> int:
        """Columns of the filter, and of the input."""
        columns = form.cells[1].stop - form.cells[1].start
        return max(int(columns) * (form.text + 1) - 1, len(self._marked[0]))

    def _last(self) -> int:
        """Columns of the bias."""
        bias = self._window.bias
        return max(len(f"✓ {RULES[2]}"), len(self._dy), 0 if bias is None else len(short(bias)))


def _power(values: Array, text: int) -> int:
    return Block(("",), values).written(text).power


def _in_the_middle(name: str, value: Text, lines: int, form: _Form) -> Lines:
    """A single value beside the rows of arrays, which are the last of the lines."""
    column = [Text(name, READS), *[Text("")] * (lines - 1)]
    rows = form.cells[0].stop - form.cells[0].start
    column[lines - rows + (rows - 1) // 2] = value
    return column


def sum_text(window: Window, digits: int) -> str:
    """The sum and the bias, as an addition or a subtraction."""
    assert window.bias is not None
    sign = "-" if window.bias < 0 else "+"
    return f"{short(window.total, digits)} {sign} {short(abs(window.bias), digits)}"
