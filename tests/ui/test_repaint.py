"""Partial repaints: whatever the keys were, the terminal shows what a fresh painting would show."""

from __future__ import annotations

import random

import numpy as np
import pytest

from convstep.conv.problem import Problem
from tests.ui.driving import Session, opened

SIZES = ((60, 16), (80, 24), (120, 40), (200, 50))
EXAMPLES = ("digit", "rectangle", "dilated", "depthwise", "stride-2", "same")

MOVES = ("n", "n", "n", "n", "N", "N", "s", "s", "S", "f", "F", "l", "L", "space", "backspace")
LOOKS = ("v", "[", "]", "escape", "+", "-", "=", "m", "tab", "shift+tab", "up", "down", "left", "right")
JUMPS = ("end", "home", "o", "?", "g")


async def walk(session: Session, seed: int, bursts: int) -> list[str]:
    """Press keys in bursts, as fast fingers do; the keys pressed."""
    chance = random.Random(seed)
    pressed: list[str] = []
    for _ in range(bursts):
        kind = chance.choices((MOVES, LOOKS, JUMPS), (5, 4, 1))[0]
        for key in chance.choices(kind, k=1 if kind is JUMPS else chance.randint(1, 5)):
            pressed.append(key)
            session.send(key)
        await session.settle()
        if session.dialog:
            await session.answered()
            assert session.stale_cells() == [], pressed
            pressed += await leave(session, chance)
        if chance.random() < 0.2:
            assert session.stale_cells() == [], pressed
    return pressed


async def leave(session: Session, chance: random.Random) -> list[str]:
    """Close the dialog; from the goto dialog, mostly by going somewhere."""
    if session.dialog == "GotoScreen" and chance.random() < 0.8:
        keys = [*str(chance.randint(0, session.timeline.total)), "enter"]
    else:
        keys = ["escape"]
    await session.press(*keys)
    if session.dialog:  # the way led to the end
        await session.answered()
        await session.press("escape")
        keys.append("escape")
    assert session.dialog == ""
    return keys


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", EXAMPLES)
async def test_no_walk_of_keys_leaves_a_stale_cell(name: str, size: tuple[int, int]) -> None:
    seed = EXAMPLES.index(name) * 10 + SIZES.index(size)
    async with opened(name, size) as session:
        pressed = await walk(session, seed, bursts=16)
        assert session.stale_cells() == [], pressed
