"""NaN and inf in words."""

from __future__ import annotations

import math

from convstep.conv.validation import cell_text
from convstep.language import tr
from convstep.replay.nonfinite import FirstNonfinite


def first_words(found: FirstNonfinite, dtype: object) -> str:
    """Where the first NaN or inf stands, and where it comes from, in one line.

    Args:
        found: the first step that makes one.
        dtype: what the gradients accumulate in.
    """
    cell = cell_text(found.gradient, found.cell)
    overflow = (
        "first {value}: {cell}; made here, a product overflows {dtype}"
        if found.product_overflows
        else "first {value}: {cell}; made here, the sum overflows {dtype}"
    )
    if not found.came_with:
        return tr(overflow, value=value_word(found.value), cell=cell, dtype=dtype)
    return tr(
        "first {value}: {cell}; it was already in {array}",
        value=value_word(found.value),
        cell=cell,
        array=found.came_with,
    )


def value_word(value: float) -> str:
    """NaN, inf or -inf."""
    return "NaN" if math.isnan(value) else f"{value:.0f}"


def count_words(nan: int, inf: int) -> str:
    """`12 NaN 3 inf`; "" for none."""
    return " ".join(f"{count} {word}" for count, word in ((nan, "NaN"), (inf, "inf")) if count)
