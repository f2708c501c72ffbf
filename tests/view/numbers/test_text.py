from __future__ import annotations

import math
import re
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.view.numbers.factor import common_power, factor_text
from convstep.view.numbers.text import CellFormat, full, short

any_float = st.floats() | st.sampled_from(
    [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e308, 9.996, -9.996, 0.9996, 0.05, 0.5]
)
readable_float = any_float | st.floats(-1000, 1000) | st.floats(-1, 1)
widths = st.integers(3, 12)
magnitudes = st.floats(5e-324, 1.7e308) | st.floats(1e-12, 1e12) | st.floats(0.05, 1500)
MARKS = {"nan", "inf", "-inf", "∞", "-∞", ">>", "<<"}


def in_unit(width: int, limit: float, whole: bool = False, signed: bool = True) -> CellFormat:
    """The format of a table, in the unit that its title names."""
    power = common_power(limit, width, whole=whole, signed=signed)
    return CellFormat.fitting(width, limit, whole=whole, signed=signed, power=power)


formats = (
    st.builds(in_unit, widths, magnitudes, st.booleans())
    | st.builds(CellFormat.fitting, widths, readable_float)
    | st.builds(CellFormat, widths, st.integers(0, 14))
)


def significant(text: str) -> int:
    """The digits of a number from the first that is not zero."""
    return len(text.strip(" -").replace(".", "").lstrip("0"))


@given(formats, readable_float, st.booleans())
@example(CellFormat(6, 2), 9.996, False)
@example(CellFormat(3, 0), 999.7, False)
@example(CellFormat(7, 3, power=30), 5e-324, False)
@example(CellFormat(7, 3, power=-300), 1e300, False)
def test_a_cell_is_a_number_with_the_decimals_of_all_or_a_mark(
    cell: CellFormat, value: float, times: bool
) -> None:
    number = value * 10.0**cell.power if times else value
    text = cell.text(number)
    assert len(text) == cell.width
    text = text.strip()
    assert (text == "0") == (number == 0), "0 is exactly zero and nothing else"
    assert text.startswith(("-", "<")) == (number < 0), "the sign is never lost"
    if number == 0 or text in MARKS:
        assert number == 0 or text not in (">>", "<<") or math.isfinite(number)
        return
    assert re.fullmatch(r"[-+]?\d*\.?\d*", text), "no exponent of its own"
    assert len(text.partition(".")[2]) == cell.decimals
    true, unit = Decimal(text).scaleb(cell.power), Decimal(10) ** (cell.power - cell.decimals)
    # Decimal, because a float may be as large as 1.7e308; the quotient is rounded to a float
    assert abs(true - Decimal(number)) <= unit / 2 + abs(Decimal(number)) * Decimal("1e-15")


@given(widths, magnitudes, st.lists(st.floats(-1, 1)), st.booleans(), st.booleans())
@example(3, 9.96, [-1.0], False, True)
@example(4, 0.96, [1.0], False, True)
@example(4, 9.5, [-1.0, -0.0049], False, True)
@example(3, 255.0, [1.0, 0.5], True, False)
def test_a_table_holds_every_number_up_to_its_limit_and_points_line_up(
    width: int, limit: float, parts: list[float], whole: bool, signed: bool
) -> None:
    limit = max(float(round(min(limit, 1e300))), 1.0) if whole else limit
    cell = in_unit(width, limit, whole, signed)
    for part in [1.0, -1.0, *parts]:
        value = round(part * limit) if whole else part * limit
        text = cell.text(value if signed else abs(value))
        assert text.strip() not in MARKS
        if cell.decimals and value:
            assert text.index(".") == width - 1 - cell.decimals


