"""A wrong answer to every kind of question, as somebody could give it."""

from __future__ import annotations

import numpy as np

from convstep.lessons.ask_edit import EditQuestion
from convstep.lessons.questions import (
    Answer,
    CellsQuestion,
    ChoiceQuestion,
    LineQuestion,
    Question,
    ShapeQuestion,
    StepQuestion,
    ValueQuestion,
)
from convstep.steps.cells import cell_text


def mistake(question: Question) -> Answer:
    """An answer that the question takes, and that is wrong."""
    match question:
        case CellsQuestion():
            return _other_cells(question)
        case ValueQuestion():
            return f"{question.value + 1 + 2 * question.tolerance:.6g}"
        case StepQuestion():
            others = (s for s in range(question.geometry.total_steps) if s not in question.steps)
            return ",".join(map(str, question.geometry.place_of(next(others))))
        case ShapeQuestion():
            return str((question.shape[0] + 1, *question.shape[1:]))
        case LineQuestion():
            lines = enumerate(question.code.splitlines(), 1)
            return str(next(n for n, text in lines if text.strip() and n not in question.lines))
        case ChoiceQuestion():
            return str(1 + next(n for n, option in enumerate(question.options) if not option.right))
        case EditQuestion():
            return _other_edits(question)
    raise AssertionError(f"a new kind of question: {question.kind}")


def _other_edits(question: EditQuestion) -> str:
    """As many cells as are asked for, each set to what it holds and one."""
    held = question.subject.inputs[question.array]
    for first in range(held.size - question.most + 1):
        cells = [np.unravel_index(first + more, held.shape) for more in range(question.most)]
        texts = [f"{cell_text(question.array, tuple(map(int, at)))} = {held[at] + 1}" for at in cells]
        if not question.judge("; ".join(texts)).right:
            return "; ".join(texts)
    raise AssertionError("whatever is set is right")


def _other_cells(question: CellsQuestion) -> frozenset[tuple[int, ...]]:
    """All but one of the cells, or the neighbour of the only one."""
    first, *others = sorted(question.cells)
    if others:
        return frozenset(others)
    seen = max(axis for axis, held in enumerate(question.face) if held is None)
    return frozenset({(*first[:seen], first[seen] + 1 if first[seen] == 0 else 0, *first[seen + 1 :])})
