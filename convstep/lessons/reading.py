"""Reading a lesson: from a file to pages whose numbers, stops and answers are checked."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field, replace
from typing import Any

from convstep.files import FileTooLarge, contents
from convstep.language import LANGUAGES, tr
from convstep.lessons.ask_kinds import KINDS, parse_question
from convstep.lessons.candidates import function_name
from convstep.lessons.document import LARGEST, Block, Document, Section, parse_document
from convstep.lessons.errors import LessonError, wrong
from convstep.lessons.expressions import fill_in
from convstep.lessons.fields import Fields, parse_fields, whole_number
from convstep.lessons.functions import FUNCTION_KEYS, Wish, make_function, wish_of
from convstep.lessons.lesson import Lesson, Page, PagePlace, Subject
from convstep.lessons.page_place import Convolution
from convstep.lessons.problems import PROBLEM_KEYS, Spec, make_problem, spec_of
from convstep.lessons.questions import Question

DESCRIBING = (*PROBLEM_KEYS, *FUNCTION_KEYS)
"""The keys that say what is stepped."""
FRONT_KEYS = ("language", "order", "kind", "bug", *DESCRIBING)
DIRECTIVES = ("stop", "ask", "problem")
"""The fenced blocks that are no narration."""
LARGEST_FILE = 4 * LARGEST
"""Bytes of a lesson's file: as many characters as a lesson may have, each at its longest."""


def read_lesson(path: str, key: str = "") -> Lesson:
    """Read a lesson, its progress kept under `key` or its absolute path; LessonError with the line."""
    try:
        text = contents(path, LARGEST_FILE).decode("utf-8")
    except FileTooLarge as error:
        raise LessonError(
            tr("the file is too large for a lesson: at most {most:,} bytes", most=LARGEST_FILE), path=path
        ) from error
    except UnicodeDecodeError as error:
        raise LessonError(tr("the file is not UTF-8 text; save it as UTF-8"), path=path) from error
    except FileNotFoundError:
        raise LessonError(tr("the file does not exist; check the path"), path=path) from None
    except OSError as error:
        raise LessonError(f"{error.strerror or error}", path=path) from error
    return parse_lesson(text, path, key or os.path.abspath(path))


def parse_lesson(text: str, path: str = "lesson.md", key: str = "") -> Lesson:
    """Understand a lesson's text; see `read_lesson`. Raises LessonError: it is no lesson."""
    try:
        return _Reader(parse_document(text), os.path.dirname(path)).lesson(path, key)
    except LessonError as error:
        raise error.inside(path) from error


_FORGOTTEN: dict[str, Any] = {
    "marks": (),
    "input_channel": None,
    "output_channel": None,
    "focus": "",
    "opens": "",
    "why": None,
    "what_if": None,
}
"""What a page does not take over from the one before: it keeps the place and how values look."""


@dataclass(slots=True)
class _Parts:
    """A page while its blocks are read."""

    place: PagePlace
    before: list[Block] = field(default_factory=list)
    after: list[Block] = field(default_factory=list)
    question: Question | None = None
    place_after: PagePlace | None = None
    placed: bool = False
    placed_after: bool = False
    code: str = ""
    candidate: bool = False


