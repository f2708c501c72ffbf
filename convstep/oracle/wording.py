"""A comparison in words, and its numbers in JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from convstep.conv.validation import cell_text
from convstep.language import tr
from convstep.oracle.row import Row, checked_cells
from convstep.steps.number_text import short

MATCHING = {
    "end": ("The one gradient matches {oracle}", "All {checked} gradients match {oracle}"),
    "running": (
        "The one running gradient matches {oracle} after step {position}",
        "All {checked} running gradients match {oracle} after step {position}",
    ),
    "start": (
        "The one running gradient matches {oracle} before the first step",
        "All {checked} running gradients match {oracle} before the first step",
    ),
}
"""By where the pass stands: one value was compared, several were."""
DIFFERING = {
    "end": (
        "The one gradient differs from {oracle}",
        "1 of {checked} gradients differs from {oracle}",
        "{wrong} of {checked} gradients differ from {oracle}",
    ),
    "running": (
        "The one running gradient differs from {oracle} after step {position}",
        "1 of {checked} running gradients differs from {oracle} after step {position}",
        "{wrong} of {checked} running gradients differ from {oracle} after step {position}",
    ),
    "start": (
        "The one running gradient differs from {oracle} before the first step",
        "1 of {checked} running gradients differs from {oracle} before the first step",
        "{wrong} of {checked} running gradients differ from {oracle} before the first step",
    ),
}
"""The same: the only value differs, one of several does, several do."""
NOT_FINITE = "1 is NaN or inf", "{count} are NaN or inf"
CHECKED = {
    "end": (
        "1 of {cells} gradients was checked and matches {oracle}",
        "{checked} of {cells} gradients were checked and match {oracle}",
    ),
    "running": (
        "1 of {cells} running gradients was checked and matches {oracle} after step {position}",
        "{checked} of {cells} running gradients were checked and match {oracle} after step {position}",
    ),
    "start": (
        "1 of {cells} running gradients was checked and matches {oracle} before the first step",
        "{checked} of {cells} running gradients were checked and match {oracle} before the first step",
    ),
}
"""The same as `MATCHING` where the oracle could not say something about every value."""
UNCHECKED = "1 more was not checked", "{count} more were not checked"


def verdict(rows: Sequence[Row], oracle: str, position: int, total: int) -> str:
    """The outcome in one sentence: of all gradients' values how many lie within tolerance, how far, where."""
    checked, cells = checked_cells(rows)
    if checked == 0:
        return tr("{oracle} could check nothing: no cell has a finite derivative here", oracle=oracle)
    wrong = sum(row.wrong for row in rows)
    place = "start" if position == 0 else "running"
    place = "end" if position == total else place
    matching = MATCHING if checked == cells else CHECKED
    sentences: tuple[str, ...] = DIFFERING[place] if wrong else matching[place]
    counts = {"wrong": f"{wrong:,}", "checked": f"{checked:,}", "cells": f"{cells:,}"}
    sentence = sentences[(checked > 1) + (wrong > 1)]
    clauses = [tr(sentence, oracle=oracle, position=position, **counts)]
    clauses += [_worst(rows, oracle)] if wrong else _closeness(rows)
    if wrong and checked < cells:
        clauses.append(_counted(UNCHECKED, cells - checked))
    return tr("; ").join(clauses)


def short_name(oracle: str) -> str:
    """What to call an oracle before one of its numbers: no version; "theirs" where its name holds digits."""
    found = re.fullmatch(r"(\D+?)( \d[\w.+]*)?( \(float64\))?", oracle)
    return found[1] if found is not None else tr("theirs")


def _closeness(rows: Sequence[Row]) -> list[str]:
    """How far apart values that match lie; those that are not finite have no distance."""
    checked, _ = checked_cells(rows)
    not_finite = sum(int((row.cells & ~_finite(row)).sum()) for row in rows)
    clauses = [_counted(NOT_FINITE, not_finite)] if not_finite else []
    if not_finite < checked:
        largest = max(row.max_abs_error for row in rows)
        clauses.append(tr("largest difference {largest}", largest=short(largest, 3)))
    near = [row.name for row in rows if row.near_zero]
    if near:
        said = "{names}: too close to 0 to tell, no value is larger than its tolerance"
        clauses.append(tr(said, names=", ".join(near)))
    return clauses


def _worst(rows: Sequence[Row], oracle: str) -> str:
    """The first cell that is NaN or inf on one side only, else the one with the largest difference."""
    row, cell = max(((row, row.largest_wrong) for row in rows if row.wrong), key=_size)
    ours, theirs = float(row.actual[cell]), float(row.expected[cell])
    actual, expected = distinguishable(ours, theirs)
    said = (
        "largest at {cell}: ours {ours}, {oracle} {theirs}"
        if math.isfinite(ours) and math.isfinite(theirs)
        else "NaN or inf at {cell}: ours {ours}, {oracle} {theirs}"
    )
    return tr(said, cell=cell_text(row.name, cell), ours=actual, oracle=short_name(oracle), theirs=expected)


def _size(found: tuple[Row, tuple[int, ...]]) -> float:
    row, cell = found
    size = abs(float(row.difference[cell]))
    return size if math.isfinite(size) else math.inf


def _finite(row: Row) -> npt.NDArray[np.bool_]:
    both: npt.NDArray[np.bool_] = np.isfinite(row.actual) & np.isfinite(row.expected)
    return both


def _counted(sentences: tuple[str, str], count: int) -> str:
    """The sentence for one, or the one for several."""
    return tr(sentences[count != 1], count=f"{count:,}")


def distinguishable(first: float, second: float) -> tuple[str, str]:
    """Two numbers with as few digits as tell them apart, three at least."""
    for digits in range(3, 18):
        shown = short(first, digits), short(second, digits)
        if shown[0] != shown[1]:
            break
    return shown


def json_number(number: float) -> float | str:
    """The number itself, or "nan", "inf" or "-inf", which JSON has no numbers for."""
    return number if math.isfinite(number) else str(number)
