from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.numbers.factor import common_power, factor_text, scaled
from convstep.view.numbers.text import CellFormat

magnitudes = st.floats(5e-324, 1.7e308)
widths = st.integers(3, 12)


@given(magnitudes, widths, st.booleans())
def test_numbers_with_a_factor_begin_before_the_point(limit: float, width: int, whole: bool) -> None:
    power = common_power(limit, width, whole=whole)
    if power:
        assert 1 <= scaled(limit, power) < 1000.0001
        assert factor_text(power) == f"×1e{power}"
    else:
        assert factor_text(power) == ""
        assert limit <= (1e6 if whole else 1e4)
        assert whole or limit >= 0.1


@pytest.mark.parametrize("limit", [0.0, math.nan, math.inf, -math.inf, 1.0, -2048.0, 1e4])
@pytest.mark.parametrize("width", [3, 5, 12])
def test_what_has_no_magnitude_or_an_ordinary_one_has_no_factor(limit: float, width: int) -> None:
    assert common_power(limit, width) == 0


@pytest.mark.parametrize("limit", [0.5, 0.125, 0.03125, 1e-7])
@pytest.mark.parametrize(("width", "share"), [(3, 150), (4, 1500), (5, 1500), (6, 800), (7, 1500)])
def test_sums_far_below_their_limit_keep_a_digit_on_both_sides_of_zero(
    limit: float, width: int, share: int
) -> None:
    cell = CellFormat.fitting(width, 0.9 * limit, power=common_power(limit, width))
    for value in (limit / share, -limit / share):
        text = cell.text(value).strip()
        assert "~" not in text
        assert len(text.strip("-").replace(".", "").lstrip("0")) >= 1
    shown = [cell.text(sign * limit / 30).strip().strip("-") for sign in (1, -1)]
    # a minus beside two whole digits may leave no room for the decimal
    assert float(shown[0]) == pytest.approx(float(shown[1]), rel=0.5)
    assert width < 6 or shown[0] == shown[1]


@given(magnitudes, st.integers(-324, 308))
def test_scaling_divides_by_the_power_of_ten(value: float, power: int) -> None:
    found = scaled(value, power)
    expected = math.log10(value) - power
    if -300 < expected < 308:
        assert math.log10(found) == pytest.approx(expected, abs=1e-9 if value > 1e-300 else 1)
