from __future__ import annotations

import numpy as np
import pytest

from convstep.export.shapes import arc, drawn
from convstep.export.svg import rectangles

SIZES = [(16, 32), (9, 18), (12, 24)]
ARMS = {"─": "lr", "│": "ud", "┌": "dr", "┐": "dl", "└": "ur", "┘": "ul", "┼": "lrud", "├": "udr", "╮": "dl"}


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_lines_meet_at_the_same_pixels_of_every_edge(width: int, height: int) -> None:
    for family in ("─│┌┐└┘┼├╮", "━┃┏┓┗┛╋┣", "═║╔╗╚╝╬╠"):
        across, upright = drawn(family[0], width, height), drawn(family[1], width, height)
        assert across is not None
        assert upright is not None
        for character, arms in zip(family, ARMS.values(), strict=False):
            mask = drawn(character, width, height)
            assert mask is not None
            edges = {"l": mask[:, 0], "r": mask[:, -1], "u": mask[0], "d": mask[-1]}
            for arm, edge in edges.items():
                line = across[:, 0] if arm in "lr" else upright[0]
                assert (edge == (line if arm in arms else 0)).all(), (character, arm)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_line_crosses_its_cell_without_a_gap(width: int, height: int) -> None:
    for character in "─━┼╋├╪╫":
        mask = drawn(character, width, height)
        assert mask is not None
        if character != "╪":
            assert mask.any(axis=1).all() or character in "─━"
        if character in "─━┼╋╪╫":
            assert mask.any(axis=0).all()


def test_a_light_and_a_heavy_line_share_an_axis() -> None:
    for width, height in SIZES:
        for light, heavy in ("─━", "│┃"):
            one, other = drawn(light, width, height), drawn(heavy, width, height)
            assert one is not None
            assert other is not None
            assert np.argwhere(one).mean(axis=0).tolist() == np.argwhere(other).mean(axis=0).tolist()
            assert other.sum() > one.sum()


def test_every_box_and_block_character_is_drawn_but_the_slanted_ones() -> None:
    for code in range(0x2500, 0x25A0):
        mask = drawn(chr(code), 16, 32)
        if chr(code) in "╱╲╳":
            assert mask is None
        else:
            assert mask is not None
            assert mask.shape == (32, 16)
            assert mask.any(), chr(code)
    assert drawn("a", 16, 32) is None


def test_blocks_fill_their_share() -> None:
    shares = {"█": 1, "▀": 0.5, "▄": 0.5, "▌": 0.5, "▐": 0.5, "▁": 0.125, "▇": 0.875, "▎": 0.25, "▙": 0.75}
    for character, share in shares.items():
        mask = drawn(character, 16, 32)
        assert mask is not None
        assert mask.mean() == 255 * share, character
    levels = [drawn(character, 9, 18) for character in "░▒▓█"]
    assert [mask.min() for mask in levels if mask is not None] == [64, 128, 191, 255]


def test_a_mask_is_made_of_its_rectangles() -> None:
    for character in "┼╬▚━┄":
        mask = drawn(character, 12, 24)
        assert mask is not None
        again = np.zeros_like(mask)
        for x, y, width, height in rectangles(mask):
            assert not again[y : y + height, x : x + width].any()
            again[y : y + height, x : x + width] = 255
        assert (again == mask).all()


def test_only_rounded_corners_are_arcs() -> None:
    assert [arc(character) for character in "╭╮╯╰─┐"] == [
        ("down", "right"),
        ("down", "left"),
        ("up", "left"),
        ("up", "right"),
        None,
        None,
    ]
