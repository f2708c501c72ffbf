"""What one step adds, by the reference and by the candidate, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from convstep.frozen import NamedTuple, frozen
from convstep.language import tr
from convstep.oracle.wording import distinguishable
from convstep.steps.cells import Array
from convstep.view.numbers.factor import ALIKE, common_power, factor_text
from convstep.view.numbers.text import CellFormat, is_whole, largest, largest_finite, short
from convstep.view.scene.card import first_that_fits, title_of_step
from convstep.view.scene.scene import Scene
from convstep.view.text.wrapping import centred, wrap

AGREES, DIFFERS, WAITING = "=", "≠", "…"
"""What stands before an addition: both add the same, they do not, or the candidate was not heard yet."""
LISTED = 3
"""Cells elsewhere that are named where there is room for the matrices only."""
MOST_LISTED = 40
"""Cells elsewhere that are named at the most."""


class Stray(NamedTuple):
    """A cell that a contribution has wrong outside the cells where it belongs."""

    name: str
    """The cell: `dA_prev[0, 2, 1]`."""
    expected: float
    """What the reference adds there, zero outside the window."""
    actual: float
    """What the candidate adds."""


@frozen(eq=False)
class Share:
    """One of the step's additions, twice."""

    target: str
    """What is added to, e.g. `dW[0]`."""
    formula: str
    """What the reference adds, e.g. `x * dz`."""
    expected: Array
    """What it adds, `(rows, columns)`; empty where the window lies in the padding."""
    actual: Array | None = None
    """What the candidate adds to the same cells; None where there is no answer."""
    differing: npt.NDArray[np.bool_] | None = None
    """Which of these cells differ."""
    strays: tuple[Stray, ...] = ()
    """The first cells that differ elsewhere: other faces, other filters, outside the window."""
    elsewhere: int = 0
    """How many differ elsewhere."""
    problem: str = ""
    """Why there is no answer."""

    @property
    def count(self) -> int:
        """Cells that differ, wherever they are."""
        return self.elsewhere + (0 if self.differing is None else int(self.differing.sum()))

    @property
    def mark(self) -> str:
        """`=`, `≠` or `…`."""
        if self.problem:
            return DIFFERS
        return WAITING if self.actual is None else DIFFERS if self.count else AGREES


def draw_shares(scene: Scene, shares: Sequence[Share], width: int, height: int) -> Text:
    """The step's additions in as much detail as the room allows."""
    title = title_of_step(scene, width, tr("adds nothing"))
    reasons = {share.problem for share in shares}
    if len(reasons) == 1 and "" not in reasons:  # once is enough
        answer = tr("No answer from the candidate: {reason}", reason=reasons.pop())
        return first_that_fits([[title, Text(""), *_wrapped(answer, width)]], height)
    wrong = [share.mark == DIFFERS for share in shares]
    forms = (
        [title, *(line for n, share in enumerate(shares) for line in details[wrong[n]](share, width))]
        for details in _DETAILS
    )
    return first_that_fits(forms, height)


def _every(share: Share, width: int) -> list[Text]:
    """The same as `_whole`, with all cells elsewhere."""
    matrices = _matrices(share, width, LEAST_READABLE)
    return [Text(""), _heading(share, width), *matrices, *_others(share, width, MOST_LISTED)]


def _whole(share: Share, width: int) -> list[Text]:
    """Both as matrices with an empty line before, and the first cells elsewhere."""
    return [Text(""), *_beside(share, width)]


def _beside(share: Share, width: int) -> list[Text]:
    """Both as matrices, next to each other or one above the other, and the cells elsewhere."""
    return [_heading(share, width), *_matrices(share, width, LEAST_READABLE), *_others(share, width, LISTED)]


def _tight(share: Share, width: int) -> list[Text]:
    """Both as matrices as narrow as they can be, and how many cells differ elsewhere."""
    return [_heading(share, width), *_matrices(share, width, 3), *_others(share, width, 1)]


def _cells(share: Share, width: int) -> list[Text]:
    """The cell that differs most, in words."""
    return [_heading(share, width), *_largest_error(share, width), *_others(share, width, 0)]


def _largest_error(share: Share, width: int) -> list[Text]:
    """What both add to the cell that differs most; the numbers have words however narrow it is."""
    if share.actual is None or not share.actual.size:
        return []
    row, column = _worst(share)
    expected, actual = share.expected[row, column], share.actual[row, column]
    long, brief = (tuple(short(value, digits) for value in (expected, actual)) for digits in (4, 3))
    if share.differing is not None and share.differing[row, column]:
        brief = distinguishable(expected, actual)
        long = long if long[0] != long[1] else brief
    forms = (
        tr("change: reference {reference}, candidate {candidate}", reference=long[0], candidate=long[1]),
        tr("change: ref {reference}, cand {candidate}", reference=brief[0], candidate=brief[1]),
        tr("ref {reference}, cand {candidate}", reference=brief[0], candidate=brief[1]),
    )
    said = next((words for words in forms if cell_len(words) + 2 <= width), "")
    lines = [said] if said else [f"{tr('ref')} {brief[0]}", f"{tr('cand')} {brief[1]}"]
    return [Text(f"  {line}") for line in lines]


def _line(share: Share, width: int) -> list[Text]:
    return [_heading(share, width)]


_DETAILS = (
    (_whole, _every),
    (_line, _every),
    (_whole, _whole),
    (_line, _whole),
    (_line, _beside),
    (_line, _tight),
    (_line, _cells),
    (_line, _line),
)
"""How agreeing additions are drawn, and differing ones: the first pair that fits is taken."""
LEAST_READABLE = 4
"""Columns of a number below which matrices rather stand above each other."""


