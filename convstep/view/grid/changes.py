"""What two panels of one face draw differently, so that a step repaints little."""

from __future__ import annotations

from convstep.view.grid.panel import Cell, Panel, Span


def differ_in_marks_only(old: Panel, new: Panel) -> bool:
    """Whether all cells look the same but those in `changed_spans`."""
    same_face = old.face.fixed == new.face.fixed and old.face.name == new.face.name
    same_words = (old.limit, old.most, old.power, old.stops, old.note, old.part) == (
        new.limit, new.most, new.power, new.stops, new.note, new.part
    )  # fmt: skip
    same_cells = old.differing is new.differing and old.known is new.known
    return same_face and same_words and same_cells


def changed_spans(old: Panel, new: Panel) -> set[Span]:
    """The cells that two panels differing in their marks only draw differently.

    Args:
        old: what is drawn.
        new: what shall be.
    """
    spans = {old.changed, new.changed}
    if old.window != new.window:
        spans |= {old.window, new.window}
    spans |= {single(cell) for cell in (old.now, new.now) if cell is not None}
    if old.marks or new.marks:
        spans |= {single(Cell(*cell)) for cell, _ in old.marks.items() ^ new.marks.items()}
    if old.done is not None and new.done is not None and old.done != new.done:
        columns = new.face.shape[1]
        first, last = sorted((old.done, new.done))
        last = max(min(last, new.face.values.size) - 1, 0)
        rows = range(min(first // columns, last // columns), last // columns + 1)
        spans.add(Span(rows, range(columns)))
    return {span for span in spans if span is not None}


def single(cell: Cell) -> Span:
    """The block of one cell."""
    return Span(range(cell.row, cell.row + 1), range(cell.column, cell.column + 1))
