"""What two panels of one face draw differently, so that a step repaints little."""

from __future__ import annotations

from convstep.view.grid.panel import Panel, Span


def repainted(old: Panel, new: Panel) -> set[Span] | None:
    """The cells that look different while values change only in what both call changed; None for all."""
    if not _alike(old, new):
        return None
    spans = {old.changed, new.changed}
    if (old.block, old.use) != (new.block, new.use):
        spans |= {old.block, new.block}
    spans |= {Span.single(cell) for cell in (old.now, new.now) if cell is not None}
    if old.marks or new.marks:
        spans |= {Span.single(cell) for cell, _ in old.marks.items() ^ new.marks.items()}
    if old.done is not None and new.done is not None and old.done != new.done:
        columns = new.face.shape[1]
        first, last = sorted((old.done, new.done))
        last = max(min(last, new.face.values.size) - 1, 0)
        rows = range(min(first // columns, last // columns), last // columns + 1)
        spans.add(Span(rows, range(columns)))
    return {span for span in spans if span is not None}


def _alike(old: Panel, new: Panel) -> bool:
    """Whether both show the same face in the same way, whatever is marked on it."""
    same_face = old.face.fixed == new.face.fixed and old.face.name == new.face.name
    same_words = (old.limit, old.most, old.signed, old.power, old.stops, old.note, old.part) == (
        new.limit, new.most, new.signed, new.power, new.stops, new.note, new.part
    )  # fmt: skip
    return same_face and same_words and old.differing is new.differing and old.known is new.known
