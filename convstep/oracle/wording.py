"""A comparison in words, and its numbers in JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convstep.oracle.comparison import Comparison


def verdict(comparison: Comparison) -> str:
    """The outcome in one sentence, with the worst cell of the first gradient that differs."""
    wrong = [row for row in comparison.rows if not row.ok]
    checked, cells = comparison.checked
    if checked == 0:
        return f"{comparison.oracle} could check nothing: no cell has a finite derivative here"
    if not wrong:
        so_far = "" if comparison.position == comparison.total else " so far"
        share = "" if checked == cells else f" in the {checked:,} of {cells:,} cells checked"
        return f"the gradients{so_far} agree with {comparison.oracle}{share}"
    names = [row.name for row in wrong]
    row = wrong[0]
    actual, expected = distinguishable(row.actual_value, row.expected_value)
    *first, last = names
    who = f"{', '.join(first)} and {last} differ" if first else f"{last} differs"
    which = f"{row.name} " if first else ""
    return (
        f"{who} from {comparison.oracle}: {which}worst at {list(row.worst_index)}, "
        f"{actual} against {expected}"
    )


def distinguishable(first: float, second: float) -> tuple[str, str]:
    """Two numbers with as few digits as tell them apart, three at least."""
    for digits in range(3, 18):
        shown = f"{first:.{digits}g}", f"{second:.{digits}g}"
        if shown[0] != shown[1]:
            break
    return shown


def json_number(number: float) -> float | str:
    """The number itself, or "nan", "inf" or "-inf", which JSON has no numbers for."""
    return number if math.isfinite(number) else str(number)
