"""`convstep learn`: lessons and bug hunts."""

from __future__ import annotations

from convstep.cli.arguments import flag, option, positional
from convstep.cli.console import FINE, UsageError, lacking, say, say_loading
from convstep.frozen import frozen
from convstep.language import speak, tr


@frozen()
class Options:
    """What `convstep learn` is asked."""

    lesson: str | None = positional("LESSON", "a .md file, or a number or name of --list", nargs="?")
    lang: str | None = option(None, "by default the computer's language", choices=("en", "zh"))
    list: bool = flag("list the lessons and exit")


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
        said = (
            "convstep learn needs {what}; `convstep learn --list` and "
            "`convstep export LESSON -o lesson.md` work without one"
        )
        raise UsageError(tr(said, what=lack))
    from convstep.ui.lesson_app import run_lessons

    run_lessons(lesson, language)
    return FINE
