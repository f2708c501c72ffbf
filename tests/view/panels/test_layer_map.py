"""The map of a backward pass: what it says of real models, and of dZ that has no logarithm."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import convstep
from convstep.language import speak
from convstep.oracle.captured import CapturedLayer, Skipped
from convstep.view.panels.layer_map import Axis, LayerMap, factor_text, map_text
from tests.captures import captured_of, repeated, small


def chain(depth: int, activation: str, scale: float = 1.0) -> Any:
    """Convolutions one after the other."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(2)
    parts = []
    for _ in range(depth):
        parts += [torch.nn.Conv2d(3, 3, 3, padding=1), getattr(torch.nn, activation)()]
    model = torch.nn.Sequential(*parts)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    return model


def trained(model: Any) -> convstep.Captured:
    """One backward pass of a model, captured."""
    torch = pytest.importorskip("torch")
    with convstep.capture(model) as captured:
        model(torch.randn(2, 3, 6, 6)).square().mean().backward()
    return captured


def rms(layer: CapturedLayer) -> float:
    """Of dZ, by its definition."""
    return float(np.sqrt(np.mean(np.square(layer.dZ.astype(np.float64)))))


def with_dZ(layer: CapturedLayer, dZ: Any, name: str = "", dtype: Any = np.float64) -> CapturedLayer:
    """The layer with another dZ, the same in all of its cells unless an array is given."""
    values = np.broadcast_to(np.asarray(dZ, dtype), layer.dZ.shape)
    return replace(layer, dZ=values, name=name or layer.name)


def drawn(captured_or_layers: Any, skipped: Any = (), width: int = 80) -> list[str]:
    """The rows of a map."""
    shown = LayerMap(getattr(captured_or_layers, "layers", captured_or_layers), skipped)
    shown.chosen = -1
    shown.fit(width)
    return [shown.row(at).plain for at in range(len(shown))]


def lengths(row: str) -> tuple[float, float]:
    """How many columns a row's bar takes to the left of the line, and to the right."""
    left, right = re.search("([▐█]*)│([█▌]*)", row).groups()  # type: ignore[union-attr]
    return left.count("█") + left.count("▐") / 2, right.count("█") + right.count("▌") / 2


@pytest.mark.parametrize(("activation", "scale", "side", "word"), [
    ("Sigmoid", 1.0, 0, "falls"),
    ("ReLU", 8.0, 1, "grows"),
])  # fmt: skip
def test_vanishing_and_exploding_are_bars_to_the_left_and_to_the_right(
    activation: str, scale: float, side: int, word: str
) -> None:
    captured = trained(chain(9, activation, scale))
    rows = drawn(captured)
    first, last = captured.layers[-1], captured.layers[0]
    assert [row.split()[0] for row in rows] == [layer.name for layer in captured.layers[::-1]]
    assert [float(row.split()[1]) for row in rows] == [
        pytest.approx(rms(layer), rel=0.01) for layer in captured.layers[::-1]
    ]
    seen = [lengths(row) for row in rows]
    assert seen[0] == (0, 0)
    assert all(pair[1 - side] == 0 for pair in seen)
    bars = [pair[side] for pair in seen]
    assert bars == sorted(bars)
    assert bars[-1] > 10
    factor = max(rms(first), rms(last)) / min(rms(first), rms(last))
    sentence = f"RMS dZ {word} by a factor of ([^ ]+) from layer {first.name} to layer {last.name}\n"
    said = re.search(sentence, captured.map())
    assert said is not None
    assert float(said[1]) == pytest.approx(factor, rel=0.05)
    weights = [row.split()[-1] for row in rows]
    for text, layer in zip(weights, captured.layers[::-1], strict=True):
        ratio = np.linalg.norm(layer.gradients["dW"]) / np.linalg.norm(layer.convolution.W)
        assert float(text) == pytest.approx(float(ratio), rel=0.05)


