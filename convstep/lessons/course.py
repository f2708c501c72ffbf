"""The bundled course: eighteen lessons and fourteen bug hunts, each in English and Chinese."""

from __future__ import annotations

import difflib
import functools
import re
from importlib import resources

from convstep.frozen import frozen
from convstep.lessons.document import parse_document
from convstep.lessons.errors import wrong
from convstep.lessons.lesson import Lesson
from convstep.lessons.reading import parse_lesson, read_lesson

HUNT = "hunt-"
"""How the names of bug hunts begin."""


@frozen()
class Entry:
    """A bundled lesson, as far as a list of them needs it."""

    key: str
    """Its name on the command line, the same in every language: "04-padding", "hunt-02-crop"."""
    language: str
    """One of `LANGUAGES`."""
    title: str
    summary: str
    """What it is about."""
    pages: int
    """How many there are."""
    questions: int
    """How many there are."""

    @property
    def hunt(self) -> bool:
        """Whether it is a bug hunt."""
        return self.key.startswith(HUNT)

    @property
    def number(self) -> str:
        """What to type for it: "4", "hunt-2"."""
        found = re.match(r"(hunt-)?0*(\d+)", self.key)
        return f"{found[1] or ''}{found[2]}" if found else self.key


@functools.lru_cache(maxsize=4)
def entries(language: str) -> tuple[Entry, ...]:
    """The course in one language: lessons in order, then hunts in order."""
    names = sorted(
        name
        for file in resources.files(__package__).joinpath(language).iterdir()
        if (name := file.name).endswith(".md")
    )
    lessons = [name for name in names if not name.startswith(HUNT)]
    hunts = [name for name in names if name.startswith(HUNT)]
    return tuple(_entry(name, language) for name in (*lessons, *hunts))


def find(text: str, language: str) -> Entry:
    """A bundled lesson by what a person types: `4`, `padding`, `04-padding`, `hunt-2`; or LessonError."""
    course = entries(language)
    wanted = text.strip().lower().removesuffix(".md").replace("_", "-").replace(" ", "-")
    plain = re.sub(r"(?<!\d)0+(?=\d)", "", wanted)
    for entry in course:
        slug = re.sub(r"^(hunt-)?\d+-", "", entry.key)
        if wanted in (entry.key, slug) or plain == entry.number:
            return entry
    close = difflib.get_close_matches(wanted, [entry.key for entry in course], n=1, cutoff=0.4)
    raise wrong(
        "no lesson is called {name!r}; did you mean {close!r}?"
        if close
        else "no lesson is called {name!r}; `convstep learn --list` lists them",
        name=text,
        close="".join(close),
    )


def load(entry: Entry) -> Lesson:
    """A bundled lesson, read whole."""
    return parse_lesson(_text(f"{entry.key}.md", entry.language), f"{entry.key}.md", entry.key)


def open_lesson(name: str, language: str) -> Lesson:
    """A lesson by its file, which ends in .md, or its bundled name; LessonError if there is none."""
    return read_lesson(name) if name.lower().endswith(".md") else load(find(name, language))


def following(key: str, language: str) -> Entry | None:
    """What comes after a bundled lesson; None after the last one, and for a lesson of one's own."""
    course = entries(language)
    keys = [entry.key for entry in course]
    at = keys.index(key) + 1 if key in keys else len(keys)
    return course[at] if at < len(course) else None


def _entry(name: str, language: str) -> Entry:
    document = parse_document(_text(name, language))
    asked = [block for section in document.sections for block in section.blocks if block.info[:1] == ("ask",)]
    return Entry(
        key=name.removesuffix(".md"),
        language=language,
        title=document.title,
        summary=" ".join(document.summary.split()),
        pages=len(document.sections),
        questions=len(asked),
    )


def _text(name: str, language: str) -> str:
    # the text and not a path: in a zipped package there is none
    return resources.files(__package__).joinpath(language, name).read_text(encoding="utf-8")
