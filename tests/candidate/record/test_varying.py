"""What agrees at its defaults is tried with other numbers and other pictures; what is not varied is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from convstep import check
from convstep.candidate.pair import PairVerdict
from tests.strategies import SELDOM

ENERGY = """
import numpy as np


def energy_forward(x, size=2, stride=2):
    h, w = x.shape
    out = np.zeros(((h - size) // stride + 1, (w - size) // stride + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = (x[i * stride : i * stride + size, j * stride : j * stride + size] ** 2).sum()
    return out, (x, size, stride)


def energy_backward(dout, cache):
    x, size, stride = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            at = np.s_[i * stride : i * stride + size, j * stride : j * stride + size]
            dx[at] += 2 * x[at] * dout[i, j]
    return dx
"""
SMOOTH = """
import numpy as np


class Smooth:
    def __init__(self, width=3, dilation=1, wrap=False):
        self.width, self.dilation, self.wrap = width, dilation, wrap
        self.kernel = np.arange(1.0, width + 1)

    def forward(self, x):
        self.x = x
        n = x.shape[1] - self.dilation * (self.width - 1)
        return sum(np.sin(x[:, k * self.dilation :][:, :n]) * self.kernel[k] for k in range(self.width))

    def backward(self, dout):
        dx, n = np.zeros_like(self.x), dout.shape[1]
        self.dkernel = np.zeros_like(self.kernel)
        for k in range(self.width):
            at = np.s_[:, k * self.dilation : k * self.dilation + n]
            self.dkernel[k] = (np.sin(self.x[at]) * dout).sum()
            dx[at] += np.cos(self.x[at]) * self.kernel[k] * dout
        return dx
"""
SHORTCUT = """
import numpy as np


class ShortcutConv:
    def __init__(self, w, b, stride=1):
        self.w, self.b, self.stride = w, b, stride

    def forward(self, x):
        self.x = x
        return x[:, :: self.stride, :: self.stride] @ self.w + self.b

    def backward(self, grad):
        part = self.x[:, :: self.stride, :: self.stride]
        self.dw = part.reshape(-1, part.shape[-1]).T @ grad.reshape(-1, grad.shape[-1])
        self.db = grad.reshape(-1, grad.shape[-1]).sum(axis=0)
        dx = np.zeros_like(self.x)
        dx[:, :: self.stride, :: self.stride] = grad @ self.w.T
        return dx
"""
BORDER = """
import numpy as np


class Border:
    def __init__(self, pad=1):
        self.pad = pad

    def forward(self, x):
        p = self.pad
        return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))

    def backward(self, dout):
        p = self.pad
        return dout[:, :, p:-p, p:-p]
"""
FIXED = """
import numpy as np

RATE = 2


class Bend:
    power = 3

    def forward(self, x):
        self.x = x
        return RATE * x**self.power

    def backward(self, g):
        return g * RATE * self.power * self.x ** (self.power - 1)
"""


@pytest.fixture
def verdict(tmp_path: Path) -> Callable[[str, str], PairVerdict]:
    def held(text: str, name: str) -> PairVerdict:
        (tmp_path / "mine.py").write_text(text)
        found = check(f"{tmp_path / 'mine.py'}:{name}")
        assert isinstance(found, PairVerdict)
        return found

    return held


Held = Callable[[str, str], PairVerdict]


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong", "shown"),
    [
        (ENERGY, "energy_backward", "at = np.s_[i * stride", "at = np.s_[i * size", "size=3"),
        (SMOOTH, "Smooth", "_[:, k * self.dilation : k * self.dilation +", "_[:, k : k +", "dilation=2"),
        (SHORTCUT, "ShortcutConv", "part = self.x[:, :: self.stride, :: self.stride]",
         "part = self.x[:, : grad.shape[1], : grad.shape[2]]", "stride=2"),
        (BORDER, "Border", "dout[:, :, p:-p, p:-p]", "dout[:, :, 1:-1, 1:-1]", "pad=2"),
    ],
    ids=["size", "dilation", "stride", "padding"],
)  # fmt: skip
def test_a_mistake_that_its_defaults_hide_is_found_and_what_is_right_is_right(
    verdict: Held, text: str, name: str, right: str, wrong: str, shown: str
) -> None:
    assert text.count(right) == 1
    found = verdict(text.replace(right, wrong), name)
    assert not found.ok
    assert any(f"that is with {shown}; without that it agrees" in note for note in found.notes)
    assert verdict(text, name).ok


@SELDOM
def test_what_was_not_varied_is_said_with_its_value(verdict: Held) -> None:
    said = verdict(SMOOTH, "Smooth").notes
    assert "not varied: wrap=False" in said
    assert any("dilation=2" in note and "it agrees with" in note for note in said)


@SELDOM
def test_numbers_that_the_file_fixes_are_said_too(verdict: Held) -> None:
    assert "not varied: RATE=2 and Bend.power=3" in verdict(FIXED, "Bend").notes


@SELDOM
def test_another_number_with_which_its_backward_raises_is_said_and_is_no_mistake(verdict: Held) -> None:
    text = BORDER.replace(
        "        p = self.pad\n        return dout",
        "        assert self.pad == 1\n        p = 1\n        return dout",
    )
    found = verdict(text, "Border")
    assert found.ok
    assert "not varied: pad=1" in found.notes
    assert any("with pad=2, Border.backward does not return" in note for note in found.notes)


@SELDOM
def test_a_number_that_its_backward_cannot_know_of_is_not_varied(verdict: Held) -> None:
    text = (
        "import numpy as np\n\n\n"
        "def lift_forward(x, shift=1, s=2):\n    return s * np.roll(x, shift, 0)\n\n\n"
        "def lift_backward(dout, steps=1, s=2):\n    return s * np.roll(dout, -steps, 0)\n"
    )
    assert verdict(text, "lift_backward").ok
