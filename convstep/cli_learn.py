"""`convstep learn`: lessons and bug hunts, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convstep.cli import UsageError, lacking, say_loading
from convstep.language import tr

if TYPE_CHECKING:
    import argparse

    from convstep.lessons.lesson import Lesson


def listing(given: argparse.Namespace) -> list[str]:
    """The course as lines."""
    from convstep.lessons.course import entries

    found = entries(language_of(given))
    width = max(len(entry.key) for entry in found)
    return [f"{entry.key.ljust(width)}  {entry.title}" for entry in found]


def learn(given: argparse.Namespace) -> None:
    """Open the list of lessons, or one of them.

    Raises:
        UsageError: there is no such lesson, it is broken, or there is no terminal.
    """
    name = tr("the lessons") if given.lesson is None else tr("lesson {name}", name=given.lesson)
    say_loading(name)
    language = language_of(given)
    lesson = None if given.lesson is None else lesson_of(given.lesson, language)
    if lack := lacking():
        raise UsageError(
            tr(
                "convstep learn needs {what}; `convstep learn --list` and "
                "`convstep export LESSON -o lesson.md` work without one",
                what=lack,
            )
        )
    from convstep.ui.lesson_app import run_lessons

    run_lessons(lesson, language)


def language_of(given: argparse.Namespace) -> str:
    """The language that was asked for, or the computer's."""
    from convstep.lessons.words import default_language

    return given.lang or default_language()


def lesson_of(name: str, language: str) -> Lesson:
    """A lesson by its file or its bundled name.

    Raises:
        UsageError: there is none, or it is broken.
    """
    from convstep.lessons.course import open_lesson
    from convstep.lessons.errors import LessonError

    try:
        return open_lesson(name, language)
    except LessonError as error:
        raise UsageError(str(error)) from error
