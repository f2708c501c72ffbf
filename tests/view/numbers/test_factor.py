from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.numbers.factor import common_power, factor_text, fits, scaled

magnitudes = st.floats(5e-324, 1.7e308)
widths = st.integers(3, 12)


@given(magnitudes, widths, st.booleans(), st.booleans())
def test_numbers_with_a_factor_begin_before_the_point_and_fit(
    limit: float, width: int, whole: bool, signed: bool
) -> None:
    power = common_power(limit, width, whole=whole, signed=signed)
    assert fits(limit, width, power, signed=signed)
    if power:
        assert scaled(limit, power) * 1.0000001 >= 1
    else:
        assert limit <= (1e6 if whole else 1e4)
        assert whole or limit >= 0.1


@pytest.mark.parametrize("limit", [0.0, math.nan, math.inf, -math.inf, 0.1, 1.0, 6.33, -2048.0, 1e4])
@pytest.mark.parametrize("width", [6, 7, 12])
def test_what_has_no_magnitude_or_an_ordinary_one_has_no_factor(limit: float, width: int) -> None:
    assert common_power(limit, width) == 0


@given(st.integers(-330, 310))
def test_a_factor_reads_as_its_power_of_ten(power: int) -> None:
    assert power == 0 or Decimal(factor_text(power).removeprefix("×")) == Decimal(10) ** power


@given(magnitudes, st.integers(-324, 308))
def test_scaling_divides_by_the_power_of_ten(value: float, power: int) -> None:
    found = scaled(value, power)
    expected = math.log10(value) - power
    if -300 < expected < 308:
        assert math.log10(found) == pytest.approx(expected, abs=1e-9 if value > 1e-300 else 1)
