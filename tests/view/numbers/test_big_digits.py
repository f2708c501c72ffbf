from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.view.numbers.big_digits import (
    DIGIT,
    GLYPHS,
    LEAST_BIG,
    LINES,
    POINT,
    ROOMY_BIG,
    TIGHT_POINT,
    BigFormat,
    columns_of,
    drawn,
    small,
)
from tests.view.random_panels import VALUES

FORMATS = st.builds(BigFormat.fitting, st.integers(LEAST_BIG, 24), st.floats(1e-30, 1e30))


def read(lines: tuple[str, ...]) -> str:
    """A big text as people read it: glyph by glyph from the right, a column apart but for the point."""
    glyphs = {**GLYPHS, ".": POINT if len(lines[0]) >= ROOMY_BIG else TIGHT_POINT}
    found, rest = "", list(lines)
    while any(line.strip() for line in rest):
        for character, glyph in sorted(glyphs.items(), key=lambda item: -len(item[1][0])):
            gap = " " if found and "." not in (character, found[0]) else ""
            width = len(glyph[0]) + len(gap)
            if [line[-width:] for line in rest] == [part + gap for part in glyph]:
                found, rest = character + found, [line[:-width] for line in rest]
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
    glyphs = {**GLYPHS, ".": POINT, "tight point": TIGHT_POINT}
    for character, glyph in glyphs.items():
        assert len(glyph) == LINES, character
        assert len({len(line) for line in glyph}) == 1, character
    assert len(set(glyphs.values())) == len(glyphs)
    assert all(len(GLYPHS[digit][0]) + 1 == DIGIT for digit in "0123456789"), "points line up"


def test_strokes_are_blocks_and_the_lowest_half_line_keeps_numbers_apart() -> None:
    for character, glyph in (*GLYPHS.items(), (".", POINT), (".", TIGHT_POINT)):
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


@given(FORMATS, VALUES)
def test_a_number_has_its_width_and_reads_as_its_text(number: BigFormat, value: float) -> None:
    lines = number.lines(value)
    assert [len(line) for line in lines] == [number.width] * LINES
    words = number.text(value)
    if words:
        assert read(lines) == words
    else:
        assert (lines[0] + lines[2]).strip() == ""
        assert lines[1].strip() == small(value, number.width)


@given(FORMATS, VALUES)
@example(BigFormat.fitting(19, 1.0), 1.5e308)  # `2e308` is a number, though no float64
def test_the_sign_is_never_shed_and_only_zero_looks_like_zero(number: BigFormat, value: float) -> None:
    words = number.text(value) or small(value, number.width)
    assert (words.startswith("-") or words == "<<") == (value < 0)
    assert (words == "0") == (value == 0)
    if number.text(value) and value == value and math.isfinite(value) and "~" not in words:
        power = int(words.partition("e")[2]) if "e" in words else -len(words.partition(".")[2])
        assert abs(Decimal(words) - Decimal(value)) <= Decimal("0.5001") * Decimal(10) ** power


@pytest.mark.parametrize(
    ("width", "limit", "value", "words"),
    [
        (12, 0.9, -0.571, "-.57"), (11, 0.9, -0.571, "-.57"), (8, 1.0, -0.571, "-.6"),
        (16, 4.0, -3.14159, "-3.14"), (12, 4.0, -3.14159, "-3.1"), (11, 4.0, -3.14159, "-3.1"),
        (8, 8.0, 1.25, "1.2"), (8, 16.0, 12.5, "12"), (8, 8.0, 0.3, ".3"), (8, 16.0, -12.0, ""),
        (10, 16.0, -12.0, "-12"), (12, 0.9, 0.9999, "1.0"), (12, 0.9, 1.0, "1"), (12, 4.0, -3.0, "-3"),
        (11, 1.0, -1e-9, "-~0"), (8, 1.0, 1e-9, "~0"), (12, 8.0, -0.016, "-.02"),
        (8, 8.0, -0.016, ""), (14, 8.0, 0.004, ".004"), (17, 8.0, -4e-5, "-4e-5"), (14, 1.0, 1e-9, "1e-9"),
        (14, 4.0, -1e30, ""),
        (16, 4.0, -12345.6, "-1e4"), (11, 1.0, math.nan, "nan"), (8, 1.0, math.nan, "?"),
        (8, 1.0, -math.inf, "-∞"), (8, 1.0, -0.0, "0"), (8, math.inf, 0.5, ".5"),
    ],
)  # fmt: skip
def test_decimals_are_shed_for_room(width: int, limit: float, value: float, words: str) -> None:
    assert BigFormat.fitting(width, limit).text(value) == words


def test_a_number_stands_at_the_right_of_its_cell() -> None:
    assert drawn("-1", 8) == ("     ▄█ ", "  ▀▀  █ ", "     ▀▀▀")
    assert BigFormat(8, 1).lines(-123.0) == ("        ", "-123.000", "        ")
