"""What two languages of a lesson must have in common: everything but the words."""

from __future__ import annotations

import ast
import hashlib
import re
from typing import Any

from convstep.conv.problem import Problem
from convstep.lessons.ask_edit import EditQuestion
from convstep.lessons.document import Block
from convstep.lessons.lesson import Lesson, Page, Subject
from convstep.lessons.questions import (
    CellsQuestion,
    ChoiceQuestion,
    LineQuestion,
    Question,
    ShapeQuestion,
    StepQuestion,
    ValueQuestion,
)


def structure(lesson: Lesson) -> list[Any]:
    """The lesson without its words, in a form that can be compared."""
    return [
        ("lesson", lesson.key, lesson.order, lesson.hunt, lesson.bug, bool(lesson.summary)),
        *(_page(page) for page in lesson.pages),
    ]


def _page(page: Page) -> tuple[Any, ...]:
    return (
        _subject(page.subject),
        page.subject.name,
        _code(page.candidate),
        page.place,
        None if page.question is None else _question(page.question),
        page.place_after,
        [_block(block) for block in page.before if block.fenced],
        [_block(block) for block in page.after if block.fenced],
        bool(page.after),
    )


def _subject(subject: Subject) -> tuple[Any, ...]:
    recording = subject.recording
    if recording is None:
        assert subject.problem is not None
        return _problem(subject.problem)
    run = recording.scout()
    run.seek(run.total)
    arrays = [(name, hashlib.sha256(array.tobytes()).hexdigest()) for name, array in run.arrays.items()]
    return (
        run.total,
        arrays,
        _code("\n".join(recording.source.lines)) if len(recording.source.lines) < 60 else "",
    )


def _problem(problem: Problem) -> tuple[Any, ...]:
    arrays = (problem.A_prev, problem.W, problem.b, problem.dZ)
    digests = [None if a is None else hashlib.sha256(a.tobytes()).hexdigest() for a in arrays]
    return problem.geometry, digests


def _question(question: Question) -> tuple[Any, ...]:
    common = (question.kind, len(question.hints), bool(question.why))
    match question:
        case CellsQuestion():
            return *common, question.tensor, question.face, question.cells
        case ValueQuestion():
            return *common, question.value, question.tolerance, question.before, question.added
        case StepQuestion():
            return *common, question.steps
        case ShapeQuestion():
            return *common, question.shape
        case LineQuestion():
            return *common, _code(question.code), question.lines, question.right.split("#")[0].strip()
        case EditQuestion():
            return *common, question.array, question.most, question.condition, question.settings
        case ChoiceQuestion():
            return *common, [(option.right, bool(option.reason)) for option in question.options]
    raise AssertionError(f"a new kind of question: {question.kind}")


def _block(block: Block) -> tuple[Any, ...]:
    if block.info[:1] == ("python",) and ">>>" not in block.text:
        return *block.info, _code(block.text)
    return (*block.info, len(block.text.splitlines()))


def _code(text: str) -> str:
    """Python without its comments and docstrings, which are translated; line numbers stay."""
    if not text:
        return ""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # loop headers alone, say
        return re.sub(r"\s*#.*", "", text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    return ast.dump(tree, include_attributes=False) + f" {len(text.splitlines())} lines"
