"""The bundled course, each of its lessons read once by all tests of a process: nothing changes a lesson."""

from __future__ import annotations

import functools

from convstep.language import LANGUAGES
from convstep.lessons import course
from convstep.lessons.lesson import Lesson
from tests.strategies import some

ENGLISH = some(course.entries("en"), 7)
"""Lessons about the convolution, one about an operator, and hunts in both kinds of code."""
BOTH = some([entry for language in LANGUAGES for entry in course.entries(language)], 7)
"""The same in both languages, by turns."""

loaded = functools.cache(course.load)


def bundled(text: str, language: str = "en") -> Lesson:
    """A lesson by what a person types for it."""
    return loaded(course.find(text, language))


def named(entry: course.Entry) -> str:
    """How a test of it is called."""
    return f"{entry.language}-{entry.key}"
