"""Lines of a width, for Latin and Chinese alike."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from convstep.view.text.wrapping import KEEP, NEVER_FIRST, NEVER_LAST, Paragraph, wrap
from tests.strategies import tried

SIGNS = "ab dW 反向传播，。（）「」、；：？！… —·%.,()[]+=_-1" + KEEP
MIXED = st.text(st.sampled_from(SIGNS), max_size=60)
ROWS = st.lists(
    st.text(st.sampled_from(SIGNS), max_size=12)
    | st.text(st.sampled_from("、！？…).,"), min_size=3, max_size=16),
    min_size=2,
    max_size=8,
).map("".join)
"""Long enough for several lines, with rows of closing signs among the words."""
WIDTHS = st.integers(2, 30)


def plain(text: str, width: int) -> list[str]:
    return [line.plain for line in wrap(Text(text), width)]


@given(MIXED | st.text(st.characters(exclude_categories=["C", "M", "Z"]), max_size=30), WIDTHS)
@settings(max_examples=tried(500))
@example("播，" * 5, 3)
def test_no_line_is_wider_than_its_room_and_nothing_is_lost(text: str, width: int) -> None:
    lines = plain(text, width)
    assert all(cell_len(line) <= width for line in lines)
    kept = text.replace(KEEP, " ").replace(" ", "")
    assert "".join(lines).replace(" ", "") == kept
    assert not any(line.endswith(" ") for line in lines)
    assert KEEP not in "".join(lines)


@given(ROWS, st.integers(8, 30))
@settings(max_examples=tried(500))
@example("11...、！！", 9)
def test_a_line_begins_with_closing_punctuation_only_if_it_must(text: str, width: int) -> None:
    lines = plain(text, width)
    for before, line in itertools.pairwise(lines):
        if line and line[0] in NEVER_FIRST:
            # a row of signs that, with the one character they belong to, is too long for any line
            signs = NEVER_FIRST | NEVER_LAST | {" "}
            head = len(before.rstrip("".join(signs)))
            row = before[max(head - 1, 0) :] + "".join(itertools.takewhile(signs.__contains__, line))
            assert cell_len(row) > width


@given(st.lists(st.text("abc反向，", min_size=1, max_size=6), max_size=12).map(" ".join), st.integers(12, 30))
@settings(max_examples=tried(200))
def test_a_word_that_fits_is_never_cut(text: str, width: int) -> None:
    latin = {word for word in text.split() if word.isascii()}
    assert latin <= {word for line in plain(text, width) for word in line.split()}


@given(MIXED, WIDTHS)
@settings(max_examples=tried(100))
def test_what_fits_is_one_line(text: str, width: int) -> None:
    if cell_len(text) <= width:
        assert len(plain(text, width)) == 1


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one two three", 8, ["one two", "three"]),
        ("abcdefgh, i", 8, ["abcdefg", "h, i"]),
        ("反向传播。", 8, ["反向传", "播。"]),
        ("（反向）（传播）", 9, ["（反向）", "（传播）"]),
        ("占 25 % 以上", 6, ["占", "25 %", "以上"]),
        ("用dW更新", 4, ["用dW", "更新"]),
        ("a\u00a0+\u00a0b c", 5, ["a + b", "c"]),
        ("abc", 1, ["ab", "c"]),
        ("f = unravel(window.argmax())", 20, ["f = unravel(window.", "argmax())"]),
        ("layers/pools/max_pool_backward.py", 18, ["layers/pools/max_", "pool_backward.py"]),
        ("a.bcdefghijklmnop", 10, ["a.bcdefghi", "jklmnop"]),
    ],
)
def test_lines_break_where_people_break_them(text: str, width: int, lines: list[str]) -> None:
    assert plain(text, width) == lines


def test_styles_stay_on_their_words() -> None:
    text = Text("one ").append("two three", "bold").append(" 四五")
    styled = [line.plain[span.start : span.end] for line in wrap(text, 8) for span in line.spans]
    assert styled == ["two", "three"]


def test_rich_draws_chinese_with_no_full_stop_at_the_beginning_of_a_line() -> None:
    words = "必须在裁剪之前用零补在下边和右边。补在别处，梯度就会移位。\n第二段"
    for width in range(8, 70):
        file = io.StringIO()
        console = Console(width=width, file=file, color_system=None)
        console.print(Paragraph(Text(words)))
        lines = file.getvalue().splitlines()
        assert not any(line.startswith(("。", "，")) for line in lines)
        assert "".join(line.strip() for line in lines) == words.replace("\n", "")
        assert lines[-1].strip() == "第二段"
        assert all(cell_len(line) <= width for line in lines)
