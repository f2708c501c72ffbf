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
from convstep.conv.timeline import Timeline
from convstep.language import speak
from convstep.oracle.captured import CapturedLayer, Skipped
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.layers_app import LayersApp
from convstep.ui.layers_screen import LayersScreen
from convstep.ui.widgets.layer_list import LayerList
from tests.captures import small
from tests.strategies import SELDOM, some
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
    def chosen(self) -> str:
        """The layer with the mark, as it is painted; "" where none is in sight."""
        return next((line.split()[1] for line in self.lines if line.startswith(" ▶")), "")

    @property
    def at_the_picker(self) -> bool:
        """Whether the picker is in front."""
        return isinstance(self.app.screen, LayersScreen)


@contextlib.asynccontextmanager
async def picking(
    layers: Sequence[CapturedLayer], skipped: Sequence[Skipped] = (), file: str = ""
) -> AsyncIterator[Picking]:
    """The picker on some layers, at 80x24."""
    app = WatchedLayersApp(layers, skipped=skipped, file=file, torch=FakeTorch())
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
        assert (session.debugger.state.name, session.position) == (name, position)
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
        assert session.debugger.state.name == "0"
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
        assert "the sum overflows float16 in this backward" in session.text
        await session.press("home", "x")
        await session.until("made here, the sum overflows float16")
        assert session.position == position > 0


@pytest.mark.parametrize("no_color", some([False, True]))
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
        assert session.debugger.state.name == "1"
        assert session.timeline.total == layers[1].dZ.size
        await session.press("n", "n", "y")
        assert session.lines[-3].strip().startswith("copied: convstep open ")
        words = shlex.split(session.app.clipboard)
        assert words[:2] == ["convstep", "open"]
        assert np.array_equal(Problem.load(words[2]).dZ, layers[1].dZ)
        await session.press("m", "escape")
        assert not session.at_the_picker, "Escape first closes what is maximised"
        await session.press("D", "escape")
        assert "forward" in session.lines[0], "the forward pass lies over the layer"
        await session.press("D", "escape")
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


def many() -> list[CapturedLayer]:
    """Four hundred layers, no two of the same size of dZ."""
    return [
        replace(layer, name=f"stage{at // 40}.block{at}.conv", dZ=layer.dZ * np.float32((at * 37 % 400) + 1))
        for at, layer in enumerate(small().layers * 100)
    ]


SKIPPED = [
    Skipped("up", "ConvTranspose2d", "is transposed, which convstep does not open", 3),
    Skipped("stem.aux", "Conv2d", "was not called inside the block; run it " + "there " * 60, 0),
]