@given(magnitudes, st.booleans(), st.booleans())
@example(99.7, False, True)
@example(9999.6, False, True)
@example(1.25e4, True, True)
def test_two_digits_of_the_largest_are_always_written_and_more_room_never_costs_one(
    limit: float, whole: bool, signed: bool
) -> None:
    limit = max(float(round(min(limit, 1e300))), 1.0) if whole else limit
    for sign in (1, -1) if signed else (1,):
        digits = [
            significant(in_unit(width, limit, whole, signed).text(sign * limit)) for width in range(3, 13)
        ]
        assert digits == sorted(digits)
        assert digits[0] >= (2 if not whole or limit > 9 else 1)
        assert digits[-1] >= (9 if not whole else min(len(f"{limit:.0f}"), 6))


@pytest.mark.parametrize(
    ("width", "limit", "texts"),
    [
        (3, 6.33, "-63 ×0.1"), (4, 6.33, "-6.3"), (5, 6.33, "-6.33"), (7, 6.33, "-6.3300"),
        (3, 0.571, "-57 ×0.01"), (4, 0.571, "-.57"), (5, 0.571, "-.571"), (6, 0.571, "-0.571"),
        (3, 3.4e-7, "-34 ×1e-8"), (4, 3.4e-7, "-340 ×1e-9"), (5, 3.4e-7, "-3.40 ×1e-7"),
        (3, 63.3, "-63"), (4, 63.3, "-63"), (5, 63.3, "-63.3"), (3, 630.0, "-63 ×10"), (4, 630.0, "-630"),
        (4, 1.05, "-105 ×0.01"), (4, 0.12, "-120 ×1e-3"), (5, 1.05, "-1.05"),
        (4, 2048.0, "-205 ×10"), (5, 2048.0, "-2048"), (6, 12345.0, "-1.234 ×1e4"),
    ],
)  # fmt: skip
def test_numbers_have_a_factor_where_they_say_too_little_without_one(
    width: int, limit: float, texts: str
) -> None:
    cell = in_unit(width, limit)
    assert f"{cell.text(-limit).strip()} {factor_text(cell.power)}".strip() == texts


@pytest.mark.parametrize(
    ("width", "limit", "value", "expected"),
    [
        (3, 14.4, 0.3, " +0"), (3, 14.4, -0.3, " -0"), (3, 14.4, 14.4, " 14"), (3, 14.4, 0.0, "  0"),
        (4, 6.3, 0.04, "  .0"), (4, 6.3, -0.04, " -.0"), (4, 6.3, 0.5, "  .5"), (4, 6.3, 10.04, "10.0"),
        (4, 6.3, -10.04, "  <<"), (4, 6.3, 1e30, "  >>"), (5, 6.3, 1e-30, " 0.00"), (5, 6.3, -1e-30, "-0.00"),
        (5, 0.9, -0.04, "-.040"), (6, 0.9, -0.04, "-0.040"), (3, 0.9, 0.04, " .0"),
        (6, 9.9, 9.9996, "10.000"), (6, 9.9, -9.9996, "    <<"), (3, 1.0, math.inf, "  ∞"),
        (3, 1.0, -math.inf, " -∞"), (4, 1.0, -math.inf, "-inf"), (3, 1.0, math.nan, "nan"),
        (5, 1.0, 0.0, "    0"), (5, 1.0, -0.0, "    0"),
    ],
)  # fmt: skip
def test_cells_read_as_documented(width: int, limit: float, value: float, expected: str) -> None:
    assert CellFormat.fitting(width, limit).text(value) == expected


def test_without_numbers_below_zero_the_column_of_the_sign_is_for_a_digit() -> None:
    assert CellFormat.fitting(3, 1.0, signed=False).text(0.72) == " .7"
    assert CellFormat.fitting(3, 0.9, signed=False).text(0.12) == ".12"
    assert (in_unit(3, 255.0, whole=True, signed=False).text(255), common_power(1.0, 3, signed=False)) == (
        "255",
        0,
    )


@pytest.mark.parametrize("limit", [0.0, -0.0, math.nan, math.inf, -math.inf, 1e300])
def test_any_limit_gives_a_format(limit: float) -> None:
    assert CellFormat.fitting(6, limit).text(0.25) == " 0.250"


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
