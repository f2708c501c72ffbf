"""GridRoles: how the cells of all grids on a screen look, from the style sheet."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.widget import Widget

ROLES = (
    "cell", "padding", "done", "todo", "window", "changed", "differs", "now", "marked",
    "cursor", "frame", "stop", "mark", "crop", "label", "hint",
)  # fmt: skip
"""What a cell or line can be; each has a component class of this name in the style sheet."""


class GridRoles(Widget):
    """Stands unseen on every screen with grids.

    One widget has the component classes of all the grids: every widget that has them costs as much
    as the rest of a grid whenever styles are applied.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"grid-roles--{role}" for role in ROLES}

    DEFAULT_CSS = """
    GridRoles { display: none; }
    GridRoles > .grid-roles--padding { color: $foreground 50%; }
    GridRoles > .grid-roles--todo { color: $foreground 45%; text-style: dim; }
    GridRoles > .grid-roles--window { text-style: bold; }
    GridRoles > .grid-roles--changed { text-style: bold underline; }
    GridRoles > .grid-roles--differs { color: $error; text-style: bold; }
    GridRoles > .grid-roles--now { text-style: bold reverse; }
    /* a marker pen: the same on every theme, and stronger than any heat */
    GridRoles > .grid-roles--marked { background: #ffd83d; color: #000000; text-style: bold underline; }
    GridRoles > .grid-roles--mark { background: #ffd83d; color: #000000; text-style: bold; }
    GridRoles > .grid-roles--cursor { text-style: reverse; }
    GridRoles > .grid-roles--frame { color: $warning; text-style: bold; }
    GridRoles > .grid-roles--stop { color: $error; text-style: bold; }
    GridRoles > .grid-roles--crop { color: $foreground 70%; }
    GridRoles > .grid-roles--label { color: $foreground 50%; }
    GridRoles > .grid-roles--hint { color: $foreground 60%; }
    """

    def styles_by_role(self) -> dict[str, Style]:
        """A style a role, by the present theme."""
        return {role: self.get_component_rich_style(f"grid-roles--{role}", partial=True) for role in ROLES}
