"""The course as a list."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rich.cells import cell_len

from convstep.language import LANGUAGES
from convstep.lessons import course
from convstep.view.lesson.course import BEGUN, DONE, CourseRows

EMPTY: dict[str, Any] = {}


def rows(language: str, kept: dict[str, Any] | None = None) -> CourseRows:
    return CourseRows(course.entries(language), lambda key: (kept or {}).get(key, EMPTY))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [60, 80, 200])
def test_rows_have_one_width(language: str, width: int) -> None:
    done = {"finished": True, "points": 7, "most": 40}
    found = rows(language, {"01-one-window": {"page": 2}, "02-accumulate": done})
    found.width = width
    for at in range(len(found)):
        if found.entry(at) is not None:
            assert cell_len(found.row(at).plain) == width


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_title_is_whole_at_80_columns_and_is_cut_visibly_before_it_meets_what_follows(
    language: str,
) -> None:
    found = rows(language)
    listed = [(at, entry) for at in range(len(found)) if (entry := found.entry(at)) is not None]
    assert all(f"{entry.title}  " in found.row(at).plain for at, entry in listed)
    found.width = 50
    assert all(re.search("…? {2,}[0-9]+ (pages|页)", found.row(at).plain) for at, _ in listed)
    assert any("… " in found.row(at).plain for at, _ in listed)


def test_lessons_and_hunts_stand_under_their_headings() -> None:
    found = rows("en")
    entries = [found.entry(at) for at in range(len(found))]
    assert [entry for entry in entries if entry is not None] == list(course.entries("en"))
    headings = [found.row(at).plain for at, entry in enumerate(entries) if entry is None]
    assert headings == ["Lessons", "", "Bug hunts: a wrong backward each; find the line"]


def test_the_cursor_stands_on_lessons_only() -> None:
    found = rows("en")
    gap = next(at for at in range(len(found)) if found.row(at).plain == "")
    last = len(found) - 1
    assert found.next_entry(0, 1) == 1
    assert found.next_entry(0, -1) == 1
    assert found.next_entry(gap, 1) == gap + 2
    assert found.next_entry(gap, -1) == gap - 1
    assert found.next_entry(last, 1) == last


@pytest.mark.parametrize(
    ("kept", "mark", "far"),
    [
        ({}, " ", "pages, "),
        ({"page": 2, "pages": 8}, BEGUN, "page 3 of "),
        ({"page": 7, "finished": True, "points": 31, "most": 40}, DONE, "done · 31 of 40 points"),
        ({"page": "x"}, BEGUN, "page 1 of "),
        ({"page": True}, BEGUN, "page 1 of "),
        ({"page": -9}, BEGUN, "page 1 of "),
        ({"page": 10**9}, BEGUN, "page {pages} of {pages}"),
        ({"finished": True}, DONE, "done · 0 of 0 points"),
        ({"finished": "yes", "page": 1}, BEGUN, "page 2 of "),
        ({"finished": True, "points": [1], "most": None}, DONE, "done · 0 of 0 points"),
    ],
)
def test_how_far_one_is_is_said_whatever_is_kept(kept: dict[str, Any], mark: str, far: str) -> None:
    row = rows("en", {"01-one-window": kept}).row(1).plain
    assert row.startswith(f"{mark} 1 ")
    assert far.format(pages=course.entries("en")[0].pages) in row
