"""The window of a step as the forward pass makes it, for the page's script."""

from __future__ import annotations

import numpy as np

from convstep.export.html.cells import Json
from convstep.export.html.tape import MOST_CELLS, named_table
from convstep.language import tr
from convstep.view.numbers.text import short
from convstep.view.scene.window import Window, sum_text

DIGITS = 5
"""Of the numbers that y is the sum of."""


def forward_json(window: Window) -> Json:
    """What y is the sum of, in words, and the products on the face that is shown: heading, line, tables."""
    formula = f"{window.cell} = sum(x * w)"
    line = short(window.y, DIGITS)
    if window.bias is not None:
        formula, line = f"{formula} + b", f"{sum_text(window, DIGITS)} = {line}"
    _, count = window.channels
    if count > 1:
        line = f"{line} · {tr('y sums all {count} channels', count=count)}"
    with np.errstate(all="ignore"):
        products = np.asarray(window.x * window.w)
    return [formula, line, [named_table("x * w", products)] if 0 < products.size <= MOST_CELLS else []]
