"""NaN and inf in words."""

from __future__ import annotations

import math

from convstep.conv.validation import cell_text
from convstep.replay.nonfinite import FirstNonfinite


def first_words(found: FirstNonfinite, dtype: object) -> str:
    """Where the first NaN or inf stands, and where it comes from, in one line.

    Args:
        found: the first step that makes one.
        dtype: what the gradients accumulate in.
    """
    cell = cell_text(found.gradient, found.cell)
    if found.came_with:
        origin = f"it came in with {found.came_with}"
    else:
        what = "a product" if found.product_overflows else "the sum"
        origin = f"made here, {what} overflows {dtype}"
    return f"first {value_word(found.value)}: {cell}; {origin}"


def value_word(value: float) -> str:
    """NaN, inf or -inf."""
    return "NaN" if math.isnan(value) else f"{value:.0f}"


def count_words(nan: int, inf: int) -> str:
    """`12 NaN 3 inf`; "" for none."""
    return " ".join(f"{count} {word}" for count, word in ((nan, "NaN"), (inf, "inf")) if count)
