"""What a lesson points at, and what a learner marks: tensors and indices on the panels of a scene."""

from __future__ import annotations

from collections.abc import Iterable

from convstep.lessons.lesson import PagePlace
from convstep.lessons.questions import CellsQuestion
from convstep.lessons.tensors import Index
from convstep.view.grid.panel import Cell, Panel
from convstep.view.panels.conv2d_cells import Choice, cell_of
from convstep.view.panels.recording import Chosen, RecordingStage
from convstep.view.panels.stage import Stage
from convstep.view.scene.staged import Staged

POINTED, CHOSEN, SURPLUS, MISSED = "›", "●", "✗", "○"
"""Marks: the lesson points here; chosen; chosen wrongly; missed."""

Marks = dict[str, dict[Index, str]]
"""By tensor and index, the character on the cell."""


def show_faces(stage: Staged, place: PagePlace) -> None:
    """Show the faces that a place names, and of a recording the arrays, wherever its loop is."""
    if not isinstance(stage, RecordingStage):
        stage.choice = Choice(place.input_channel, place.output_channel)
        return
    asked = [*([place.focus] if place.focus else []), *(cells.tensor for cells in place.marks)]
    stage.choice = Chosen(brought=tuple(dict.fromkeys(asked)))
    for cells in place.marks:
        stage.turn_to(cells.tensor, cells.indices[0])


def pointed_at(stage: Staged, panel: Panel, cell: Cell) -> tuple[str, Index]:
    """The array and the index that a cell of a panel stands for."""
    if isinstance(stage, Stage):
        return cell_of(panel, cell, stage.geometry)
    return panel.face.name, panel.face.index(*cell)


def pointed(place: PagePlace) -> Marks:
    """What a place points at."""
    marks: Marks = {}
    for cells in place.marks:
        marks.setdefault(cells.tensor, {}).update(dict.fromkeys(cells.indices, POINTED))
    return marks


def with_chosen(marks: Marks, question: CellsQuestion, chosen: Iterable[Index], *, revealed: bool) -> Marks:
    """The marks of a lesson with those of the learner over them, and what was right if it is `revealed`."""
    cells = set(chosen)
    own = dict.fromkeys(cells, CHOSEN)
    if revealed:
        own = dict.fromkeys(question.cells & cells, CHOSEN)
        own |= dict.fromkeys(cells - question.cells, SURPLUS)
        own |= dict.fromkeys(question.cells - cells, MISSED)
    return {**marks, question.tensor: {**marks.get(question.tensor, {}), **own}}
