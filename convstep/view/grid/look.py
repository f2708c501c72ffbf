"""How to draw, whatever is drawn: styles by role, colour or not, numbers or heat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from convstep.frozen import frozen
from convstep.view.grid.colours import Colours
from convstep.view.grid.panel import GROUND, Cell
from convstep.view.grid.panel import NOW as NOW
from convstep.view.grid.panel import READS as READS
from convstep.view.grid.panel import WRITES as WRITES
from convstep.view.numbers.scale import Scale

Heat = tuple[str | None, str]
"""The colours of a value, behind it and in front; None leaves the screen's ground."""
MODES = ("both", "numbers", "heat")
"""How values are shown, in the order `v` goes through them."""
MOST_ALIKE = 4096
"""Cells of one kind whose looks are kept."""
PRECISIONS = range(-4, 10)
"""Columns that can be added to every number."""


@frozen(eq=False)
class Look:
    """How to draw, whatever is drawn."""

    styles: Mapping[str, Style]
    """A style a role, as `role_styles` makes them; a role without one looks like a cell."""
    mode: str = "both"
    """One of `MODES`."""
    dark: bool = True
    """Whether the screen is dark, so that zero fades into it."""
    coloured: bool = True
    """False draws magnitudes as shades instead of colours."""
    cursor: Cell | None = None
    """The cell under the cursor."""
    base: Style = field(default_factory=Style)
    """What every cell and line begins with: the screen's own colours."""
    colours: Colours = Colours.ALL
    """What the terminal has."""
    plain: dict[tuple[object, ...], tuple[Segment, tuple[str, ...], dict[int, Style]]] = field(
        default_factory=dict
    )
    """Of cells in a state, the left gutter of an ordinary value, the roles, and the style on each step of a
    scale, by all these depend on."""
    numbers: dict[tuple[object, ...], int] = field(default_factory=dict)
    """States that cells were in, numbered."""
    _states: dict[tuple[object, ...], list[int]] = field(default_factory=dict)
    _cache: dict[tuple[object, ...], Style] = field(default_factory=dict)
    _alike: dict[tuple[object, ...], dict[tuple[object, ...], tuple[Segment, Segment]]] = field(
        default_factory=dict
    )

    def alike(self, kind: tuple[object, ...]) -> dict[tuple[object, ...], tuple[Segment, Segment]]:
        """What cells of a panel's kind look like, with their left gutters, by what they depend on."""
        drawn = self._alike.setdefault(kind, {})
        if len(drawn) > MOST_ALIKE:
            drawn.clear()
        return drawn

    def states(self) -> dict[tuple[object, ...], list[int]]:
        """The numbers of the states of a row's cells, by all they depend on."""
        if len(self._states) > MOST_ALIKE:
            self._states.clear()
        return self._states

    def scale(self, limit: float) -> Scale:
        """The scale of an array's values up to a limit."""
        return _scale(limit, self.dark, self.colours)

    @property
    def _tinted(self) -> bool:
        """Whether there are colours for grounds beside those that values have."""
        return self.coloured and self.colours is not Colours.SIXTEEN

    def style(self, roles: tuple[str, ...], heat: Heat | None) -> Style:
        """The roles' styles laid over each other, on a background of heat if there is one."""
        key = (roles, heat)
        if (found := self._cache.get(key)) is None:
            found = self._cache[key] = self._combined(roles, heat)
        return found

    def _combined(self, roles: tuple[str, ...], heat: Heat | None) -> Style:
        combined = self.base
        if heat is not None:
            combined += Style(color=heat[1], bgcolor=heat[0])
        for role in roles:
            style = self.styles.get(role) or _OWN.get(role, _NONE)
            if role.endswith(GROUND) and (heat is not None or not self._tinted):
                continue
            if heat is not None and style.bgcolor is None:
                # an ink chosen for the screen may not be readable on heat, nor may its own if dimmed
                style = style.without_color + _BRIGHT
            combined += style
        return combined


def role_styles(inks: Mapping[str, Color]) -> Mapping[str, Style]:
    """A style a role, in a theme's `INKS`."""
    error, foreground, reads, writes, *grounds = (inks[name] for name in INKS)
    return {
        **_ROLES,
        "differs": Style(color=error, bold=True),
        "stop": Style(color=error, bold=True),
        "frame": Style(color=foreground, bold=True),
        READS: Style(color=reads, bold=True),
        WRITES: Style(color=writes, bold=True),
        READS + GROUND: Style(bgcolor=grounds[0]),
        WRITES + GROUND: Style(bgcolor=grounds[1]),
    }


@lru_cache(maxsize=256)
def _scale(limit: float, dark: bool, colours: Colours) -> Scale:
    return Scale(limit, dark, colours)


def big_roles(roles: tuple[str, ...], dark: bool) -> tuple[str, ...]:
    """What big digits need beside a cell's roles: ink of the screen's own kind, light on a dark one.

    Their ink reaches the edge of the cell. Reversed, or black on a marker pen, it would flow into the
    ground around it.
    """
    if "cursor" in roles or "now" in roles:
        return ("held on dark" if dark else "held on light",)
    return ("marked on dark",) if "marked" in roles and dark else ()


INKS = "error", "foreground", READS, WRITES, READS + GROUND, WRITES + GROUND
"""The colours of a theme that roles have."""
_NONE, _BRIGHT, _DIM = Style(), Style(dim=False), Style(dim=True)
_ROLES = {
    **dict.fromkeys(("padding", "todo", "crop", "label", "hint"), _DIM),
    "window": Style(bold=True),
    "changed": Style(bold=True, underline=True),
    NOW: Style(bold=True, reverse=True),
    # a marker pen: the same on every theme, and stronger than any heat
    "marked": Style(color="#000000", bgcolor="#ffd83d", bold=True, underline=True),
    "mark": Style(color="#000000", bgcolor="#ffd83d", bold=True),
    "cursor": Style(reverse=True),
}
"""The same on every theme."""
_OWN = {
    "plain": Style(underline=False),
    "held on dark": Style(color="#ffffff", bgcolor="#6e6e6e", reverse=False),
    "held on light": Style(color="#000000", bgcolor="#9e9e9e", reverse=False),
    "marked on dark": Style(color="#ffffff", bgcolor="#8a6d00"),
}
"""The same for everybody: a tall cell is underlined once; big digits keep the screen's kind of ink."""
