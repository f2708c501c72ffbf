from __future__ import annotations

import math
import re
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.view.numbers.factor import common_power
from convstep.view.numbers.text import CellFormat, full, short

any_float = st.floats() | st.sampled_from(
    [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e308, 9.996, -9.996, 0.9996, 0.05, 0.5]
)
readable_float = any_float | st.floats(-1000, 1000) | st.floats(-1, 1)
widths = st.integers(3, 12)
formats = st.builds(CellFormat.fitting, widths, readable_float) | st.builds(
    CellFormat, widths, st.integers(0, 14)
)
NUMERAL = re.compile(r"-?(\d+\.?\d*|\.\d+)(e-?\d+)?")


def last_place(text: str) -> Decimal:
    exponent = Decimal(text).as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(10) ** exponent


@given(formats, readable_float)
def test_every_cell_has_exactly_its_width(cell: CellFormat, value: float) -> None:
    assert len(cell.text(value)) == cell.width


@given(formats, readable_float)
def test_the_sign_is_never_lost(cell: CellFormat, value: float) -> None:
    text = cell.text(value).strip()
    assert text.startswith(("-", "<")) == (value < 0)


@given(formats, readable_float)
def test_zero_is_zero_and_nothing_else_is(cell: CellFormat, value: float) -> None:
    text = cell.text(value).strip()
    assert (not text.strip("-.0")) == (value == 0)
    if value == 0:
        assert text == "0"


@given(formats, readable_float)
@example(CellFormat(6, 2), 9.996)
@example(CellFormat(3, 0), 999.7)
def test_a_numeral_is_within_one_unit_of_its_last_place(cell: CellFormat, value: float) -> None:
    text = cell.text(value).strip()
    if NUMERAL.fullmatch(text):
        # Decimal, because 1.7e308 may round to 2e308, which is no float
        assert abs(Decimal(text) - Decimal(value)) < last_place(text)
    else:
        assert text in {"nan", "inf", "-inf", "∞", "-∞", "~0", "-~0", ">>", "<<"}


@given(widths, st.floats(0.1, 1e12), st.floats(-1, 1), st.booleans())
@example(3, 9.96, -1.0, True)
@example(4, 0.96, 1.0, True)
def test_points_are_aligned_up_to_the_limit(width: int, limit: float, part: float, signed: bool) -> None:
    cell = CellFormat.fitting(width, limit, signed=signed)
    if len(f"{-limit if signed else limit:.0f}") > width:
        return  # no fixed-point form holds this limit
    text = cell.text(part * limit if signed else abs(part * limit))
    assert ">" not in text
    assert "<" not in text
    if "." in text and "e" not in text and abs(part * limit) >= 10.0**-cell.decimals:
        assert text.index(".") == width - 1 - cell.decimals


@given(st.integers(5, 12), st.floats(0.1, 90))
def test_both_ends_of_the_limit_keep_all_decimals(width: int, limit: float) -> None:
    cell = CellFormat.fitting(width, limit)
    assert cell.decimals > 0
    for text in (cell.text(limit), cell.text(-limit)):
        if "e" not in text:
            assert len(text.partition(".")[2]) == cell.decimals


@pytest.mark.parametrize(
    ("width", "limit", "value", "expected"),
    [
        (3, 0.5, 0.12, " .1"),
        (3, 0.5, -0.12, "-.1"),
        (4, 0.5, -0.12, "-.12"),
        (5, 0.5, -0.12, "-0.12"),
        (7, 0.5, 0.1234, " 0.1234"),
        (3, 1.0, 1.0, "1.0"),
        (3, 1.0, -1.0, " -1"),
        (3, 14.4, 0.3, " .3"),
        (3, 14.4, -0.533, "-.5"),
        (3, 14.4, 14.4, " 14"),
        (3, 14.4, 0.04, ".04"),
        (3, 14.4, -0.04, "-~0"),
        (4, 144.0, -0.53, " -.5"),
        (4, 144.0, -144.0, "-144"),
        (5, 5000.0, 0.3, "  0.3"),
        (7, 1.2e-4, 1.13e-4, "1.13e-4"),
        (7, 1e-3, -9.4e-4, "-.00094"),
        (7, 1e-3, 9.4e-4, " .00094"),
        (5, 0.9, -0.04, "-0.04"),
        (5, 50.0, -0.04, " -.04"),
        (5, 50.0, -0.9, " -0.9"),
        (5, 0.006, -0.004, "-.004"),
        (4, 0.006, -0.004, " -~0"),
        (5, 0.06, -0.05, "-0.05"),
        (3, 1.0, 10.5, " 10"),
        (3, 1.0, -10.5, "-10"),
        (3, 9.9, 0.3, " .3"),
        (6, 9.9, 9.9996, "10.000"),
        (6, 9.9, -9.9996, "-10.00"),
        (5, 9.9, 1234.5, " 1234"),
        (3, 1.0, 12345.0, "1e4"),
        (3, 1.0, -12345.0, " <<"),
        (3, 1.0, 1e30, " >>"),
        (4, 1.0, 1e30, "1e30"),
        (7, 1.0, -1.234e30, "-1.2e30"),
        (3, 1.0, 1e-30, " ~0"),
        (3, 1.0, -1e-30, "-~0"),
        (5, 1.0, 1e-30, "1e-30"),
        (5, 1.0, -2e-9, "-2e-9"),
        (3, 1.0, math.inf, "  ∞"),
        (3, 1.0, -math.inf, " -∞"),
        (4, 1.0, -math.inf, "-inf"),
        (3, 1.0, math.nan, "nan"),
        (5, 1.0, 0.0, "    0"),
        (5, 1.0, -0.0, "    0"),
    ],
)
def test_cells_read_as_documented(width: int, limit: float, value: float, expected: str) -> None:
    assert CellFormat.fitting(width, limit).text(value) == expected


