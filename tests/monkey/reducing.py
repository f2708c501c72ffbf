"""The fewest words that still break it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from tests.monkey.inputs import Script
from tests.monkey.play import Finding, Player

TRIES = 3
"""How often a session is played again before its finding counts as one that does not come back."""


def reduced(player: Player, found: Finding, seconds: float) -> Finding:
    """The finding with as few words, in as plain a setting, as could be found in the time.

    Args:
        player: plays.
        found: what broke.
        seconds: when to leave it at what there is.
    """
    end = time.monotonic() + seconds
    best = found

    def breaks(script: Script) -> bool:
        nonlocal best
        if time.monotonic() > end:
            return False
        again = player.play(script)
        if again is None or again.kind != found.kind:
            return False
        best = replace(again, script=script)
        return True

    def still(keys: list[str]) -> bool:
        return breaks(replace(best.script, keys=tuple(keys)))

    keys = list(found.script.keys)
    length = 1
    while length < len(keys) and not still(keys[-length:]):  # mostly the last few do
        length *= 2
    if length >= len(keys) and not any(still(keys) for _ in range(TRIES)):
        return replace(found, returns=False)
    fewest(keys[-length:], still)
    for plainer in ({"language": "en"}, {"live": False}, {"patient": True}, {"size": (120, 40)}):
        breaks(replace(best.script, **plainer))
    return best


def fewest(words: list[str], breaks: Callable[[list[str]], bool]) -> list[str]:
    """Delta debugging: leave out halves, quarters, … single words, as long as it still breaks."""
    size = len(words) // 2
    while size:
        before, start = len(words), 0
        while start < len(words):
            fewer = words[:start] + words[start + size :]
            if breaks(fewer):
                words = fewer
            else:
                start += size
        if size > 1 or len(words) == before:
            size //= 2
    return words
