"""A lesson's file as blocks: front matter, pages, prose and fenced directives, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from convstep.frozen import frozen
from convstep.language import tr
from convstep.lessons.errors import wrong
from convstep.lessons.fields import Fields, parse_fields
from convstep.printable import TAB, printable

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
"""What a terminal would obey, or what only some programs take for the end of a line."""
LARGEST = 200_000
"""Characters of a lesson, twenty times those of the longest one here."""
LARGEST_PAGE = 20_000
"""Characters of a page: Markdown that is meant badly takes time by the square of its length."""


@frozen()
class Block:
    """A piece of a page."""

    info: tuple[str, ...]
    """The words after the fence, `("ask", "value")`; empty for prose."""
    text: str
    """Prose with its Markdown, or the inside of the fence."""
    line: int
    """Where the text begins, counted from 1."""
    fenced: bool
    """Whether it stands between ``` lines."""


@frozen()
class Section:
    """A page as it is written: all that stands below a `##` heading."""

    title: str
    line: int
    blocks: tuple[Block, ...]


@frozen()
class Document:
    """A lesson's file, taken apart but not understood."""

    front: Fields
    title: str
    """The `#` heading."""
    summary: str
    """The prose below it."""
    sections: tuple[Section, ...]
    """The pages."""


def parse_document(text: str) -> Document:
    """Take a lesson's file apart; raises LessonError without front matter, a title or a page."""
    if len(text) > LARGEST:
        sentence = "the file has {count:,} characters; a lesson has at most {most:,}"
        raise wrong(sentence, count=len(text), most=LARGEST)
    if found := _CONTROL.search(text):
        line = len(text[: found.start()].splitlines() or [""])
        sentence = "this is not text: it contains the control character {character!r}"
        raise wrong(sentence, line, character=found[0])
    lines = [printable(line, None) for line in text.removeprefix("\ufeff").expandtabs(TAB).splitlines()]
    front, body = _front(lines)
    title, summary, sections = "", list[str](), list[tuple[str, int, list[Block]]]()
    for level, heading, line, block in _pieces(lines, body):
        if level and not heading:
            raise wrong("this heading is empty; write its words after {signs}", line, signs="#" * level)
        if level == 1:
            if title:
                raise wrong("there is a second `#` heading; pages begin with `##`", line)
            title = heading
        elif level == 2:
            if not title:
                raise wrong("the lesson has no title; write `# Title` above its first page", line)
            sections.append((heading, line, []))
        elif block is not None and sections:
            sections[-1][2].append(block)
        elif block is not None:
            if block.fenced or not title:
                raise wrong("this comes before the first page; begin a page with `## Heading`", line)
            summary.append(block.text)
    if not title:
        below = min(body + 1, len(lines))  # the front matter may be all there is
        raise wrong("the lesson has no title; write `# Title` below the front matter", below)
    if not sections:
        raise wrong("the lesson has no page; begin one with `## Heading`", len(lines))
    for heading, line, blocks in sections:
        count = len(heading) + sum(len(block.text) for block in blocks)
        if count > LARGEST_PAGE:
            sentence = "this page has {count:,} characters; a page has at most {most:,}"
            raise wrong(sentence, line, count=count, most=LARGEST_PAGE)
    pages = tuple(Section(heading, line, tuple(blocks)) for heading, line, blocks in sections)
    return Document(front, title, "\n\n".join(summary), pages)


def _front(lines: list[str]) -> tuple[Fields, int]:
    """The front matter, and the number of lines it takes."""
    if not lines or lines[0].strip() != "---":
        raise wrong("the front matter is missing; begin the file with a line ---", 1)
    for number, line in enumerate(lines[1:], 1):
        if line.strip() == "---":
            fields, items = parse_fields("\n".join(lines[1:number]), 2, tr("the front matter"))
            if items:
                raise wrong("the front matter cannot contain a list", items[0][1])
            return fields, number + 1
    raise wrong("the front matter does not end; close it with a line ---", 1)


def _pieces(lines: list[str], body: int) -> Iterator[tuple[int, str, int, Block | None]]:
    """Headings (level, text, line) and blocks in order; headings below `##` belong to the prose."""
    # what is within the prose is looked at where it is shown
    markdown = MarkdownIt("commonmark").enable("table").disable("inline")
    tokens = markdown.parse("\n".join([*lines[body:], ""]))
    prose: list[int] | None = None

    def pending() -> Iterator[tuple[int, str, int, Block | None]]:
        if prose is not None:
            first, last = prose
            text = "\n".join(lines[first:last]).rstrip()
            yield 0, "", first + 1, Block((), text, first + 1, fenced=False)

    for at, token in enumerate(tokens):
        if token.level or token.map is None or token.nesting < 0:
            continue
        first, last = token.map[0] + body, token.map[1] + body
        level = int(token.tag[1]) if token.type == "heading_open" else 0
        if level in (1, 2) or token.type == "fence":
            yield from pending()
            prose = None
            if level in (1, 2):
                yield level, " ".join(tokens[at + 1].content.split()), first + 1, None
            else:
                if token.content.count("\n") > last - first - 2:  # it swallows the rest of the lesson
                    said = "this {fence} block does not end; close it with {fence}"
                    raise wrong(said, first + 1, fence=token.markup)
                block = Block(tuple(token.info.split()), token.content, first + 2, fenced=True)
                yield 0, "", first + 1, block
        else:
            prose = [first if prose is None else prose[0], last]
    yield from pending()
