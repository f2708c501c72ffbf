"""How a widget draws numbers: by its mode, the theme and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

from convstep.view.grid.look import INKS, Look, role_styles
from convstep.view.grid.panel import Cell

if TYPE_CHECKING:
    from convstep.ui.torch_app import TorchApp


def look_for(widget: Widget, mode: str = "both", cursor: Cell | None = None) -> Look:
    """How a widget draws numbers, heat or both; the cursor is on a cell of it, or nowhere."""
    app = cast("TorchApp", widget.app)
    return Look(
        base=widget.rich_style,
        styles=_styles(*(app.theme_variables[name] for name in INKS)),
        mode=mode,
        dark=app.current_theme.dark,
        coloured=not app.no_color,
        colours=app.colours,
        cursor=cursor,
    )


@lru_cache(maxsize=64)
def _styles(*inks: str) -> Mapping[str, Style]:
    return role_styles({name: Color.parse(ink).rich_color for name, ink in zip(INKS, inks, strict=True)})
