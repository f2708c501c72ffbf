"""Small lessons for tests: a problem of whole numbers, and pages to put into it."""

from __future__ import annotations

import pytest

from convstep.lessons.errors import LessonError
from convstep.lessons.lesson import Lesson, Page
from convstep.lessons.questions import Question
from convstep.lessons.reading import parse_lesson

FRONT = """---
language: en
input: 4x5x2
filters: 3
kernel: 2x3
padding: 1,0,0,1
numbers: whole
seed: 3
---
# A title

What it is about.
"""
"""Twelve lines; pages begin on the thirteenth."""
FIRST_LINE = FRONT.count("\n") + 1


PLAIN = "## Plain\nwords\n"
"""A page without a question."""


def asks(of: str, title: str = "Asks", words: str = "") -> str:
    """A page that asks for the shape of a tensor, with two hints."""
    stop = "```stop\nat: 9\n```"
    return f"## {title}\n{words}\n```ask shape\nof: {of}\nhint: a\nhint: b\n```\nafter\n{stop}\n"


def lesson(*pages: str, front: str = FRONT) -> Lesson:
    """A lesson with these pages, each with its `##` line."""
    return parse_lesson(front + "\n".join(pages), "lesson.md", "own")


def page(body: str, front: str = FRONT) -> Page:
    """The only page of a lesson."""
    return lesson(f"## Page\n{body}\n", front=front).pages[0]


def question(body: str, front: str = FRONT) -> Question:
    """The question of the only page."""
    found = page(body, front).question
    assert found is not None
    return found


def fault(text: str) -> LessonError:
    """What is wrong with a lesson; it is said in one sentence."""
    with pytest.raises(LessonError) as caught:
        parse_lesson(text, "lesson.md")
    error = caught.value
    assert str(error) == f"lesson.md:{error.line}: {error.sentence}".replace(":0:", ":")
    assert error.sentence
    assert "\n" not in error.sentence
    assert error.line <= len(text.splitlines()) + 1
    return error


def page_fault(body: str, front: str = FRONT) -> tuple[int, str]:
    """What is wrong with a page: the line, counted from the page's heading as 0, and the sentence."""
    error = fault(f"{front}## Page\n{body}\n")
    return error.line - front.count("\n") - 1, error.sentence
