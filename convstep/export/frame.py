"""One painted screen, whichever app painted it, as the values that every kind of picture is made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.cells import get_character_cell_size
from rich.color import blend_rgb
from rich.color_triplet import ColorTriplet
from textual._compositor import LayoutUpdate
from textual.color import Color

from convstep.frozen import frozen
from convstep.printable import printable

if TYPE_CHECKING:
    from rich.color import Color as RichColor
    from rich.segment import Segment
    from rich.style import Style
    from textual.app import App

Rgb = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

SECONDS = 0.6
"""How long a frame stands unless somebody says otherwise."""

_DIM = 0.4
"""How far a dim character fades into its background, as in Rich's own pictures."""


@frozen()
class Look:
    """How a cell looks when all is said: reverse and dim are already worked into the colours."""

    foreground: Rgb
    """Colour of the character and of lines through and under it."""
    background: Rgb
    """Colour of the rest of the cell."""
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False


@frozen()
class Run:
    """Neighbouring cells of one row that look the same."""

    text: str
    """The characters; a wide one takes two cells."""
    look: Look


Row = tuple[Run, ...]
"""One line of the screen; its characters take exactly the screen's columns."""


@frozen()
class Frame:
    """One painted screen, and what a picture of it says about it."""

    rows: tuple[Row, ...]
    """What a terminal would show, line by line."""
    size: tuple[int, int]
    """Columns and lines."""
    title: str
    """What the series of pictures is about; the same for all of its frames."""
    caption: str
    """This moment in one line of words."""
    position: int
    """The number in a picture's file name: how many steps have been executed."""
    total: int = 0
    """The last position there is, so that file names get the same number of digits."""
    seconds: float = SECONDS
    """How long it stands in a GIF or a cast."""
    text: str = ""
    """Markdown that belongs to this moment, put above its picture in a document."""
    part: str = ""
    """The heading of the document's part that it belongs to, above its caption; "" for none."""

    @property
    def lines(self) -> list[str]:
        """The text alone, a line per row, without blanks at its end."""
        return ["".join(run.text for run in row).rstrip() for row in self.rows]


def take(
    app: App[Any],
    *,
    title: str,
    caption: str,
    position: int,
    total: int = 0,
    seconds: float = SECONDS,
    text: str = "",
) -> Frame:
    """What a Textual app that runs shows at this moment; for the arguments see `Frame`."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    columns, lines = app.size
    colours = app.theme_variables
    plain = Look(_rgb(colours["foreground"]), _rgb(colours["background"]))
    rows = [
        _row((segment for strip in line for segment in strip), plain, columns)
        for line in update.strips[:lines]
    ]
    rows += [(Run(" " * columns, plain),)] * (lines - len(rows))
    words = printable(title), printable(caption)
    return Frame(tuple(rows), (columns, lines), *words, position, total, seconds, text)


def cells(text: str) -> Iterator[tuple[str, int]]:
    """The characters of a text with the cells each takes; what takes none goes with the one before it.

    >>> list(cells("a中"))
    [('a', 1), ('中', 2)]
    """
    held, width = "", 0
    for character in text:
        columns = get_character_cell_size(character)
        if columns and held:
            yield held, width
            held, width = "", 0
        if columns or held:  # a mark that follows nothing has no cell to stand in
            held, width = held + character, width + columns
    if held:
        yield held, width


def _row(segments: Iterable[Segment], plain: Look, columns: int) -> Row:
    """A line of the screen, cut or filled to its columns, neighbours that look alike put together."""
    runs: list[tuple[Look, list[str]]] = []
    room = columns
    for segment in segments:
        if segment.control:
            continue
        look = _look(segment.style, plain)
        kept, room = _fitting(segment.text, room)
        if runs and runs[-1][0] == look:
            runs[-1][1].append(kept)
        elif kept:
            runs.append((look, [kept]))
    if room:
        runs.append((runs[-1][0] if runs else plain, [" " * room]))
    return _kept(tuple(Run("".join(texts), look) for look, texts in runs))


def _fitting(text: str, room: int) -> tuple[str, int]:
    """As much of a text as there is room for, and the room that is left."""
    if text.isascii():
        return text[:room], room - len(text[:room])
    kept: list[str] = []
    for character, width in cells(text):
        if width > room:
            return "".join(kept) + " " * room, 0  # half a wide character is a blank
        kept.append(character)
        room -= width
    return "".join(kept), room


@lru_cache(maxsize=4096)
def _kept(row: Row) -> Row:
    """The same object for equal rows: most of a screen stays from frame to frame."""
    return row


@lru_cache(maxsize=4096)
def _look(style: Style | None, plain: Look) -> Look:
    """What a style comes to on a terminal with these plain colours."""
    if style is None:
        return plain
    foreground = _colour(style.color, plain.foreground)
    background = _colour(style.bgcolor, plain.background, foreground=False)
    if style.reverse:
        foreground, background = background, foreground
    if style.dim:
        foreground = _faded(foreground, background)
    if style.conceal:
        foreground = background
    return Look(
        foreground,
        background,
        bool(style.bold),
        bool(style.italic),
        bool(style.underline or style.underline2),
        bool(style.strike),
    )


def _colour(color: RichColor | None, default: Rgb, *, foreground: bool = True) -> Rgb:
    if color is None or color.is_default:
        return default
    red, green, blue = color.get_truecolor(foreground=foreground)
    return red, green, blue


def _faded(foreground: Rgb, background: Rgb) -> Rgb:
    red, green, blue = blend_rgb(ColorTriplet(*foreground), ColorTriplet(*background), _DIM)
    return red, green, blue


def _rgb(text: str) -> Rgb:
    return Color.parse(text).rgb
