from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.big import GLYPHS, LEAST_BIG, LINES, BigFormat, columns_of, drawn, small
from tests.view.panels import VALUES

FORMATS = st.builds(BigFormat.fitting, st.integers(LEAST_BIG, 24), st.floats(1e-30, 1e30))


def read(lines: tuple[str, ...]) -> str:
    """A big text as people read it: glyph by glyph from the right."""
    found, rest = "", [line.rstrip("\n") for line in lines]
    while any(line.strip() for line in rest):
        for character, glyph in sorted(GLYPHS.items(), key=lambda item: -len(item[1][0])):
            width = len(glyph[0])
            if tuple(line[-width:] for line in rest) == glyph:
                found, rest = character + found, [line[:-width] for line in rest]
                break
        else:
            raise AssertionError("\n".join(rest))
    return found


def test_every_glyph_is_three_lines_of_one_width_and_like_no_other() -> None:
    for character, glyph in GLYPHS.items():
        assert len(glyph) == LINES, character
        assert len({len(line) for line in glyph}) == 1, character
    assert len(set(GLYPHS.values())) == len(GLYPHS)
    assert all(columns_of(digit) == 3 for digit in "0123456789"), "points line up"


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
def test_the_sign_is_never_shed_and_only_zero_looks_like_zero(number: BigFormat, value: float) -> None:
    words = number.text(value) or small(value, number.width)
    assert (words.startswith("-") or words == "<<") == (value < 0)
    assert (words == "0") == (value == 0)
    if number.text(value) and value == value and math.isfinite(value) and "~" not in words:
        decimals = len(words.partition(".")[2])
        assert abs(float(words) - value) <= 0.5001 * 10.0**-decimals


@pytest.mark.parametrize(
    ("width", "limit", "value", "words"),
    [
        (9, 0.9, -0.571, "-.57"), (6, 1.0, -0.571, "-.6"), (12, 4.0, -3.14159, "-3.14"), (6, 8.0, 1.25, "1"),
        (6, 8.0, 0.3, ".3"), (6, 16.0, -12.0, ""), (9, 16.0, -12.0, "-12"), (9, 0.9, 0.9999, "1.0"),
        (9, 0.9, 1.0, "1"), (12, 4.0, -3.0, "-3"),
        (6, 1.0, -1e-9, "-~0"), (6, 1.0, 1e-9, "~0"), (9, 1.0, math.nan, "nan"), (6, 1.0, -math.inf, "-∞"),
        (6, 1.0, -0.0, "0"), (6, math.inf, 0.5, ".5"),
    ],
)  # fmt: skip
def test_decimals_are_shed_for_room(width: int, limit: float, value: float, words: str) -> None:
    assert BigFormat.fitting(width, limit).text(value) == words


def test_a_number_stands_at_the_right_of_its_cell() -> None:
    assert drawn("-1", 8) == ("     ╶╮ ", "   ╺╸ │ ", "     ╶┴╴")
    assert BigFormat(6, 1).lines(math.nan) == ("      ", "   nan", "      ")