class _Reader:
    """Goes through the pages; what one leaves open is as on the one before."""

    def __init__(self, document: Document, folder: str) -> None:
        self._document, self._folder = document, folder
        front = document.front
        front.check_keys(FRONT_KEYS, several=("given",))
        self._language = front.text("language", "en")
        if self._language not in LANGUAGES:
            sentence = "language is {language!r}; it must be en or zh"
            raise wrong(sentence, front.line_of("language"), language=self._language)
        self._spec: Spec = {}
        self._wish: Wish | None = None
        self._code = ""
        """The lesson's own code that is stepped, if it is recorded."""
        self._stepped = self._described(front)
        """What is stepped; None until the code that is called has come."""
        self._place, self._candidate = PagePlace(), ""

    @property
    def _subject(self) -> Subject:
        if self._stepped is None:
            line = self._document.front.line if self._wish is None else self._wish.line
            sentence = "there is no code to call; put a ```python candidate block above the page's stop"
            raise wrong(sentence, line)
        return self._stepped

    def lesson(self, path: str, key: str) -> Lesson:
        front = self._document.front
        kind, order = front.text("kind", "lesson"), whole_number(front.text("order", "0"))
        if kind not in ("lesson", "hunt"):
            raise wrong("kind is {kind!r}; it must be lesson or hunt", front.line_of("kind"), kind=kind)
        if order is None:
            sentence = "order is {text!r}; it must be a whole number"
            raise wrong(sentence, front.line_of("order"), text=front.text("order"))
        return Lesson(
            path=path,
            key=key,
            title=self._document.title,
            summary=self._document.summary,
            language=self._language,
            order=order,
            hunt=kind == "hunt",
            bug=front.text("bug"),
            pages=tuple(self._page(section) for section in self._document.sections),
        )

    def _described(self, fields: Fields) -> Subject | None:
        """What the front matter or a `problem` block describes; None if its code is still to come."""
        wish = wish_of(fields, self._wish)
        if wish is None:
            self._spec, self._wish = spec_of(fields, self._spec), None
            return Convolution(*make_problem(self._spec, fields.line, self._folder))
        if mixed := next((key for key in PROBLEM_KEYS if key in fields), None):
            sentence = "{key!r} is about a convolution, and this is about an operator: remove one of the two"
            raise wrong(sentence, fields.line_of(mixed), key=mixed)
        self._spec, self._wish = {}, wish
        if "operator" in fields or "call" in fields:  # else the same code has other arrays
            self._code = ""
        return None if wish.call is not None and not self._code else make_function(wish, self._code)

    def _page(self, section: Section) -> Page:
        parts = _Parts(replace(self._place, **_FORGOTTEN))
        for block in section.blocks:
            word = _directive(block)
            if word == "problem":
                self._take_problem(block, parts)
            elif word == "stop":
                self._take_place(block, parts)
            elif word == "ask":
                self._take_question(block, parts)
            else:
                self._take_prose(block, parts)
        place = parts.place
        self._place = parts.place_after or place
        before = self._filled(parts.before, place)
        after = self._filled(parts.after, self._place)
        question = parts.question
        if question is not None and question.why:
            here = self._subject.stand(self._place).here
            question = replace(question, why=fill_in(question.why, here, question.line))
        return Page(
            title=section.title,
            line=section.line,
            subject=self._subject,
            candidate=self._candidate,
            before=before,
            place=place,
            question=question,
            after=after,
            place_after=self._place,
        )

    def _take_problem(self, block: Block, parts: _Parts) -> None:
        if parts.placed or parts.question is not None or parts.candidate:
            raise wrong("put the problem before the page's stop, candidate and question", block.line - 1)
        fields, items = parse_fields(block.text, block.line, "problem")
        if items:
            raise wrong("there can be no list here", items[0][1])
        fields.check_keys(DESCRIBING, several=("given",))
        self._stepped = self._described(fields)
        self._candidate, parts.place = "", PagePlace()

    def _take_place(self, block: Block, parts: _Parts) -> None:
        if parts.placed_after or (parts.question is None and parts.placed):
            raise wrong(
                "this page already has a stop here; it can have one before its question and one after it",
                block.line - 1,
            )
        fields, items = parse_fields(block.text, block.line, "stop")
        if items:
            raise wrong("there can be no list here", items[0][1])
        if parts.question is None:
            parts.place, parts.placed = self._subject.read_place(fields, parts.place), True
        else:
            last = parts.place_after or parts.place
            parts.place_after, parts.placed_after = self._subject.read_place(fields, last), True

    def _take_question(self, block: Block, parts: _Parts) -> None:
        if parts.question is not None:
            raise wrong("this page already has a question; put this one on a page of its own", block.line - 1)
        placed = self._subject.stand(parts.place)
        asked = parse_question(block, placed, self._language, parts.code)
        parts.question, parts.place, parts.place_after = asked

    def _take_prose(self, block: Block, parts: _Parts) -> None:
        if block.info[:1] == ("python",):
            parts.code = block.text
            if block.info[1:] == ("candidate",):
                self._take_candidate(block, parts)
            elif len(block.info) > 1:
                sentence = "there is no {block!r} block; write `python` or `python candidate`"
                raise wrong(sentence, block.line - 1, block=" ".join(block.info))
        (parts.before if parts.question is None else parts.after).append(block)

    def _take_candidate(self, block: Block, parts: _Parts) -> None:
        if parts.question is not None:
            raise wrong("put the candidate before the page's question", block.line - 1)
        try:
            compile(block.text, "candidate", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            at = getattr(error, "lineno", None) or 1
            reason = getattr(error, "msg", "") or str(error) or tr("it is nested too deeply")
            raise wrong("this is not Python: {reason}", block.line + at - 1, reason=reason) from error
        if not function_name(block.text):
            raise wrong("this defines no function; a candidate must define one", block.line - 1)
        parts.candidate = True
        if self._wish is None:
            self._candidate = block.text
            return
        if parts.placed:
            raise wrong("put the code before the page's stop: it is what is stepped", block.line - 1)
        self._code = block.text
        self._stepped, parts.place = make_function(self._wish, self._code), PagePlace()

    def _filled(self, blocks: list[Block], place: PagePlace) -> tuple[Block, ...]:
        """The narration with its numbers; code stays as it is."""
        if not any("{=" in block.text for block in blocks if not block.fenced):
            return tuple(blocks)
        here = self._subject.stand(place).here
        return tuple(
            block if block.fenced else replace(block, text=fill_in(block.text, here, block.line))
            for block in blocks
        )


def _directive(block: Block) -> str:
    """Which directive a block is; "" for narration. Raises LessonError: it is nearly one."""
    word, *more = block.info or ("",)
    if word in DIRECTIVES:
        if more and word != "ask":
            sentence = "nothing may follow {word!r} here; write `key: value` lines below it"
            raise wrong(sentence, block.line - 1, word=word)
        return word
    close = difflib.get_close_matches(word.lower(), DIRECTIVES, n=1, cutoff=0.75)
    if close or word in KINDS:
        meant = close[0] if close else f"ask {word}"
        sentence = "there is no {word!r} block; did you mean {meant!r}?"
        raise wrong(sentence, block.line - 1, word=word, meant=meant)
    return ""
