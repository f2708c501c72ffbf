"""The forward pass in the debugger, and the way between both directions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from convstep.cli.problems import start
from convstep.conv.problem import Problem
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.view.panels.forward import ForwardStage
from tests.strategies import SELDOM, some
from tests.ui.driving import opened


def small_batch() -> Problem:
    """Two samples, two groups, a stride and dilation."""
    rng = np.random.default_rng(4)
    A_prev, W = rng.standard_normal((2, 6, 9, 4)), rng.standard_normal((6, 2, 3, 2))
    return Problem(A_prev, W, rng.standard_normal(6), None, (2, 1), 1, (1, 2), 2)


@SELDOM
async def test_both_directions_keep_their_place_and_have_their_own_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(position=137) as session:
        app = session.app
        await session.press("v", "k", "s", "D")
        assert "step 138/256   (i_h 4, i_w 2, i_c 1)" in session.lines[0], "the step that is under way"
        assert "forward" in session.lines[0]
        front = app.screen
        assert isinstance(front, DebuggerScreen)
        assert isinstance(front.state.stage, ForwardStage)
        assert front.state.values == session.debugger.state.values == "numbers"
        assert "torch" not in session.lines[-1]

        await session.press("o")
        await session.until("138 cells of Z: at most")
        await session.press("x")
        await session.until("no step makes a NaN or inf: all of Z is finite")
        await session.press("i")
        assert "Z[4, 2, 1]: one step, 9 products" in session.text
        await session.press("escape", "b")
        assert [str(stop) for stop in front.state.stops] == ["i_h == 4 and i_w == 2 and i_c == 1"]
        await session.press("K", "y")
        assert app.clipboard.startswith("convstep open digit --forward --goto 4,2,0 --break ")

        await session.press("w")
        await session.type("mine")
        await session.press("enter")
        saved = json.loads((tmp_path / "mine.json").read_text())
        assert (saved["forward"], saved["position"]) == (True, 137)
        assert start("mine.json", None, [])[0].forward
        assert app.open_debugger() is front

        await session.press("D")
        assert app.screen is session.debugger
        assert "step 137/256" in session.lines[0]
        await session.press("end", "D", "n")
        assert "last step: Z is complete" in session.text
        assert not session.stale_cells()
        await session.press("home", "D")
        assert session.position == 0
        assert app.open_debugger() is session.debugger


@pytest.mark.parametrize("size", some([(80, 24), (60, 16), (200, 50)], 3))
async def test_the_forward_pass_fits_every_size_and_a_class(size: tuple[int, int]) -> None:
    async with opened(small_batch(), size, position=3) as session:
        await session.press("D", "n", "N", "}", "]", "s", "z")
        assert not session.stale_cells()
        assert session.app.screen.has_class("-presenting")
        await session.press("z")
        front = session.app.screen
        assert isinstance(front, DebuggerScreen)
        assert front.query_one("#kernel").display, "what is read has the room of sums"
        await session.press("z")
        await session.press("D")
        assert session.debugger.has_class("-presenting")
        assert not session.stale_cells()
