"""The card of a convolution's step: its additions, its window forward above backward, or both."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from convstep.frozen import frozen
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

    def draw(self, width: int, height: int) -> Text:
        """What was chosen, in as much detail as the room allows; both where they have room."""
        if self.window is None or self.chosen == STEP:
            return draw_card(self.scene, width, height)
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