def test_branches_stand_in_the_order_in_which_the_backward_pass_came_by() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)

    class Block(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = (torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
            self.skip = torch.nn.Conv2d(3, 3, 1)

        def forward(self, x: Any) -> Any:
            return torch.relu(self.b(torch.relu(self.a(x))) + self.skip(x))

    model = torch.nn.Sequential(Block(), Block())
    seen: list[str] = []

    def note(name: str) -> Any:
        return lambda module, given, out: out.register_hook(lambda _: seen.append(name)) and None

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(note(name))
    captured = trained(model)
    assert [row.split()[0] for row in drawn(captured)] == seen
    assert "from the loss back, as the backward pass reached them" in captured.map()


def test_a_dZ_without_a_logarithm_has_a_mark_and_no_bar_and_tiny_and_huge_ones_are_numbers() -> None:
    layer = small().layers[0]
    spoilt, infinite = np.ones(layer.dZ.shape), np.ones(layer.dZ.shape)
    spoilt.flat[:2], infinite.flat[0] = np.nan, -np.inf
    calls = [
        with_dZ(layer, value, name)
        for name, value in (
            ("huge", 1e200), ("tiny", 1e-200), ("zero", 0.0), ("inf", infinite), ("nan", spoilt), ("one", 1),
        )
    ]  # fmt: skip
    calls = [replace(each, reached=len(calls) - at) for at, each in enumerate(calls)]
    for width in (57, 77, 117, 197):
        rows = {
            row.split()[0]: row for row in drawn(calls, [Skipped("up", "Conv3d", "was not called", 0)], width)
        }
        assert list(rows) == ["one", "nan", "inf", "zero", "tiny", "huge", "up"]
        assert "✗ 2 NaN" in rows["nan"]
        assert "✗ 1 inf" in rows["inf"]
        assert "0 everywhere" in rows["zero"]
        assert "not captured" in rows["up"]
        assert not any(set(rows[name]) & set("│█▐▌") for name in ("nan", "inf", "zero", "up"))
        assert (lengths(rows["tiny"])[1], lengths(rows["huge"])[0]) == (0, 0)
        assert (rows["tiny"].split()[1:3], rows["huge"].split()[1:3]) == (
            ["1e-200", "×1e-200"], ["1e200", "×1e200"]
        )  # fmt: skip
    sentences = LayerMap(calls).sentences
    assert sentences[0].startswith(
        "RMS dZ grows by a factor of 1e200 from layer one to layer huge · smallest at tiny: ×1e-200"
    )
    assert "NaN or inf in dZ at 2 of 6 calls, first reached: nan" in sentences[1]
    assert "dZ is 0 everywhere at 1 of 6 calls, first reached: zero" in sentences[1]


def test_without_a_single_finite_dZ_nothing_is_said_of_a_change() -> None:
    layers = [with_dZ(layer, 0.0) for layer in small().layers]
    assert LayerMap(layers).sentences == ["dZ is 0 everywhere at 4 of 4 calls, first reached: 3"]
    one = LayerMap([with_dZ(small().layers[0], 0.5)]).sentences
    assert one == ["ratio and bar (log scale): relative to layer 0"]


def test_the_calls_of_a_layer_are_rows_of_the_pass_they_belong_to() -> None:
    captured = repeated()
    for step in (0, 1):
        lines = captured.map(step).splitlines()
        assert lines[0].startswith(f"backward pass {step} · ")
        names = [line.split()[0] for line in lines[2:6]]
        assert names == ["once", "twice", "twice", "frozen"]
        calls = [layer.call for layer in captured.layers if layer.step == step and layer.name == "twice"]
        assert [int(line.split()[1]) for line in lines[3:5]] == calls[::-1]
        assert "not captured" in lines[5]
    assert captured.map() == captured.map(-1) == captured.map(1) != captured.map(0)
    with pytest.raises(
        convstep.CaptureError, match="backward pass 5 was not captured; those that were: 0, 1"
    ):
        captured.map(5)
    with pytest.raises(convstep.CaptureError):
        captured_of([]).map()


def test_a_file_keeps_the_order_and_an_older_one_has_the_forward_reversed(tmp_path: Any) -> None:
    small().save(tmp_path / "run.npz")
    assert convstep.Captured.load(tmp_path / "run.npz").map() == small().map()
    older = captured_of([replace(layer, reached=None) for layer in small().layers])
    assert "from the loss back: the order of the forward pass reversed" in older.map()
    assert [line.split()[0] for line in older.map().splitlines()[2:6]] == ["3", "2", "1", "0"]


@given(
    st.lists(st.floats(-600, 600), max_size=6),
    st.integers(12, 150),
)
def test_bars_hold_every_ratio_and_longer_ones_are_further_from_one(powers: list[float], width: int) -> None:
    axis = Axis.fitting(width, min([0.0, *powers]), max([0.0, *powers]))
    assert axis.width == width == len(axis.labels())
    assert axis.left >= 1 <= axis.right
    bars = {power: axis.bar(power) for power in [0.0, *powers]}
    assert all(len(bar) == width and bar[axis.left] == "│" for bar in bars.values())
    for side in (0, 1):
        on_it = sorted(abs(power) for power in bars if (power > 0) == side and power)
        found = [lengths(bars[power if side else -power])[side] for power in on_it]
        assert found == sorted(found), "a larger factor is no shorter"
    assert all(
        math.isclose(sum(lengths(bar)), abs(power) * axis.decade, abs_tol=0.26) for power, bar in bars.items()
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [57, 77, 117, 197])
def test_rows_stand_below_each_other_at_every_width(width: int, language: str) -> None:
    speak(language)
    layers = [
        replace(layer, name=f"backbone.阶段{at}.block.conv") for at, layer in enumerate(repeated().layers)
    ]
    shown = LayerMap(layers, [Skipped("head.up", "ConvTranspose2d", "is transposed", 3)])
    shown.fit(width)
    lines = [shown.header().plain, *(shown.row(at).plain for at in range(len(shown)))]
    assert {cell_len(line) for line in lines} == {cell_len(lines[0])}
    assert cell_len(lines[0]) <= width
    for at in shown.shown:
        shown.chosen = at
        assert all(cell_len(line) <= width for line in shown.details(width))
    text = map_text(layers, width=width)
    assert all(cell_len(line) <= width for line in text.splitlines())


def test_a_factor_has_two_digits() -> None:
    said = [factor_text(float(np.log10(factor))) for factor in (65142.0, 2.345, 0.0012345, 1.0)]
    assert said == ["65000", "2.3", "0.0012", "1"]
