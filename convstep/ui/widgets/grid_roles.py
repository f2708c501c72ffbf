"""GridRoles: how the cells of all grids on a screen look, from the style sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from rich.style import Style
from textual.widget import Widget

from convstep.view.grid.look import Look
from convstep.view.grid.panel import Cell

if TYPE_CHECKING:
    from convstep.ui.torch_app import TorchApp

ROLES = (
    "cell", "padding", "done", "todo", "window", "changed", "differs", "now", "marked",
    "cursor", "frame", "reads", "writes", "reads-ground", "writes-ground",
    "stop", "mark", "crop", "label", "hint",
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
    GridRoles > .grid-roles--padding { text-style: dim; }
    GridRoles > .grid-roles--todo { text-style: dim; }
    GridRoles > .grid-roles--window { text-style: bold; }
    GridRoles > .grid-roles--changed { text-style: bold underline; }
    GridRoles > .grid-roles--differs { color: $error; text-style: bold; }
    GridRoles > .grid-roles--now { text-style: bold reverse; }
    /* a marker pen: the same on every theme, and stronger than any heat */
    GridRoles > .grid-roles--marked { background: #ffd83d; color: #000000; text-style: bold underline; }
    GridRoles > .grid-roles--mark { background: #ffd83d; color: #000000; text-style: bold; }
    GridRoles > .grid-roles--cursor { text-style: reverse; }
    GridRoles > .grid-roles--frame { color: $foreground; text-style: bold; }
    GridRoles > .grid-roles--reads { color: $reads; text-style: bold; }
    GridRoles > .grid-roles--writes { color: $writes; text-style: bold; }
    GridRoles > .grid-roles--reads-ground { background: $reads-ground; }
    GridRoles > .grid-roles--writes-ground { background: $writes-ground; }
    GridRoles > .grid-roles--stop { color: $error; text-style: bold; }
    GridRoles > .grid-roles--crop { text-style: dim; }
    GridRoles > .grid-roles--label { text-style: dim; }
    GridRoles > .grid-roles--hint { text-style: dim; }
    """

    def styles_by_role(self) -> dict[str, Style]:
        """A style a role, by the present theme."""
        return {role: self.get_component_rich_style(f"grid-roles--{role}", partial=True) for role in ROLES}


def look_for(widget: Widget, mode: str = "both", cursor: Cell | None = None) -> Look:
    """How a widget on a screen with `GridRoles` draws numbers, by the present theme and the terminal.

    `mode` is numbers, heat or both.
    """
    app = cast("TorchApp", widget.app)
    return Look(
        base=widget.rich_style,
        styles=widget.screen.query_one(GridRoles).styles_by_role(),
        mode=mode,
        dark=app.current_theme.dark,
        coloured=not app.no_color,
        colours=app.colours,
        cursor=cursor,
    )
