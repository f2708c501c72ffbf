"""The card of a convolution's step: its additions, its window forward above backward, or both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from rich.text import Text

from convstep.frozen import frozen
from convstep.language import tr
from convstep.view.scene.blocks import cut
from convstep.view.scene.card import draw_card, least_lines
from convstep.view.scene.scene import Scene
from convstep.view.scene.window import Window, draw_window
from convstep.view.scene.window import least_lines as least_lines_of

STEP, WINDOW = "step", "window"
CARDS: Final = (STEP, WINDOW)
"""What a person may choose to see; until then the window stands beside the step where both have room."""
GAP: Final = 4
"""Columns between the two."""
LEAST: Final = 30
"""Columns below which neither has readable numbers."""
LEAST_WINDOW: Final = 6
"""Lines that no window does without."""
FOR_WINDOW: Final = 4
"""Lines that the window takes first of what more there is: where it adds to, and what keeps it apart."""
MOST_BEHIND: Final = 12
"""Steps before the one that is shown at the most."""
LEAST_BEHIND: Final = 3
"""Lines below which there is no room for them."""


def _none(step: int, most: int) -> Sequence[tuple[str, str]]:
    return ()


@frozen(eq=False)
class Cards:
    """A step and its window."""

    scene: Scene
    """Of the step."""
    window: Window | None
    """The same forward; None where only the step is known."""
    chosen: str = ""
    """One of `CARDS`, or ""."""
    hidden: bool = False
    """Whether the value of y is not to be seen."""
    beside: bool = True
    """Whether both may be seen at once."""
    behind: Callable[[int, int], Sequence[tuple[str, str]]] = _none
    """The last so many steps before one; see `Staged`."""

    def draw(self, width: int, height: int) -> Text:
        """What was chosen, in as much detail as the room allows; both where they have room."""
        if self.window is None or self.chosen == STEP:
            return self._above_others(draw_card(self.scene, width, height), width, height)
        places = self._places(width, height)
        if places is None:
            return self._window(width, height) if self.chosen else draw_card(self.scene, width, height)
        (left, above), (right, below) = places
        # the window has what is added
        step = draw_card(self.scene, left, above, products=False)
        window = self._window(right, below)
        if left == width:
            drawn = Text("\n").join([step, Text(""), window])
        else:
            drawn = _beside(step, window, left + GAP)
        drawn.no_wrap, drawn.overflow = True, "crop"
        return drawn

    def _above_others(self, card: Text, width: int, height: int) -> Text:
        """The step, and at the bottom those before it where there is room for some."""
        lines, step = card.split("\n", allow_blank=True), self.scene.event.index
        room = min(height - len(lines) - 2, MOST_BEHIND)
        told = self.behind(step, room) if room >= LEAST_BEHIND else ()
        if not told:
            return card
        first, digits = step - len(told) + 1, len(str(step))
        rows = [
            cut(f"{number:>{digits}}  {text}", width - len(change) - 2 * bool(change))
            + "  " * bool(change)
            + change
            for number, (text, change) in enumerate(told, first)
        ]
        below = [Text(row, "dim") for row in (tr("before this step"), *rows)]
        blank = [Text("")] * (height - len(lines) - len(below))
        return Text("\n", no_wrap=True, overflow="crop").join([*lines, *blank, *below])

    def shows_window(self, width: int, height: int) -> bool:
        """Whether the window is seen in so much room."""
        if self.window is None or self.chosen == STEP:
            return False
        return bool(self.chosen) or self._places(width, height) is not None

    def _window(self, width: int, height: int) -> Text:
        assert self.window is not None
        return draw_window(self.scene, self.window, width, height, hidden=self.hidden)

    def _places(self, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Columns and lines of step and window where both say all there is; None where they do not."""
        if not self.beside:
            return None
        assert self.window is not None
        half = (width - GAP) // 2
        for room, most in ((half, height), (width, height - 1)):
            step = least_lines(self.scene, room) if room >= LEAST else None
            if step is None or step > most - (0 if room == half else LEAST_WINDOW):
                continue
            window = least_lines_of(self.scene, self.window, room)
            if window is not None and room == half and window <= height:
                return (half, height), (width - GAP - half, height)
            if window is not None and room == width and step + window <= most:
                more = min(most - step - window, FOR_WINDOW)
                return (width, most - window - more), (width, window + more)
        return None


def _beside(left: Text, right: Text, start: int) -> Text:
    """Two texts, the second from a column on."""
    lines, others = (text.split("\n", allow_blank=True) for text in (left, right))
    found = list[Text]()
    for number in range(max(len(lines), len(others))):
        line = lines[number] if number < len(lines) else Text()
        if number < len(others):
            line = Text.assemble(line, " " * (start - line.cell_len), others[number])
        found.append(line)
    return Text("\n").join(found)
