"""What a lesson points at, and what a learner marks: tensors and indices on the panels of a scene."""

from __future__ import annotations

from collections.abc import Iterable

from convstep.lessons.lesson import PagePlace
from convstep.lessons.questions import CellsQuestion
from convstep.lessons.tensors import Index

POINTED, CHOSEN, SURPLUS, MISSED = "›", "●", "✗", "○"
"""Marks: the lesson points here; chosen; chosen wrongly; missed."""

Marks = dict[str, dict[Index, str]]
"""By tensor and index, the character on the cell."""


def pointed(place: PagePlace) -> Marks:
    """What a place points at."""
    marks: Marks = {}
    for cells in place.marks:
        marks.setdefault(cells.tensor, {}).update(dict.fromkeys(cells.indices, POINTED))
    return marks


def with_chosen(marks: Marks, question: CellsQuestion, chosen: Iterable[Index], *, revealed: bool) -> Marks:
    """The marks with those of the learner over them.

    Args:
        marks: of the lesson.
        question: what is asked.
        chosen: what the learner marked.
        revealed: whether to show what was right.
    """
    cells = set(chosen)
    own = dict.fromkeys(cells, CHOSEN)
    if revealed:
        own = dict.fromkeys(question.cells & cells, CHOSEN)
        own |= dict.fromkeys(cells - question.cells, SURPLUS)
        own |= dict.fromkeys(question.cells - cells, MISSED)
    return {**marks, question.tensor: {**marks.get(question.tensor, {}), **own}}
