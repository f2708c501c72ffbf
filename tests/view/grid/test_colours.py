from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.view.grid.colours import (
    _TABLES,
    READABLE,
    Colours,
    contrast,
    contrast_of,
    nearest,
    nearest_pair,
    readable,
)

parts = st.integers(0, 255)
colours = st.tuples(parts, parts, parts)
FEW = [pytest.param(Colours.TABLE, id="256"), pytest.param(Colours.SIXTEEN, id="16")]


def test_contrast_goes_from_equal_to_black_on_white() -> None:
    assert contrast("#808080", "#808080") == 1
    assert round(contrast("#000000", "#ffffff"), 6) == round(contrast("#ffffff", "#000000"), 6) == 21


@given(colours, colours)
def test_any_ink_becomes_readable_on_any_ground_and_a_readable_one_stays(
    ink: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    assert contrast_of(readable(ink, ground), ground) >= READABLE
    if contrast_of(ink, ground) >= READABLE:
        assert readable(ink, ground) == ink


@given(colours, colours, st.sampled_from([READABLE, 3.0, 1.0]))
@example((0, 0, 0), (101, 115, 19), READABLE)
def test_no_contrast_is_lost_that_few_colours_can_give(
    ink: tuple[int, int, int], ground: tuple[int, int, int], least: float
) -> None:
    for few in (Colours.TABLE, Colours.SIXTEEN):
        on, below = nearest_pair(ink, ground, few, least)
        tables = _TABLES[few]
        if tables[0][below] == ground:
            continue

        def kept(number: int, below: int = below, tables: Any = tables) -> float:
            return min(contrast_of(table[number], table[below]) for table in tables)

        # terminals disagree on 16 colours: black on their yellow is 4.0 on the brown of one of them
        most = max(map(kept, tables[0]))
        assert kept(on) >= min(contrast_of(ink, ground), least, most)


@pytest.mark.parametrize("few", FEW)
def test_what_a_table_has_is_its_own_nearest(few: Colours) -> None:
    table = _TABLES[few][0]
    for held in table.values():
        assert table[nearest(held, few)] == held


@given(parts)
def test_greys_stay_grey(level: int) -> None:
    for few in (Colours.TABLE, Colours.SIXTEEN):
        red, green, blue = _TABLES[few][0][nearest((level, level, level), few)]
        assert red == green == blue


def test_tints_that_a_table_has_only_stronger_become_greys_and_hues_stay() -> None:
    table = _TABLES[Colours.TABLE][0]
    asked = {
        "slate of the header": (0x24, 0x2F, 0x38),
        "sand": (0xFD, 0xF6, 0xE3),
        "petrol": (0x00, 0x2B, 0x36),
        "orange": (0xFE, 0xA6, 0x2B),
        "dark green": (0x2C, 0x6B, 0x16),
    }
    got = {name: table[nearest(colour, Colours.TABLE)] for name, colour in asked.items()}
    assert got == {
        "slate of the header": (48, 48, 48),
        "sand": (238, 238, 238),
        "petrol": (38, 38, 38),
        "orange": (255, 175, 0),
        "dark green": (0, 95, 0),
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("truecolor", Colours.ALL),
        ("256", Colours.TABLE),
        ("standard", Colours.SIXTEEN),
        ("windows", Colours.SIXTEEN),
        (None, Colours.ALL),
    ],
)
def test_the_terminal_s_colours_go_by_rich_s_names(name: str | None, expected: Colours) -> None:
    assert Colours.of(name) is expected
