from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.numbers.big_digits import (
    DIGIT,
    GLYPHS,
    LEAST_BIG,
    LINES,
    POINT,
    ROOMY_BIG,
    SHORT_MINUS,
    SIGNED_BIG,
    TIGHT_MINUS,
    TIGHT_POINT,
    BigFormat,
    columns_of,
    drawn,
    glyphs_at,
)
from tests.view.random_panels import VALUES

LIMITS = st.floats(1e-30, 1e30) | st.floats(0.05, 1500)
FORMATS = st.builds(
    BigFormat.fitting, st.integers(LEAST_BIG, 28), LIMITS, signed=st.booleans(), whole=st.booleans()
)


def read(lines: tuple[str, ...]) -> str:
    """A big text as people read it: glyph by glyph from the right, a column apart but for the point."""
    width = len(lines[0])
    signs = [GLYPHS["-"], SHORT_MINUS, TIGHT_MINUS] if width < SIGNED_BIG else [GLYPHS["-"]]
    glyphs = [*glyphs_at(width).items(), *(("-", sign) for sign in signs)]
    found, rest = "", list(lines)
    while any(line.strip() for line in rest):
        for character, glyph in sorted(glyphs, key=lambda item: -len(item[1][0])):
            gap = " " if found and found[0] != "." and character != "." and glyph != TIGHT_MINUS else ""
            size = len(glyph[0]) + len(gap)
            if [line[-size:] for line in rest] == [part + gap for part in glyph]:
                found, rest = character + found, [line[:-size] for line in rest]
                break
        else:
            raise AssertionError("\n".join(rest))
    return found


def pixels(lines: tuple[str, ...]) -> list[str]:
    """What is inked, half a line by half a line."""
    upper = [line.translate(str.maketrans("█▀▄▝▘", "##.##", "")) for line in lines]
    lower = [line.translate(str.maketrans("█▀▄▝▘", "#.#..", "")) for line in lines]
    return [row.replace(".", " ") for pair in zip(upper, lower, strict=True) for row in pair]


def test_every_glyph_is_three_lines_of_one_width_and_like_no_other() -> None:
    others = {".": POINT, "tight point": TIGHT_POINT, "tight minus": TIGHT_MINUS, "short minus": SHORT_MINUS}
    glyphs = {**GLYPHS, **others}
    for character, glyph in glyphs.items():
        assert len(glyph) == LINES, character
        assert len({len(line) for line in glyph}) == 1, character
    assert len(set(glyphs.values())) == len(glyphs)
    assert all(len(GLYPHS[digit][0]) + 1 == DIGIT for digit in "0123456789"), "points line up"


def test_strokes_are_blocks_and_the_lowest_half_line_keeps_numbers_apart() -> None:
    for character, glyph in (*GLYPHS.items(), (".", POINT), (".", TIGHT_POINT), ("-", SHORT_MINUS)):
        assert set("".join(glyph)) <= set(" █▀▄▝▘"), f"{character}: a thin line is lost in the last row"
        assert pixels(glyph)[-1].strip() == "", character


@pytest.mark.parametrize("width", [LEAST_BIG, 11, ROOMY_BIG, 16])
def test_a_point_cannot_be_missed(width: int) -> None:
    """Without its column nothing else of the number touches the point, and 2.5 is wider than 25."""
    assert columns_of("2.5", width) > columns_of("25", width)
    rows = pixels(drawn("2.5", width))
    dots = [at for at, ink in enumerate(rows[4]) if ink == "#"]
    begin = width - columns_of("5", width) - (len(POINT[0]) if width >= ROOMY_BIG else len(TIGHT_POINT[0]))
    own = range(begin, width - columns_of("5", width))
    assert all(row[at] == " " for row in rows[:4] for at in own), "it has its columns to itself"
    assert any(at in own for at in dots)
    if width >= ROOMY_BIG:
        assert [rows[4][at] for at in own] == [" ", "#", " "]


@given(FORMATS, VALUES | st.floats(-1, 1), st.booleans())
def test_a_number_has_its_width_and_reads_as_its_text(big: BigFormat, value: float, times: bool) -> None:
    value = value * 10.0**big.number.power if times else value
    lines, words = big.lines(value), big.number.text(value).strip()
    assert [len(line) for line in lines] == [big.width] * LINES
    if big.text(value):
        assert (
            read(lines)
            == big.text(value)
            == ("?" if words == "nan" and big.width < 11 else words.replace("inf", "∞"))
        )
    else:
        assert (lines[0] + lines[2]).strip() == ""
        assert lines[1].strip() == words


@given(LIMITS, st.booleans(), st.booleans())
def test_the_largest_is_drawn_big_in_two_digits_and_more_room_never_costs_one(
    limit: float, signed: bool, whole: bool
) -> None:
    limit = max(float(round(limit)), 10.0) if whole else limit
    formats = [BigFormat.fitting(width, limit, signed=signed, whole=whole) for width in range(LEAST_BIG, 30)]
    texts = [number.text(-limit if signed else limit) for number in formats]
    digits = [len(text.strip("-").replace(".", "").lstrip("0")) for text in texts]
    assert digits == sorted(digits)
    assert digits[0] >= 2


@pytest.mark.parametrize(
    ("width", "limit", "value", "words"),
    [
        (11, 0.9, -0.571, "-.57"), (10, 0.9, -0.571, "-57"), (8, 0.9, -0.571, "-57"),
        (11, 1.05, -0.571, "-.6"),
        (16, 4.0, -3.14159, "-3.14"),
        (12, 4.0, -3.14159, "-3.1"), (11, 4.0, -3.14159, "-3.1"), (10, 4.0, -3.14159, "-31"),
        (12, 4.0, -3.0, "-3.0"), (12, 4.0, 0.016, ".0"), (12, 4.0, -0.016, "-.0"), (10, 63.0, 0.2, "+0"),
        (12, 4.0, -1e30, ""), (11, 1.0, math.nan, "nan"), (10, 1.0, math.nan, "?"),
        (10, 1.0, -math.inf, "-∞"), (10, 1.0, -0.0, "0"), (12, math.inf, 0.5, ".5"),
    ],
)  # fmt: skip
def test_all_numbers_of_a_panel_have_the_same_decimals(
    width: int, limit: float, value: float, words: str
) -> None:
    assert BigFormat.fitting(width, limit).text(value) == words


def test_a_number_stands_at_the_right_of_its_cell() -> None:
    assert drawn("-1", 10) == ("       ▄█ ", "    ▀▀  █ ", "       ▀▀▀")
    assert drawn("-63", 8) == (" █▀▀ ▀▀█", "╸█▀█  ▀█", " ▀▀▀ ▀▀▀")


def test_a_sign_is_a_stroke_wherever_it_has_a_column() -> None:
    """Half a column from afar is a point, and -2 would be .2."""
    assert drawn("-63", 9) == ("  █▀▀ ▀▀█", "▀ █▀█  ▀█", "  ▀▀▀ ▀▀▀")
    assert drawn("-3", 8) == ("     ▀▀█", "  ▀▀  ▀█", "     ▀▀▀")
    assert all("╸" not in "".join(drawn(f"-{digit}", LEAST_BIG)) for digit in range(10))


def test_a_number_that_is_too_large_says_so() -> None:
    assert BigFormat.fitting(10, 4.0, power=0).lines(-123.0) == (" " * 10, "        <<", " " * 10)
