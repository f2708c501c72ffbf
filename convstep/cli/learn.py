"""`convstep learn`: lessons and bug hunts."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from convstep.cli.console import FINE, UsageError, lacking, say, say_loading
from convstep.language import speak, tr


@dataclass(frozen=True, slots=True)
class Options:
    """What `convstep learn` is asked."""

    lesson: str | None
    lang: str | None
    list: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `convstep learn`."""
    parser.add_argument(
        "lesson", metavar="LESSON", nargs="?", help="a .md file, or a number or name of --list"
    )
    parser.add_argument("--lang", choices=("en", "zh"), help="by default the computer's language")
    parser.add_argument("--list", action="store_true", help="list the lessons and exit")


def run(options: Options) -> int:
    """List the lessons, or open their list or one of them."""
    from convstep.lessons.words import default_language

    language = options.lang or default_language()
    speak(language)
    if options.list:
        from convstep.lessons.course import entries

        found = entries(language)
        width = max(len(entry.key) for entry in found)
        say(*(f"{entry.key.ljust(width)}  {entry.title}" for entry in found))
        return FINE
    say_loading(tr("the lessons") if options.lesson is None else tr("lesson {name}", name=options.lesson))
    from convstep.lessons.course import open_lesson

    lesson = None if options.lesson is None else open_lesson(options.lesson, language)
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
    return FINE