def _heading(share: Share, width: int) -> Text:
    """The addition as the loop writes it, and how many cells differ."""
    said = tr("no answer") if share.problem else ""
    if not said and share.mark != WAITING:
        said = tr("agrees") if share.mark == AGREES else tr("{count} differ", count=share.count)
    name = share.target.split("[")[0]
    whole = f"{share.mark} {share.target} += {share.formula}"
    for start in (whole, f"{share.mark} {share.target}", f"{share.mark} {name}"):
        if len(start) + cell_len(said) + 2 <= width:
            break
    style = "bold" if share.mark == DIFFERS else ""
    return Text.assemble((start, style), " " * max(width - len(start) - cell_len(said), 1), (said, style))


def _matrices(share: Share, width: int, least: int) -> list[Text]:
    """The same cells of both, differing ones marked."""
    if share.problem:
        return _wrapped(share.problem, width)
    if not share.expected.size:
        return [Text(f"  {tr('the whole window lies in the padding')}", "dim")]
    rows, columns = share.expected.shape
    if rows * columns == 1:
        return _largest_error(share, width)
    text = min((width - 3) // (2 * columns) - 1, 7)
    expected = _Block(
        (tr("reference change"), tr("ref change"), tr("ref")),
        share.expected,
        None,
        _limit(share, share.expected),
    )
    actual = _Block(
        (tr("candidate change"), tr("cand change"), tr("cand")),
        share.actual,
        share.differing,
        _limit(share, share.actual),
    )
    if text >= least:
        sides = [block.lines(text, rows, columns, (width - 3) // 2) for block in (expected, actual)]
        return [Text.assemble(" ", left, " ", right) for left, right in zip(*sides, strict=True)]
    text = min((width - 2) // columns - 1, 7)
    if text < 3:
        return _largest_error(share, width)
    return [
        Text.assemble(" ", line)
        for block in (expected, actual)
        for line in block.lines(text, rows, columns, width - 2)
    ]


class _Block(NamedTuple):
    """A matrix under its name."""

    names: tuple[str, ...]
    """The longest first."""
    values: Array | None
    differing: npt.NDArray[np.bool_] | None
    limit: float
    """The largest magnitude that its numbers leave room for."""

    def lines(self, text: int, rows: int, columns: int, most: int) -> list[Text]:
        """Its name and its numbers, in as many columns as those take, or the name with its factor.

        A number has `text` columns, and there is room for `most`.
        """
        whole = self.values is not None and is_whole(self.values)
        power = common_power(self.limit, text, whole=whole)
        room = columns * (text + 1)
        if power:
            room = max(room, cell_len(f"{self.names[-1]} {factor_text(power)}"))
        if room > most:
            room, power = columns * (text + 1), 0  # a factor that is not named is none
        names = [f"{name} {factor_text(power)}".rstrip() for name in self.names]
        # a name that fills its side runs into the one beside it
        fitting = (name for most in (room - 1, room) for name in names if cell_len(name) <= most)
        name = next(fitting, set_cell_size(self.names[-1], room))
        lines = [Text(centred(name, room), "dim")]
        number = CellFormat.fitting(text, self.limit, whole=whole, power=power)
        for row in range(rows):
            line = Text(" " * (room - columns * (text + 1)))
            for column in range(columns):
                differs = self.differing is not None and bool(self.differing[row, column])
                value = "…".rjust(text) if self.values is None else number.text(self.values[row, column])
                mark, style = (DIFFERS, "bold") if differs else (" ", "")
                line.append(f"{mark}{value.strip()}".rjust(text + 1), style)
            lines.append(line)
        return lines


def _others(share: Share, width: int, most: int) -> list[Text]:
    """The cells that differ elsewhere: some by name, the rest counted."""
    if not share.elsewhere:
        return []
    one = "and 1 cell elsewhere:" if most else "and 1 cell elsewhere"
    several = "and {count} cells elsewhere:" if most else "and {count} cells elsewhere"
    counted = tr(one) if share.elsewhere == 1 else tr(several, count=share.elsewhere)
    lines = [Text(_cut(f"  {counted}", width), "bold")]
    for stray in share.strays[:most]:
        actual, expected = short(stray.actual), short(stray.expected)
        said = tr("{cell}: {actual}, not {expected}", cell=stray.name, actual=actual, expected=expected)
        if cell_len(said) + 4 > width:
            index, actual, expected = (
                f"[{stray.name.split('[')[1]}", short(stray.actual, 3), short(stray.expected, 3)
            )  # fmt: skip
            said = tr("{cell} {actual}, not {expected}", cell=index, actual=actual, expected=expected)
        lines.append(Text(_cut(f"  ≠ {said}", width)))
    if most and share.elsewhere > len(share.strays[:most]):
        lines.append(Text("  …"))
    return lines


def _cut(words: str, width: int) -> str:
    return words if cell_len(words) <= width else set_cell_size(words, width)


def _wrapped(words: str, width: int) -> list[Text]:
    return [Text.assemble("  ", line) for line in wrap(Text(words), width - 2)]


def _worst(share: Share) -> tuple[int, int]:
    """The cell with the largest error; NaN above all."""
    assert share.actual is not None
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(share.actual, np.float64) - share.expected)
    return largest(error)


def _limit(share: Share, values: Array | None) -> float:
    """A limit for both sides, so that they are written alike; each its own where they are far apart."""
    sides = [largest_finite(side, 1.0) for side in (share.expected, share.actual) if side is not None]
    both = [largest for largest in sides if largest]
    far = not both or max(both) > ALIKE * min(both)
    return (1.0 if values is None else largest_finite(values, 1.0)) if far else max(both)
