from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.grid.colours import (
    _TABLES,
    READABLE,
    Colours,
    Rgb,
    _linear,
    _oklab,
    contrast,
    contrast_of,
    nearest,
    rgb,
)  # fmt: skip
from convstep.view.numbers.scale import SHADES, STEPS, Scale, round_limit

limits = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
scales = st.builds(Scale, limits, st.booleans())
THEMES = [pytest.param(True, id="dark"), pytest.param(False, id="light")]
FEW = [pytest.param(Colours.TABLE, id="256"), pytest.param(Colours.SIXTEEN, id="16")]
RAMPS = [
    pytest.param(Scale(1.0, dark, colours), id=f"{'dark' if dark else 'light'}-{colours.value}")
    for dark in (True, False)
    for colours in Colours
]
BLACK = "#000000"
BLIND = {
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""From linear red, green and blue to what such eyes see of them."""


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


def shown(scale: Scale, colour: str) -> Rgb:
    """What the terminal makes of a colour; one with 16 is taken to be xterm."""
    if scale.colours is Colours.SIXTEEN:
        return _TABLES[Colours.SIXTEEN][1][nearest(rgb(colour), scale.colours)]
    return rgb(colour)


@pytest.mark.parametrize("scale", RAMPS)
def test_text_is_readable_on_every_colour(scale: Scale) -> None:
    for value in every_look():
        ink, ground = shown(scale, scale.foreground(value)), shown(scale, scale.background(value))
        assert contrast_of(ink, ground) >= READABLE


@pytest.mark.parametrize("colours", FEW)
@pytest.mark.parametrize("dark", THEMES)
def test_where_colours_are_few_only_those_are_asked_for(dark: bool, colours: Colours) -> None:
    scale, table = Scale(1.0, dark, colours), _TABLES[colours][0]
    for value in every_look():
        assert table[nearest(rgb(scale.background(value)), colours, ground=True)] == rgb(
            scale.background(value)
        )
        assert table[nearest(rgb(scale.foreground(value)), colours)] == rgb(scale.foreground(value))


@pytest.mark.parametrize("scale", RAMPS)
def test_both_signs_get_farther_from_the_background_step_by_step(scale: Scale) -> None:
    most = {Colours.ALL: 9, Colours.TABLE: 7, Colours.SIXTEEN: 3}
    for sign in (1, -1):
        values = [sign * value for value in every_look()[STEPS : 2 * STEPS + 1]]
        rising = [contrast_of(shown(scale, scale.background(value)), (0, 0, 0)) for value in values]
        assert rising == sorted(rising, reverse=not scale.dark)
        assert len(set(rising)) == most[scale.colours]


@pytest.mark.parametrize("scale", RAMPS)
@pytest.mark.parametrize("eyes", BLIND)
def test_signs_are_told_apart_by_every_eye(scale: Scale, eyes: str) -> None:
    """Source: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color
    Vision Deficiency", 2009, at full severity."""
    for step in range(1, STEPS + 1):
        value = (step / STEPS) ** 2 * 0.999
        light = [_linear(np.array(rgb(scale.background(sign * value)))) for sign in (1, -1)]
        seen = np.clip(light @ BLIND[eyes].T, 0, 1)
        places = _oklab(255 * np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055))
        assert np.linalg.norm(places[0] - places[1]) > 0.05, step


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


@pytest.mark.parametrize("dark", THEMES)
def test_the_colours_are_blue_below_zero_and_orange_above(dark: bool) -> None:
    for colours in (Colours.ALL, Colours.TABLE):
        scale = Scale(1.0, dark, colours)
        red, _, blue = rgb(scale.background(-1.0))
        assert blue > 1.5 * red
        red, _, blue = rgb(scale.background(1.0))
        assert red > 2 * blue
        for value in every_look()[STEPS + 1 : 2 * STEPS + 1]:
            red, green, blue = rgb(scale.background(-value))
            assert blue > green >= red, "nowhere purple"
            red, green, blue = rgb(scale.background(value))
            assert red > green >= blue, "nowhere olive or pink"


@pytest.mark.parametrize("dark", THEMES)
def test_in_the_table_both_signs_are_about_as_light(dark: bool) -> None:
    scale = Scale(1.0, dark, Colours.TABLE)
    for value in every_look()[STEPS + 1 : 2 * STEPS + 1]:
        assert contrast(scale.background(value), scale.background(-value)) < 1.25


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
