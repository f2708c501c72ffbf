"""The bundled course: every lesson reads, and both languages say the same."""

from __future__ import annotations

import doctest

import pytest

from convstep.lessons import course
from convstep.lessons.lesson import Lesson
from convstep.lessons.words import LANGUAGES
from tests.lessons.structure import structure

ENTRIES = course.entries("en")
BOTH = [entry for language in LANGUAGES for entry in course.entries(language)]


def named(entry: course.Entry) -> str:
    return f"{entry.language}-{entry.key}"


def test_both_languages_have_the_same_lessons() -> None:
    assert [entry.key for entry in course.entries("zh")] == [entry.key for entry in ENTRIES]


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_both_languages_have_the_same_structure(entry: course.Entry) -> None:
    translated = course.load(course.find(entry.key, "zh"))
    assert structure(translated) == structure(course.load(entry))


@pytest.mark.parametrize("entry", BOTH, ids=named)
def test_every_answer_is_judged_as_it_should_be(entry: course.Entry) -> None:
    lesson = course.load(entry)
    assert lesson.language == entry.language
    assert lesson.questions
    for question in lesson.questions:
        assert question.judge(question.solution).right
        assert not question.judge(question.mistake).right


@pytest.mark.parametrize("entry", BOTH, ids=named)
def test_python_sessions_in_the_narration_are_true(entry: course.Entry) -> None:
    for text, line in sessions(course.load(entry)):
        test = doctest.DocTestParser().get_doctest(text, {}, entry.key, entry.key, line)
        failed, _ = doctest.DocTestRunner(verbose=False).run(test)
        assert not failed, f"{entry.key}, line {line}"


def sessions(lesson: Lesson) -> list[tuple[str, int]]:
    """Every `>>>` block of a lesson with its line; a page's blocks go on from each other."""
    found = []
    for page in lesson.pages:
        blocks = [b for b in (*page.before, *page.after) if b.fenced and ">>>" in b.text]
        if blocks:
            found.append(("\n".join(block.text for block in blocks), blocks[0].line))
    return found
