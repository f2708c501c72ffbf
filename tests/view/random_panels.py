"""Random panels: any face, with any marks on it."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from convstep.view.grid.faces import face
from convstep.view.grid.look import Look
from convstep.view.grid.overview import Overview
from convstep.view.grid.panel import READS, WRITES, Cell, Panel, Span

STRANGE = (math.nan, math.inf, -math.inf, 1e30, -1e30, 1e-30, -1e-30, 5e-324, -5e-324, 0.0, -0.0, 1e308)
VALUES = st.one_of(st.sampled_from(STRANGE), st.floats(-4, 4), st.floats(width=64))


def drawn(overview: Overview, panel: Panel, *, dark: bool = True, coloured: bool = True) -> str:
    """The characters of a picture, with the panel's window marked."""
    return "\n".join(
        "".join(segment.text for segment in overview.line(y, panel, Look({}, dark=dark, coloured=coloured)))
        for y in range(overview.lines)
    )


@st.composite
def spans(draw: st.DrawFn, rows: int, columns: int) -> Span:
    """A block within a face, with gaps or without."""

    def along(length: int) -> range:
        start = draw(st.integers(0, length - 1))
        step = draw(st.integers(1, 3))
        count = draw(st.integers(1, min(4, (length - start - 1) // step + 1)))
        return range(start, start + step * (count - 1) + 1, step)

    return Span(along(rows), along(columns))


@st.composite
def insides(draw: st.DrawFn, rows: int, columns: int) -> Span:
    """The part of a face within its padding."""
    top, left = draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))
    return Span(
        range(top, draw(st.integers(top + 1, rows))), range(left, draw(st.integers(left + 1, columns)))
    )


@st.composite
def panels(draw: st.DrawFn, *, plain: bool = False) -> Panel:
    """A panel of up to 9x9 cells."""
    rows, columns = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    listed = draw(st.booleans()) and not plain
    if listed:
        columns = 1
    framed = draw(st.booleans())
    size = rows * columns
    numbers = draw(st.lists(VALUES, min_size=size, max_size=size)) if not plain else [0.5] * size
    cells = st.builds(Cell, st.integers(0, rows - 1), st.integers(0, columns - 1))
    window = draw(spans(rows, columns)) if framed else None
    return Panel(
        key="any",
        face=face("t", np.array(numbers).reshape(rows, columns), (None, None)),
        limit=2.0 ** draw(st.integers(-30, 30)),
        framed=framed,
        use=draw(st.sampled_from(["", READS, WRITES])),
        used=draw(st.none() | spans(rows, columns)),
        window=window,
        changed=draw(st.none() | st.just(window)),
        inside=draw(st.none() | insides(rows, columns)),
        cropped=draw(st.booleans()),
        now=draw(st.none() | cells),
        done=draw(st.none() | st.integers(0, size)),
        listed=listed,
    )
