from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.scale import SHADES, STEPS, Scale, contrast, round_limit

limits = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
scales = st.builds(Scale, limits, st.booleans())
THEMES = [pytest.param(True, id="dark"), pytest.param(False, id="light")]
BLACK = "#000000"


def every_look() -> list[float]:
    """One value for each bucket of a scale that ends at 1, then NaN and the infinities."""
    steps = [math.copysign((step / STEPS) ** 2 * 0.999, step) for step in range(-STEPS, STEPS + 1)]
    return [*steps, math.nan, math.inf, -math.inf]


def test_every_bucket_is_reached() -> None:
    scale = Scale(1.0)
    assert [scale.bucket(value) for value in every_look()[:-3]] == list(range(-STEPS, STEPS + 1))


@given(scales, st.floats())
def test_the_scale_is_symmetric(scale: Scale, value: float) -> None:
    assert scale.bucket(-value) == -scale.bucket(value)
    assert scale.shade(-value) == scale.shade(value)
    assert scale.mark(-value) == scale.mark(value)


@given(scales, st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_buckets_and_shades_grow_with_the_value(scale: Scale, first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert -STEPS <= scale.bucket(low) <= scale.bucket(high) <= STEPS
    less, more = sorted((abs(first), abs(second)))
    assert SHADES.index(scale.shade(less)) <= SHADES.index(scale.shade(more))


@given(limits)
def test_the_limit_is_saturated_and_not_clipped(limit: float) -> None:
    scale = Scale(limit)
    assert scale.bucket(limit) == STEPS
    assert scale.bucket(-math.inf) == -STEPS
    assert scale.bucket(0.0) == scale.bucket(math.nan) == 0
    assert scale.mark(limit) == ""


def test_only_the_negligible_looks_like_zero() -> None:
    assert Scale(1.0).bucket(0.001) == 1
    assert Scale(1.0).bucket(0.0009) == 0
    assert Scale(1.0).bucket(-5e-324) == 0


def test_marks_speak_for_what_colour_cannot_say() -> None:
    scale = Scale(2.0)
    marks = {value: scale.mark(value) for value in (0.0, 2.0, 2.05, 2.2, -3.0, math.inf, -math.inf)}
    assert list(marks.values()) == ["", "", "", "!", "!", "∞", "∞"]
    assert scale.mark(math.nan) == "?"


@pytest.mark.parametrize("dark", THEMES)
def test_text_is_readable_on_every_colour(dark: bool) -> None:
    scale = Scale(1.0, dark)
    for value in every_look():
        assert contrast(scale.foreground(value), scale.background(value)) >= 4.5


@pytest.mark.parametrize("dark", THEMES)
def test_every_look_has_a_colour_of_its_own(dark: bool) -> None:
    scale = Scale(1.0, dark)
    assert len({scale.background(value) for value in every_look()}) == 2 * STEPS + 1 + 3


@pytest.mark.parametrize("dark", THEMES)
def test_both_signs_leave_the_background_equally_fast(dark: bool) -> None:
    scale = Scale(1.0, dark)
    looks = every_look()[STEPS : 2 * STEPS + 1]
    rising = [contrast(scale.background(value), BLACK) for value in looks]
    assert rising == sorted(rising, reverse=not dark)
    for value in looks:
        assert contrast(scale.background(value), scale.background(-value)) < 1.08


def test_zero_is_near_the_background_of_its_theme() -> None:
    assert contrast(Scale(1.0, dark=True).background(0.0), BLACK) < 1.3
    assert contrast(Scale(1.0, dark=False).background(0.0), "#ffffff") < 1.3


def test_the_colours_are_blue_below_zero_and_orange_above() -> None:
    for dark in (True, False):
        red, _, blue = bytes.fromhex(Scale(1.0, dark).background(-1.0)[1:])
        assert blue > 2 * red
        red, _, blue = bytes.fromhex(Scale(1.0, dark).background(1.0)[1:])
        assert red > 2 * blue


@given(st.floats(allow_nan=False, allow_infinity=False).filter(bool))
def test_a_rounded_limit_holds_the_magnitude_and_stays_put(magnitude: float) -> None:
    limit = round_limit(magnitude)
    assert abs(magnitude) <= limit
    assert limit / 2 <= abs(magnitude)
    assert round_limit(limit) == limit
    assert Scale(limit).mark(magnitude) == ""


@pytest.mark.parametrize("magnitude", [0.0, -0.0, math.nan, math.inf, -math.inf])
def test_a_limit_that_says_nothing_becomes_one(magnitude: float) -> None:
    assert round_limit(magnitude) == 1.0


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_limit_is_refused_in_words(limit: float) -> None:
    with pytest.raises(ValueError, match="use round_limit"):
        Scale(limit)