@SELDOM
@pytest.mark.parametrize("no_color", some([False, True]))
async def test_search_and_sort_among_hundreds_of_layers_at_every_size(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    layers = many()
    async with picking(layers, SKIPPED) as session:
        await session.press(*["down"] * 7)
        for size in some(((60, 16), (80, 24), (120, 40), (200, 50)), 3):
            await session.resize(*size)
            assert session.chosen == "stage0.block7.conv", size
            assert "2 not opened (u)" in session.text, size
            await session.press("/", *"K17 CON")
            assert session.chosen == "stage0.block17.conv", "the first that is found"
            assert "11 of 400" in session.text, size
            await session.press("down", "down")
            assert session.chosen == "stage4.block171.conv", "the arrows choose while one types"
            await session.press("q")
            assert "no layer's name holds k17 conq" in session.text.lower(), "q is a letter here"
            assert session.at_the_picker
            await session.press("enter", "enter")
            assert session.at_the_picker, "there is nothing to open"
            await session.press("escape")
            assert session.chosen == "stage4.block171.conv"
            assert "K17" not in session.text
            await session.press("home", *["down"] * 7)
            assert session.stale_cells() == [], size


async def test_the_line_of_keys_names_no_key_of_a_list_that_has_lost_them() -> None:
    async with picking(many()) as session:
        assert "Enter open" in session.lines[-1]
        # what Textual does of a mouse beside the screen, as while a terminal is made smaller
        session.app.screen.set_focus(None)
        await session.settle()
        assert "Enter open" not in session.lines[-1]
        await session.press("tab")
        assert "Enter open" in session.lines[-1]
        assert session.stale_cells() == []


@SELDOM
async def test_sorting_goes_round_and_the_chosen_layer_stays_where_it_is() -> None:
    layers = many()
    async with picking(layers) as session:
        await session.resize(120, 40)
        await session.press(*["down"] * 9)
        seen = []
        for _ in range(6):
            line = next(y for y, text in enumerate(session.lines) if "▶" in text)
            await session.press("s")
            await session.answered()
            rows = session.app.screen.query_one(LayerList)
            at_an_end = rows.scroll_offset.y in (0, rows.max_scroll_y)
            assert "▶" in session.lines[line] or at_an_end, "its row stays where it is"
            assert session.chosen == "stage0.block9.conv"
            seen.append(session.lines[1].strip())
            assert ("▲" in session.lines[2], "▼" in session.lines[2]) == (
                "name" in seen[-1], "name" not in seen[-1] and "forward" not in seen[-1]
            )  # fmt: skip
            if "|dZ|" in seen[-1]:
                await session.press("home")
                end = session.lines[2].index("▼") + 1
                norms = [float(text[end - 8 : end]) for text in session.lines[3:20]]
                assert norms == sorted(norms, reverse=True)
                largest = max(layers, key=lambda layer: layer.gradient_norms["dZ"])
                assert session.chosen == largest.name
                await session.press("/", *"block9.", "enter", "escape")
                assert session.chosen == "stage0.block9.conv"
        assert seen[-1] == "in the order of the forward pass"
        assert len(set(seen)) == 6


async def test_what_is_found_opens_under_the_name_it_has_on_the_command_line() -> None:
    async with picking(small().layers, file="my run.npz") as session:
        await session.press("s", "/", *"2", "enter", "enter")
        assert session.debugger.state.name == "2"
        await session.press("n", "y")
        assert shlex.split(session.app.clipboard)[:3] == ["convstep", "open", "my run.npz:2:0"]


async def test_what_was_not_opened_is_listed_with_its_reason_in_chinese_too() -> None:
    async with picking(small().layers, SKIPPED) as session:
        await session.press("u")
        assert "up  ConvTranspose2d · ran 3 times" in session.text
        assert "is transposed, which convstep does not open" in session.text
        assert "stem.aux  Conv2d · did not run" in session.text
        await session.press("u")
        assert session.at_the_picker
    speak("zh")
    async with picking(small().layers) as session:
        await session.press("u")
        assert "没有遗漏" in session.text
        await session.press("s", "/", *"zz")
        assert "没有名字里含有 zz 的层" in session.text
        assert "按名字排序" in session.text
        assert "排序" not in session.lines[-1], "no key is shown that would be typed"
        assert "显示全部" in session.lines[-1]


async def test_calls_left_out_of_a_captured_layer_are_no_layer_that_is_not_opened() -> None:
    layers = small().layers
    rows = [Skipped(layers[0].name, "Conv2d", "is captured, and ran without gradients as well", 2)]
    async with picking(layers, rows) as session:
        assert "not every call is opened (u)" in session.text
        assert "1 not opened" not in session.text


def passes() -> list[CapturedLayer]:
    """Two backward passes through five hundred layers, whose dZ is ten times smaller from layer to layer."""
    layer = small().layers[0]
    return [
        replace(
            layer,
            name=f"conv{at}",
            step=step,
            reached=499 - at,
            dZ=np.full_like(layer.dZ, 10.0 ** (at % 30 - step)),
        )
        for at in range(500)
        for step in range(2)
    ]


@SELDOM
async def test_m_draws_a_backward_pass_as_bars_from_the_loss_back_and_enter_opens_a_layer_from_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with picking(passes(), SKIPPED) as session:
        await session.press("m")
        await session.answered()
        await session.press("home")
        assert session.lines[1].strip() == (
            "backward pass 0 ([ ]) · 2 not opened (u) · from the loss back, as recorded"
        )
        rows = [line.split()[:3] for line in session.lines[3:7]]
        assert rows == [["▶", "conv499", "1e19"], ["conv498", "1e18", "×0.1"], *(
            [f"conv{at}", f"1e{at - 480}", f"×{ratio}"] for at, ratio in ((497, "0.01"), (496, "0.001"))
        )]  # fmt: skip
        assert [line.count("█") + line.count("▐") / 2 for line in session.lines[3:7]] == [0, 1, 2, 3]
        assert "RMS dZ falls by a factor of 1e19 from layer conv499 to layer conv0" in session.text
        assert "largest at conv479: ×1e10" in " ".join(session.text.split())
        await session.press("down", "enter")
        assert session.debugger.state.name == "conv498 call 0"
        await session.press("escape")
        assert session.at_the_picker
        assert session.lines[4].startswith(" ▶ conv498"), "one is back at the map"
        await session.press("]")
        await session.answered()
        assert "backward pass 1 ([ ])" in session.lines[1]
        await session.press("s")
        await session.answered()
        await session.press("home")
        assert "sorted by RMS dZ" in session.text
        assert session.lines[3].split()[2] == "1e28"
        await session.press("[")
        await session.answered()
        await session.press("]")
        await session.answered()
        assert "sorted by RMS dZ" in session.text, "the order stays from pass to pass"
        await session.press("/", *"CONV49")
        assert "11 of 502" in session.text
        await session.press("escape", "end")
        assert "not captured" in session.lines[next(y for y, line in enumerate(session.lines) if "▶" in line)]
        assert "was not called inside the block" in session.text
        await session.press("enter")
        assert "no dZ was captured here" in session.text
        for size in ((60, 16), (120, 40), (200, 50)):
            await session.resize(*size)
            assert session.stale_cells() == [], size
        await session.press("escape")
        assert "in the order of the forward pass" in session.text
        assert session.stale_cells() == []


@SELDOM
async def test_a_first_nan_of_another_pass_than_the_map_shows_is_chosen_in_the_list() -> None:
    layers = passes()[:6]
    values = np.array(layers[0].dZ)
    values.flat[0] = np.nan
    layers[0] = replace(layers[0], dZ=values)
    async with picking(layers) as session:
        await session.press("m", "]")
        await session.answered()
        await session.press("x")
        await session.answered()
        await session.press("q")
        assert session.chosen == "conv0"
        assert "first NaN: dZ[" in session.text
