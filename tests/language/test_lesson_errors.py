"""What is wrong with a lesson, said in Chinese: every error that the tests of the lessons know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from convstep.examples import names
from convstep.language import speak
from convstep.lessons.ask_kinds import COMMON, KINDS
from convstep.lessons.errors import LessonError
from convstep.lessons.page_place import MODES, PLACE_KEYS
from convstep.lessons.problems import PROBLEM_KEYS
from convstep.lessons.reading import DIRECTIVES, FRONT_KEYS, parse_lesson
from convstep.lessons.tensors import parse_cells
from tests.language.words import english_words
from tests.lessons import (
    test_ask_kinds,
    test_document,
    test_page_place,
    test_problems,
    test_reading,
    test_tensors,
)
from tests.lessons.texts import FRONT, page_fault

KEYS = {
    *COMMON, *KINDS, *PROBLEM_KEYS, *DIRECTIVES, *FRONT_KEYS, *PLACE_KEYS, *MODES,
    *(key for keys, _ in KINDS.values() for key in keys), *re.findall(r"\w+", " ".join(names())),
    "total", "dq", "bias", "yes", "no", "whole", "normal",
}  # fmt: skip
"""What a lesson's author writes, in whatever language the lesson is."""


@pytest.fixture(autouse=True)
def chinese() -> None:
    speak("zh")


def cases(test: Any) -> Iterator[tuple[Any, ...]]:
    """What a test is parametrised with."""
    for mark in test.pytestmark:
        yield from mark.args[1]


def sentence_of(read: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(LessonError) as caught:
        read(*arguments)
    return caught.value.sentence


def said() -> Iterator[str]:
    """Every sentence."""
    for body, *_ in (*cases(test_reading.test_pages_are_checked), *test_ask_kinds.FAULTS):
        yield page_fault(body)[1]
    for lines, *_ in cases(test_page_place.test_what_cannot_be_is_refused_with_its_line):
        yield page_fault(f"```stop\n{lines}\n```")[1]
    for lines, front, *_ in cases(test_page_place.test_what_is_out_of_sight_cannot_be_pointed_at):
        yield page_fault(f"```stop\n{lines}\n```", front)[1]
    for front, *_ in cases(test_reading.test_front_matter_is_checked):
        yield sentence_of(parse_lesson, f"---\n{front}\n---\n# T\n## P\n")
    for text, *_ in cases(test_document.test_what_is_wrong_is_said_with_its_line):
        yield sentence_of(parse_lesson, text)
    for text, *_ in cases(test_problems.test_what_is_no_problem_is_refused_with_its_line):
        yield sentence_of(parse_lesson, f"---\n{text}\n---\n# T\n## P\n")
    for text, *_ in cases(test_tensors.test_what_are_no_cells_is_refused):
        yield sentence_of(parse_cells, text, test_tensors.PROBLEM, 1)
    yield sentence_of(parse_lesson, FRONT + "x" * 2_000_000)


def test_what_is_wrong_with_a_lesson_is_said_in_chinese() -> None:
    sentences = set(said())
    assert len(sentences) > 100
    left = dict[str, list[str]]()
    for sentence in sentences:
        # what NumPy, Python and the system say stays as it is
        ours = re.sub(r"(算不出来|这不是 Python)：.*[a-z ]{12}.*|：[^：]*(?:Errno|No such).*", "", sentence)
        words = [word for word in english_words(ours) if word.lower() not in KEYS]
        left |= {sentence: words} if words or not re.search("[一-鿿]", sentence) else {}
    assert left == {}
