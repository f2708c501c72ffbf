"""A survey as a page, grouped by mistake."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from convstep.candidate.survey.row import MISSING, RIGHT, Row
from convstep.candidate.survey.surveying import Survey
from convstep.candidate.survey.table import page
from convstep.language import speak
from tests.candidate.survey.rows import course, wrong
from tests.language.words import english_words


def test_each_mistake_is_explained_once_with_who_made_it_and_a_command() -> None:
    text = page(course())
    assert text.startswith(
        "# Survey of hw\n\n6 submissions: 4 wrong, 1 right, 1 cannot be called, 1 without a backward.\n"
    )
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [
        "crop-zero-slice: \\[p:-p\\] at padding 0 (conv2d): 3",
        "no known mistake (conv2d): 1",
        "Cannot be called: 1",
        "Without a backward: 1",
        "Right: 1",
    ]
    assert text.count("At p = 0 the slice is") == 1
    assert "```diff\n- dx[p:-p]\n+ dx[p : p + H]\n```" in text
    assert "```sh\nconvstep debug hw/alice/layers.py:conv_backward\n```" in text
    assert "\n- alice, dora\n" in text
    assert "(also: db-mean)" in text


def test_what_is_handed_in_is_text_and_no_markdown() -> None:
    hostile = "<img src=x> [a](b) `c` *d* | e # f & \u202e \n## g"
    found = Survey(
        "hw", [Row(f"{hostile}.py", "", MISSING, hostile, says=hostile), wrong("a```b", "a````.py")]
    )
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(page(found))
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "code_inline", "text_special"}
    cells = [token.content for token in tokens if token.type == "inline"]
    assert sum("img" in cell for cell in cells) == 2
    assert [token.content for token in tokens if token.type == "fence"][-1].startswith("convstep debug")
    assert not [token for token in tokens if token.type in ("html_block", "html_inline")]


def test_a_survey_that_was_interrupted_says_so() -> None:
    found = Survey("hw", [Row("a.py", "f", RIGHT, "a")], 4, left=3, interrupted=True)
    assert "3 not reached.\n\nIt was interrupted" in page(found)


def test_a_page_in_chinese_leaves_no_english_but_names() -> None:
    rows = [Row("a.py", "f", verdict, "a") for verdict in (RIGHT, MISSING)]
    speak("zh")
    try:
        assert english_words(page(Survey("hw", rows)).replace("hw", "")) == []
    finally:
        speak("en")
