"""Legible: the last filter before the terminal, so that all of a screen can be read on it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from convstep.printable import is_harmless
from convstep.view.grid.colours import READABLE, VISIBLE, Colours, Rgb, nearest, nearest_pair, readable

_TEXT = re.compile("[^ \u2500-\u259f]")
_LINES = re.compile("[\u2500-\u257f]")
"""Box drawings. Block elements are pictures: their colours are what they say."""
JOINER = "\u200d"
MOST_KNOWN = 4096
"""Segments that are kept for the next screens, for one colour behind them."""
_Styles = dict[tuple[Style | None, float], Style | None]
"""By a style, and the contrast that a text takes, the style in which it is shown."""


class Legible(LineFilter):
    """Gives every text the contrast that reading takes, whatever the theme, and each colour its place.

    No control character leaves the screen: those that were not escaped before are not painted.

    Themes are made to look well: some write pale orange on light grey. And a terminal with fewer
    colours gets those that look most alike, chosen here and not channel by channel.
    """

    def __init__(self, colours: Colours, before: Sequence[LineFilter] = ()) -> None:
        """Prepare for a terminal's colours.

        Filters `before` it look at a segment's style alone, as all of Textual's do.
        """
        super().__init__()
        self.before = before
        self.colours = colours
        """What the terminal has."""
        self._known: dict[Color, tuple[dict[tuple[str, Style | None], Segment], _Styles]] = {}
        """By what is behind them, segments and styles as they are shown: most stand on many screens."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments of a line in other colours; the background is of those that do not say."""
        known, styles = self._known.setdefault(background, ({}, {}))
        if len(known) > MOST_KNOWN:
            known.clear()
            styles.clear()
        shown = []
        for segment in segments:
            text, style, _ = segment
            if (made := known.get((text, style))) is None:
                made = known[text, style] = self._made(segment, background, styles)
            shown.append(made)
        return shown

    def _made(self, segment: Segment, background: Color, styles: _Styles) -> Segment:
        text, style, _ = segment
        alike = style, _least(text)
        if alike not in styles:
            for filter in self.before:
                (segment,) = filter.apply([segment], background)
            found = segment.style
            styles[alike] = None if found is None else _shown(found, alike[1], background.rgb, self.colours)
        return Segment(text if text.isprintable() else _harmless(text), styles[alike])


def _harmless(text: str) -> str:
    """The same without what a terminal would obey, in as many columns: who brings a text in escapes it.

    What joins emoji stays: without it they take the columns of all their parts.
    """
    kept = (each if is_harmless(each) or each == JOINER else "�" * cell_len(each) for each in text)
    return set_cell_size("".join(kept), cell_len(text))


@functools.lru_cache(maxsize=4096)
def _least(text: str) -> float:
    """The contrast that a text takes."""
    if _TEXT.search(text):
        return READABLE
    return VISIBLE if _LINES.search(text) else 1.0


@functools.lru_cache(maxsize=4096)
def _shown(style: Style, least: float, behind: Rgb, colours: Colours) -> Style:
    """A style as the terminal is told it; colours of the terminal's own are left to it."""
    ink, ground = _parts(style.color), behind if style.bgcolor is None else _parts(style.bgcolor)
    if ink is not None and ground is not None:
        ink = readable(ink, ground, least)
    if colours is Colours.ALL:
        return style if ink is None else style + Style.from_color(RichColor.from_rgb(*ink))
    on = below = None
    if ink is not None and ground is not None:
        on, below = nearest_pair(ink, ground, colours, least)
    elif ink is not None:
        on = nearest(ink, colours)
    elif ground is not None:
        below = nearest(ground, colours, ground=True)
    return style + Style.from_color(
        None if on is None else RichColor.from_ansi(on),
        None if below is None or style.bgcolor is None else RichColor.from_ansi(below),
    )


def _parts(colour: RichColor | None) -> Rgb | None:
    if colour is None or colour.triplet is None:
        return None
    red, green, blue = colour.triplet
    return red, green, blue
