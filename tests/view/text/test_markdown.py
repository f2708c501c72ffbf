"""Markdown as lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from convstep.view.text.markdown import TAB, draw_code, draw_markdown, fold, highlighted
from tests.strategies import tried

CODE = 'def f(x):\n    """It."""\n    return x * 2  # 两倍\n\n\nclass A:\n    y = f("a", 0x1F)\n'


def plain(text: str, width: int = 40) -> list[str]:
    return [line.plain for line in draw_markdown(text, width)]


def styled(text: str, style: str) -> list[str]:
    return [
        line.plain[span.start : span.end]
        for line in draw_markdown(text, 60)
        for span in line.spans
        if style in str(span.style).split()
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\ntwo", ["one two"]),
        ("一\n二", ["一二"]),
        ("one  \ntwo", ["one", "two"]),
        ("one\n\ntwo", ["one", "", "two"]),
        ("- a\n- b\n\nc", ["• a", "• b", "", "c"]),
        ("- a\n  - b\n    - c\n- d", ["• a", "  • b", "    • c", "", "• d"]),
        ("9. a\n10. b", ["9. a", "10. b"]),
        ("1. a  \n   b", ["1. a", "   b"]),
        ("> quoted\n\nnot", ["  quoted", "", "not"]),
        ("### Head\ntext", ["Head", "", "text"]),
        ("| a | bb |\n|---|---|\n| `x y` | 二 |", ["a    bb", "───────", "x y  二"]),
        ("    code\n    more", ["code", "more"]),
        ("```\na\tb\n```", ["a   b"]),
        ("- ```\n  x\n  ```\n\n  after", ["• x", "", "  after"]),
        ("the <dz> axis", ["the <dz> axis"]),
        ("<div>\nkept\n</div>", ["<div>", "kept", "</div>"]),
        ("a <!-- note --> b", ["a  b"]),
        ("<!-- a note\nfor translators -->\n\ntext", ["text"]),
        ("![alt](x.png) and [text](y)", ["alt and text"]),
        ("2 \\* 3 &lt; 7", ["2 * 3 < 7"]),
        ("dA_prev_pad and a_b_c", ["dA_prev_pad and a_b_c"]),
        ("", []),
    ],
)
def test_markdown_is_drawn(text: str, lines: list[str]) -> None:
    assert plain(text) == lines


def test_emphasis_works_inside_chinese() -> None:
    assert styled("这是**重点**，那是*斜体*。", "bold") == ["重点"]
    assert plain("这是**重点**，那是*斜体*。") == ["这是重点，那是斜体。"]
    assert styled("**a *b* c**", "italic") == ["b"]


def test_a_short_code_span_is_kept_together() -> None:
    assert plain("aaaa `b c d` e", 9) == ["aaaa", "b c d e"]
    assert all("\u00a0" not in line for line in plain("| `b c` |\n|---|\n| `d e` |"))


def test_code_has_no_ground_of_its_own() -> None:
    for line in (
        *highlighted(CODE),
        *highlighted(">>> f(1)\n2\n"),
        *draw_markdown(f"```python\n{CODE}```", 20),
    ):
        assert Style.parse(str(line.style)).bgcolor is None
        for span in line.spans:
            style = span.style if isinstance(span.style, Style) else Style.parse(span.style)
            assert style.bgcolor is None
    assert {span.style for line in highlighted(CODE) for span in line.spans}  # there are colours


@pytest.mark.parametrize("language", ["python", "", "text", "no-such-language"])
@pytest.mark.parametrize(
    "code", [CODE, "", "\n", "x", "\n\nx\n\n\n", "a\n   \nb\n   \n", "\tx\n", "(((", '"""open']
)
def test_every_line_of_code_is_a_line(code: str, language: str) -> None:
    lines = [line.plain for line in highlighted(code, language)]
    assert lines == code.expandtabs(TAB).rstrip("\n").split("\n")


@given(st.text(st.sampled_from("ab (反)，x= "), max_size=60), st.integers(4, 40))
@settings(max_examples=tried(300))
def test_folded_code_fits_and_loses_nothing(code: str, width: int) -> None:
    lines = [line.plain for line in fold(Text(code), width)]
    assert all(cell_len(line) <= width for line in lines) or cell_len(code.rstrip()) <= width
    assert "".join(lines).replace(" ", "") == code.replace(" ", "")


def test_the_rest_of_a_long_line_is_indented() -> None:
    lines = [line.plain for line in draw_code("    total = first + second", 18, "")]
    assert lines == ["    total = first ", "        + second"]
    assert [line.plain for line in draw_code("    total = first", 12, "")] == ["    total = ", "  first"]
    lines = [line.plain for line in draw_code("for i_h, i_w, i_c in np.ndindex(dZ.shape):", 39, "")]
    assert lines == ["for i_h, i_w, i_c in np.ndindex(dZ.", "    shape):"], "no name is parted"


def test_headings_are_underlined_and_links_into_the_web_keep_their_address() -> None:
    text = "# One `two`\n\n### Three\n\nSee [here](page.md), [there](https://a.b/c) and <https://a.b/c>.\n"
    drawn = draw_markdown(text, 80)
    assert [line.plain for line in drawn] == [
        *("One two", "═══════", "", "Three", ""),
        "See here, there (https://a.b/c) and https://a.b/c.",
    ]
    assert {str(span.style) for span in drawn[3].spans} >= {"bold"}


def test_cells_of_a_table_that_is_too_wide_are_wrapped() -> None:
    table = "| name | means |\n| --- | --- |\n| `--json` | one object and nothing else |\n"
    assert plain(table, 24) == [
        "name    means",
        "────────────────────────",
        "--json  one object and",
        "        nothing else",
    ]


def test_code_is_indented_as_far_as_there_is_room() -> None:
    text = f"```sh\n{'a' * 18}\n```\n"
    for width, indent in ((30, 4), (20, 2), (18, 0), (10, 0)):
        first = draw_markdown(text, width, code_indent=4)[0].plain
        assert len(first) - len(first.lstrip()) == indent


BLOCKS = st.sampled_from(
    [
        "text with `code span` and **bold** words，中文混排。",
        "- one\n  - two 二\n    - three\n      - four\n",
        "12. twelve\n13. thirteen\n\n    more\n",
        "> quote 引用\n> > deeper\n",
        "| a | b |\n|---|---|\n| 一二三四五 | xx |\n",
        f"```python\n{CODE}```\n",
        "---\n",
        "# a title\n",
        "### 标题 heading\n",
        "<b>x</b>\n",
        "- ```\n  aaaaaaaaaaaaaaaaaaa\n  ```\n",
        "a_very_long_word_that_fits_nowhere_at_all_and_goes_on\n",
        "> - > - > - deep\n",
    ]
)


@given(st.lists(BLOCKS, max_size=5).map("\n\n".join), st.integers(10, 80))
@settings(max_examples=tried(300))
def test_no_line_of_markdown_is_wider_than_its_room(text: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in plain(text, width))
