"""A lesson's file taken apart: pages, blocks, their lines, and what is wrong with it."""

from __future__ import annotations

import pytest

from convstep.lessons.document import LARGEST, parse_document
from tests.lessons.texts import FIRST_LINE, FRONT, fault

START = "---\nproblem: digit\n---\n# T\n"


def blocks(body: str) -> list[tuple[tuple[str, ...], str, int]]:
    (section,) = parse_document(f"{START}## P\n{body}").sections
    return [(block.info, block.text, block.line) for block in section.blocks]


def test_pages_and_blocks_know_their_lines() -> None:
    found = parse_document(f"{FRONT}\n## One\n\nA\nB\n\n```stop\nat: 1\n```\nC\n## Two ##\n### three\n")
    assert (found.title, found.summary) == ("A title", "What it is about.")
    assert [(s.title, s.line) for s in found.sections] == [("One", FIRST_LINE + 1), ("Two", FIRST_LINE + 10)]
    one, two = ([(b.info, b.text, b.line - FIRST_LINE) for b in s.blocks] for s in found.sections)
    assert one == [((), "A\nB", 3), (("stop",), "at: 1\n", 7), ((), "C", 9)]
    assert two == [((), "### three", 11)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_line_counts_as_one(end: str) -> None:
    text = f"{START}## P\nA\n```ask step\ncell: x\n```\n".replace("\n", end)
    (section,) = parse_document(text).sections
    assert [(b.text, b.line) for b in section.blocks] == [("A", 6), ("cell: x\n", 8)]


def test_a_byte_order_mark_is_no_part_of_the_front_matter() -> None:
    assert parse_document(f"\ufeff{START}## P\n").front.text("problem") == "digit"


def test_a_heading_inside_a_fence_is_code() -> None:
    assert blocks("```python\n## no page\n# no title\n```\n") == [
        (("python",), "## no page\n# no title\n", 7)
    ]


@pytest.mark.parametrize("fence", ["~~~~", "````", "`````"])
def test_a_longer_fence_may_hold_fences(fence: str) -> None:
    assert blocks(f"{fence}python\n```stop\n```\n{fence}\n") == [(("python",), "```stop\n```\n", 7)]


def test_an_underlined_heading_is_a_heading() -> None:
    found = parse_document("---\n---\nTitle\n=====\n\nOne\ntwo\n---\ntext\n")
    assert found.title == "Title"
    assert [(s.title, s.line) for s in found.sections] == [("One two", 6)]


def test_a_page_may_be_empty() -> None:
    assert blocks("") == []


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("", 1, "the front matter is missing; begin the file with a line ---"),
        ("\n---\n---\n", 1, "the front matter is missing"),
        ("# T\n## P\n", 1, "the front matter is missing"),
        ("---\nproblem: digit\n# T\n", 1, "the front matter does not end; close it with a line ---"),
        ("---\nproblem: digit\n- x\n---\n", 3, "the front matter cannot contain a list"),
        ("---\nproblem: digit\n???\n---\n", 3, "'???' is not a `key: value` line"),
        ("---\nproblem: digit\n---", 3, "the lesson has no title"),
        ("---\nproblem: digit\n---\n\n", 4, "the lesson has no title"),
        ("---\nproblem: digit\n---\ntext\n", 4, "this comes before the first page"),
        (START, 4, "the lesson has no page; begin one with `## Heading`"),
        (f"{START}text\n\nmore\n", 7, "the lesson has no page"),
        (f"{START}```stop\n```\n## P\n", 5, "this comes before the first page"),
        ("---\n---\n\n## P\n# T\n", 4, "the lesson has no title; write `# Title` above its first page"),
        (f"{START}# U\n## P\n", 5, "there is a second `#` heading"),
        (f"{START}## P\n# U\n", 6, "there is a second `#` heading"),
        ("---\n---\n#\n## P\n", 3, "this heading is empty; write its words after #"),
        (f"{START}##\ntext\n", 5, "this heading is empty; write its words after ##"),
        (f"{START}## P\n## ##\n", 6, "this heading is empty"),
        (f"{START}## P\n```stop\nat: 1\n## Q\n", 6, "this ``` block does not end; close it with ```"),
        (f"{START}## P\n~~~~stop\nat: 1\n```\n~~~\n", 6, "this ~~~~ block does not end"),
        (f"{START}## P\n```stop\nat: 1\n    ```\n", 6, "this ``` block does not end"),
        (f"{START}## P\nA\n\n```", 8, "this ``` block does not end"),
        (f"{START}## P\nA\n\nB\0", 8, "this is not text: it contains the control character '\\x00'"),
        (f"{START}## P\r\nA \x1b[2J\r\n", 6, "this is not text: it contains the control character '\\x1b'"),
        ("PK\x03\x04", 1, "this is not text"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, sentence: str) -> None:
    error = fault(text)
    assert error.sentence.startswith(sentence)
    assert error.line == line


@pytest.mark.parametrize("prose", ["![" * 10_000, "[" * 20_000, "_a" * 10_000], ids=range(3))
def test_a_page_that_markdown_would_be_slow_with_is_refused(prose: str) -> None:
    error = fault(f"{FRONT}## P\n{prose}")
    assert error.sentence == "this page has 20,001 characters; a page has at most 20,000"
    assert error.line == FRONT.count("\n") + 1


def test_a_huge_file_is_refused_at_once() -> None:
    said = fault(FRONT + "x" * LARGEST).sentence
    assert said == f"the file has {LARGEST + len(FRONT):,} characters; a lesson has at most {LARGEST:,}"
