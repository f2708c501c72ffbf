from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.factor import common_power, factor_text, scaled

magnitudes = st.floats(5e-324, 1.7e308)


@given(magnitudes, st.booleans())
def test_numbers_with_a_factor_begin_before_the_point(limit: float, whole: bool) -> None:
    power = common_power(limit, whole=whole)
    if power:
        assert 1 <= scaled(limit, power) < 10.000001
        assert factor_text(power) == f"×1e{power}"
    else:
        assert factor_text(power) == ""
        assert limit <= (1e6 if whole else 1e4)
        assert whole or limit >= 0.1


@pytest.mark.parametrize("limit", [0.0, math.nan, math.inf, -math.inf, 0.1, 1.0, -2048.0, 1e4])
def test_what_has_no_magnitude_or_an_ordinary_one_has_no_factor(limit: float) -> None:
    assert common_power(limit) == 0


@given(magnitudes, st.integers(-324, 308))
def test_scaling_divides_by_the_power_of_ten(value: float, power: int) -> None:
    found = scaled(value, power)
    expected = math.log10(value) - power
    if -300 < expected < 308:
        assert math.log10(found) == pytest.approx(expected, abs=1e-9 if value > 1e-300 else 1)
