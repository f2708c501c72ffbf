"""The layer picker, and the way from it to the first NaN or inf."""

from __future__ import annotations

import contextlib
import inspect
import shlex
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from rich.console import RenderableType
from textual._compositor import CompositorUpdate
from textual.screen import Screen

from convstep.conv.blocks import exact_gradients
from convstep.conv.problem import Problem
from convstep.oracle.captured import CapturedLayer
from convstep.replay.timeline import Timeline
from convstep.ui.layers_app import LayersApp
from convstep.ui.screens.debugger import DebuggerScreen
from convstep.ui.screens.layers import LayersScreen
from tests.captures import small
from tests.ui.driving import Session
from tests.ui.fakes import FakeTorch
from tests.ui.terminal import Terminal


class WatchedLayersApp(LayersApp):
    """The picker, painting into a `Terminal`."""

    CSS_PATH: ClassVar[Path] = Path(inspect.getfile(LayersApp)).with_name("app.tcss")
    terminal: Terminal

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            self.terminal.paint(renderable)


class Picking(Session):
    """A picker that is open; the debugger is the screen in front."""

    @property
    def debugger(self) -> DebuggerScreen:
        assert isinstance(self.app.screen, DebuggerScreen)
        return self.app.screen

    @property
    def at_the_picker(self) -> bool:
        """Whether the picker is in front."""
        return isinstance(self.app.screen, LayersScreen)


@contextlib.asynccontextmanager
async def picking(layers: Sequence[CapturedLayer]) -> AsyncIterator[Picking]:
    """The picker on some layers, at 80x24."""
    app = WatchedLayersApp(layers, torch=FakeTorch())
    app.terminal = Terminal()
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        session = Picking(app, pilot)  # type: ignore[arg-type]
        await session.settle()
        yield session


def first_by_brute_force(layers: Sequence[CapturedLayer]) -> tuple[str, int]:
    """The layer and the position of the first NaN or inf: every step of every layer, the last first."""
    for layer in reversed(layers):
        timeline = Timeline(layer.problem())
        while timeline.next() is not None:
            gradients = [timeline.dW, timeline.dA_prev_pad, timeline.db]
            if not all(np.isfinite(values).all() for values in gradients if values is not None):
                return layer.name, timeline.position
    raise AssertionError("everything is finite")


async def test_a_model_that_overflows_leads_to_the_first_inf_with_one_key() -> None:
    layers = small(overflowing=True).layers
    name, position = first_by_brute_force(layers)
    assert 0 < int(name) < 3, "neither the first layer nor the last"
    async with picking(layers) as session:
        await session.press("x")
        await session.answered()
        assert (session.debugger.problem_name, session.position) == (name, position)
        assert "first -inf: dW[" in session.text
        assert "overflows float32" in session.text
        await session.press("q")
        assert session.at_the_picker
        assert f"{name}: first -inf" in session.text
        assert "▶ " + name in session.text


async def test_x_says_where_it_was_born_and_opens_the_layer_at_that_cell() -> None:
    layers = small().layers
    images = np.array(layers[0].convolution.A_prev)
    images[1, 3, 4, 1] = np.nan
    layers[0] = replace(layers[0], convolution=replace(layers[0].convolution, A_prev=images))
    layers[2] = replace(layers[2], dZ=np.full_like(layers[2].dZ, np.inf))
    async with picking(layers) as session:
        assert "2 with NaN or inf" in session.lines[0]
        await session.press("x")
        await session.answered()
        assert session.debugger.problem_name == "0"
        assert "first NaN: A_prev[1, 3, 4, 1]; in the data" in session.text
        grid = session.grid("input")
        assert grid.has_focus
        assert grid.panel is not None
        assert grid.cursor is not None
        assert grid.panel.face.cell(*grid.cursor) == "A_prev_pad[1, 4, 5, 1]"
        assert np.isnan(session.timeline.step.input_slice).any()
        await session.press("q")
        assert "0: first NaN: A_prev[1, 3, 4, 1]; in the data, or made before this layer" in session.text


async def test_float16_overflows_at_a_step_for_the_picker_and_for_the_debugger() -> None:
    layer = small().layers[1]
    dZ = (layer.dZ / np.abs(layer.dZ).max() * 6e4).astype(np.float16).astype(np.float32)
    exact = exact_gradients(replace(layer, dZ=dZ).problem())
    with np.errstate(over="ignore"):
        gradients = {name: getattr(exact, name).astype(np.float16).astype("f") for name in layer.gradients}
    assert np.isinf(gradients["dW"]).any()
    half = replace(layer.convolution, eps=2.0**-10)
    overflowed = replace(layer, dZ=dZ, gradients=gradients, convolution=half)
    async with picking([overflowed]) as session:
        await session.press("x")
        await session.answered()
        position = session.position
        assert "the sum overflows float16 in this layer's backward" in session.text
        await session.press("home", "x")
        await session.until("made here, the sum overflows float16")
        assert session.position == position > 0


@pytest.mark.parametrize("no_color", [False, True])
async def test_everything_is_readable_at_every_size(no_color: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    layers = [replace(layer, name=f"features.{at}.conv") for at, layer in enumerate(small(True).layers * 10)]
    async with picking(layers) as session:
        for size in ((60, 16), (80, 24), (120, 40)):
            await session.resize(*size)
            await session.press("end")
            for words in ("✗", "features.39", "▶", "2@2x2x3", "no NaN", "first NaN", "quit", "help"):
                assert words in session.text, (size, words)
            await session.press("home", "down")
            chosen = next(y for y, line in enumerate(session.lines) if "▶" in line)
            assert "features.1.conv" in session.lines[chosen]
            assert "7" in session.cell(4, chosen).style.split(";"), "the chosen row is reversed"
            assert session.stale_cells() == []


async def test_enter_opens_a_layer_and_q_and_escape_lead_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    layers = small().layers
    async with picking(layers) as session:
        await session.press("x")
        await session.answered()
        assert "all that was captured is finite" in session.text
        await session.press("down", "enter")
        assert session.debugger.problem_name == "1"
        assert session.timeline.total == layers[1].dZ.size
        await session.press("n", "n", "y")
        assert session.lines[-3].strip().startswith("copied: convstep open ")
        words = shlex.split(session.app.clipboard)
        assert words[:2] == ["convstep", "open"]
        assert np.array_equal(Problem.load(words[2]).dZ, layers[1].dZ)
        await session.press("m", "escape")
        assert not session.at_the_picker, "Escape first closes what is maximised"
        await session.press("escape")
        assert session.at_the_picker
        await session.press("?")
        assert "Open the layer in the debugger" in session.text
        await session.press("escape", "enter", "q")
        assert session.at_the_picker
        await session.press("q")
        assert session.app._exit


async def test_a_problem_that_cannot_be_saved_is_a_sentence_for_every_key_that_saves_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    async with picking(small().layers) as session:
        await session.press("down", "enter")
        for keys in (("y",), ("w", "enter")):
            await session.press("n", *keys)
            assert "the problem cannot be saved: No such file or directory" in session.text
        assert session.app.clipboard == ""
    assert not [*tmp_path.iterdir()]