magnitudes = st.floats(5e-324, 1.7e308)


@given(widths, st.floats(0.1, 1e6), st.floats(-1, 1))
@example(3, 14.4, 0.3 / 14.4)
@example(3, 14.4, -0.533 / 14.4)
@example(3, 9.96, 0.04 / 9.96)
@example(4, 9999.0, -0.5 / 9999.0)
def test_a_digit_is_shown_wherever_one_fits(width: int, limit: float, part: float) -> None:
    value = part * limit
    text = CellFormat.fitting(width, limit).text(value).strip()
    if not 1e-9 < abs(value) < 1:
        return
    places = -int(f"{value:.0e}".split("e")[1])
    shortest = f"{value:.{places}f}".replace("0.", ".", 1)
    if places > 0 and len(shortest) <= width:  # `.3`, `-.04`: a form without leading zero has room
        assert text not in {"~0", "-~0"}
        error = abs(Decimal(text) - Decimal(value))
        assert error <= Decimal("0.0501"), "not as a whole number"


@given(widths, magnitudes, any_float | st.floats(-1, 1))
@example(7, 2e-7, 1e300)
@example(7, 2e30, 5e-324)
@example(5, 5e-324, 5e-324)
def test_a_number_times_the_factor_is_the_number(width: int, limit: float, value: float) -> None:
    power = common_power(limit, width)
    cell = CellFormat.fitting(width, limit, power=power)
    for number in (value, value * limit):
        text = cell.text(number)
        assert len(text) == width
        text = text.strip()
        assert text.startswith(("-", "<")) == (number < 0)
        assert (text == "0") == (number == 0)
        if NUMERAL.fullmatch(text):
            assert "e" not in text or not power, "one exponent, in the title"
            true = Decimal(text).scaleb(power)
            unit = last_place(text).scaleb(power)
            assert abs(true - Decimal(number)) < unit + abs(Decimal(number)) * Decimal("1e-15")
        else:
            assert text in {"nan", "inf", "-inf", "∞", "-∞", "~0", "-~0", ">>", "<<"}


@given(widths, st.floats(1e-300, 1e300), st.floats(0.5, 1))
def test_the_largest_numbers_of_a_table_keep_digits_whatever_their_magnitude(
    width: int, limit: float, part: float
) -> None:
    cell = CellFormat.fitting(width, limit, power=common_power(limit, width))
    for value in (part * limit, -part * limit):
        text = cell.text(value).strip()
        assert len(text.strip("-").replace(".", "").lstrip("0")) >= max(1, min(width - 4, 3)), text


def test_an_unsigned_format_uses_the_column_of_the_sign() -> None:
    assert CellFormat.fitting(3, 0.9, signed=False).text(0.12) == ".12"
    assert CellFormat(3, 2).text(-0.12) == "-.1"


@pytest.mark.parametrize("limit", [0.0, -0.0, math.nan, math.inf, -math.inf, 1e300])
def test_any_limit_gives_a_format(limit: float) -> None:
    assert CellFormat.fitting(6, limit).decimals == 3
    assert CellFormat.fitting(6, 5e-324).text(5e-324) == "5e-324"


def test_numpy_scalars_are_written_like_floats() -> None:
    cell = CellFormat.fitting(6, 1.0)
    assert cell.text(np.float32(0.5)) == cell.text(0.5)


@pytest.mark.parametrize("width", [2, 13])
def test_an_impossible_width_is_refused_in_words(width: int) -> None:
    with pytest.raises(ValueError, match="use 3 to 12"):
        CellFormat.fitting(width, 1.0)
    with pytest.raises(ValueError, match="use 3 to 12"):
        CellFormat(width, 1)
    with pytest.raises(ValueError, match="0 or more"):
        CellFormat(5, -1)


@given(st.floats(width=32))
def test_full_text_of_float32_reads_back_as_the_same_bits(value: float) -> None:
    text = full(value, "float32")
    assert text == full(np.float32(value)) == str(np.float32(value))
    np.testing.assert_equal(np.float32(text), np.float32(value))


@given(st.floats())
def test_full_text_of_float64_reads_back_as_the_same_bits(value: float) -> None:
    np.testing.assert_equal(float(full(value)), value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.3801234, "0.3801"),
        (-12345.6, "-12346"),
        (9.9996, "10"),
        (100.0, "100"),
        (1e-4, "0.0001"),
        (0.00001234, "1.234e-5"),
        (99999.4, "99999"),
        (99999.7, "1e5"),
        (1e30, "1e30"),
        (-1e-30, "-1e-30"),
        (0.0, "0"),
        (-0.0, "-0"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_short_texts_read_as_documented(value: float, expected: str) -> None:
    assert short(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 9))
def test_short_text_keeps_its_digits(value: float, digits: int) -> None:
    exact = Decimal(value)
    assert abs(Decimal(short(value, digits)) - exact) <= abs(exact) * Decimal(10) ** (1 - digits)
