"""A face in one line: its size, least, greatest and mean value, and what is not finite."""

from __future__ import annotations

import numpy as np

from convstep.language import tr
from convstep.steps.cells import Array
from convstep.view.grid.panel import Span
from convstep.view.numbers.text import short


class Statistics:
    """Kept by row, so that a step costs the rows it touched and not the face."""

    def __init__(self) -> None:
        self._rows: Array | None = None
        self._columns = 0

    def update(self, values: Array, changed: Span | None) -> None:
        """Take the values of a face `(rows, columns)` anew where it changed since then; None: anywhere."""
        if self._rows is None or len(self._rows) != len(values) or changed is None:
            self._rows = np.zeros((len(values), 5))
            changed = None
        rows = slice(None) if changed is None else slice(changed.top, changed.bottom + 1)
        part = values[rows].astype(np.float64)
        finite = np.isfinite(part)
        kept = self._rows[rows]
        kept[:, 0] = np.min(part, axis=1, where=finite, initial=np.inf)
        kept[:, 1] = np.max(part, axis=1, where=finite, initial=-np.inf)
        with np.errstate(all="ignore"):  # a sum of finite values may leave the range
            kept[:, 2] = np.sum(part, axis=1, where=finite)
        kept[:, 3] = np.isnan(part).sum(axis=1)
        kept[:, 4] = np.isinf(part).sum(axis=1)
        self._columns = values.shape[1]

    def text(self, *, listed: bool = False) -> str:
        """`230x230 · min -3.2 · max 4.1 · mean 0.02`, and NaN and inf where there are any.

        `listed`: the array has one axis, so that its length is its size.
        """
        if self._rows is None:
            return ""
        parts = [f"{len(self._rows)}" if listed else f"{len(self._rows)}x{self._columns}"]
        nan, inf = int(self._rows[:, 3].sum()), int(self._rows[:, 4].sum())
        finite = len(self._rows) * self._columns - nan - inf
        if finite:
            with np.errstate(all="ignore"):
                mean = self._rows[:, 2].sum() / finite
            parts.append(tr("min {value}", value=short(self._rows[:, 0].min(), 3)))
            parts.append(tr("max {value}", value=short(self._rows[:, 1].max(), 3)))
            parts.append(tr("mean {value}", value=short(mean, 3)))
        parts += [f"{count} {name}" for count, name in ((nan, "NaN"), (inf, "inf")) if count]
        return " · ".join(parts)
