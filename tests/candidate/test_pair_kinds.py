"""Pairs that are found and called whatever language, shape or file their halves are written in."""

from __future__ import annotations

from pathlib import Path

import pytest

from convstep.candidate.call.outcome import CannotCall
from convstep.candidate.pair import PairVerdict
from convstep.candidate.referee import check
from tests.strategies import SELDOM

LANGUAGES = """
import numpy as np

class Camada:
    def __init__(self, n_entradas, n_saidas):
        self.pesos = np.random.randn(n_entradas, n_saidas)

    def propagar(self, entrada):
        self.entrada = entrada
        return entrada @ self.pesos

    def retropropagar(self, erro):
        self.grad_pesos = self.entrada.T @ erro
        return erro @ self.pesos.T

class Wurzel:
    def vorwaerts(self, x):
        self.y_dach = np.tanh(x)
        return self.y_dach

    def rueckwaerts(self, dout):
        return dout * (1 - self.y_dach ** 2)

class Carre:
    def avant(self, x):
        self.x = x
        return x ** 2

    def arriere(self, grad):
        return 2 * grad * self.x

def relu_adelante(z):
    return np.maximum(z, 0), z

def tanh_adelante(z):
    a = np.tanh(z)
    return a, a

def retro_tanh(da, a):
    return da * (1 - a ** 2)
"""
SHAPES = """
import numpy as np

class Columns:
    def forward(self, A):
        self.shape = A.shape
        return A.reshape(A.shape[0], -1).T

    def backward(self, dA):
        return dA.T.reshape(self.shape)

class MeanOfRows:
    def forward(self, y_pred, y_true):
        self.y_pred, self.y_true = y_pred, y_true
        return np.mean((y_pred - y_true) ** 2)

    def backward(self):
        return 2 * (self.y_pred - self.y_true) / len(self.y_pred)

class BCE:
    def forward(self, p, y):
        self.p, self.y = np.clip(p, 1e-12, 1 - 1e-12), y
        return -np.mean(y * np.log(self.p) + (1 - y) * np.log(1 - self.p))

    def backward(self):
        return (-(self.y / self.p) + (1 - self.y) / (1 - self.p)) / self.p.size

def undo(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g

class Times:
    def forward(self, a, b):
        self.saved = a, b
        return a * b

    def backward(self, g):
        a, b = self.saved
        return undo(g * b, a.shape), undo(g * a, b.shape)

class Plus:
    def forward(self, a, b):
        self.saved = a.shape, b.shape
        return a + b

    def backward(self, g):
        a, b = self.saved
        return undo(g, a), undo(g, b)

def shift_forward(x, b):
    return x + b, None

def shift_backward(dout, cache):
    return dout, dout.sum(axis=0)

class Cell:
    def __init__(self, n_in, n_hid):
        self.n_hid, self.W = n_hid, np.random.randn(n_in + n_hid, n_hid) * 0.3

    def forward(self, x, state):
        h, c = state
        z = np.concatenate([x, h], axis=1)
        c_new = c + np.tanh(z @ self.W)
        self.cache = z, c_new
        return np.sin(c_new), c_new

    def backward(self, dh, dc):
        z, c_new = self.cache
        dc = dc + dh * np.cos(c_new)
        d = dc * (1 - np.tanh(z @ self.W) ** 2)
        self.dW = z.T @ d
        dz = d @ self.W.T
        return dz[:, : -self.n_hid], dz[:, -self.n_hid :], dc
"""
ROOTS = """
import numpy as np

class Scale:
    def __init__(self, eps=1e-8):
        self.eps = eps

    def forward(self, x):
        self.x, self.n = x, np.mean(x ** 2, axis=-1, keepdims=True)
        return x / np.sqrt(self.n + self.eps)

    def backward(self, g):
        s = np.sqrt(self.n + self.eps)
        return g / s - self.x * np.mean(g * self.x, axis=-1, keepdims=True) / s ** 3

def squash_forward(x, eps=1e-8):
    s = np.sqrt(np.mean(x ** 2, axis=-1, keepdims=True) + eps)
    return x / s, (x,)

def squash_backward(g, cache):
    (x,) = cache
    s = np.sqrt(np.mean(x ** 2, axis=-1, keepdims=True) + 1e-8)
    return g / s - x * np.mean(g * x, axis=-1, keepdims=True) / s ** 3
"""


def verdict(folder: Path, text: str, name: str, right: str = "", wrong: str = "") -> PairVerdict:
    """The verdict on one of a file's, by its own forward, with a mistake put into it."""
    assert right in text
    (folder / "kinds.py").write_text(text.replace(right, wrong) if right else text)
    found = check(f"{folder / 'kinds.py'}:{name}")
    assert isinstance(found, PairVerdict)
    return found


@pytest.mark.parametrize("name", ["Camada", "Wurzel", "Carre", "retro_tanh"])
def test_a_forward_is_found_whatever_language_it_is_named_in(tmp_path: Path, name: str) -> None:
    (tmp_path / "kinds.py").write_text(LANGUAGES)
    assert check(f"{tmp_path / 'kinds.py'}:{name}").ok


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("Camada", "return erro @", "self.pesos -= self.grad_pesos\n        return erro @"),
        ("Wurzel", "1 - self.y_dach ** 2", "1 - self.y_dach"),
        ("Carre", "2 * grad", "grad"),
        ("retro_tanh", "1 - a ** 2", "1 - a"),
    ],
)
def test_and_a_mistake_is_found(tmp_path: Path, name: str, right: str, wrong: str) -> None:
    assert right in LANGUAGES
    (tmp_path / "kinds.py").write_text(LANGUAGES.replace(right, wrong))
    assert not check(f"{tmp_path / 'kinds.py'}:{name}").ok


@pytest.mark.parametrize("name", ["Columns", "BCE", "Times", "Plus", "shift_backward", "Cell"])
def test_what_is_right_for_the_shapes_that_its_text_means_is_right(tmp_path: Path, name: str) -> None:
    assert verdict(tmp_path, SHAPES, name).ok


@SELDOM
def test_of_what_is_flattened_one_row_proves_nothing(tmp_path: Path) -> None:
    found = verdict(tmp_path, SHAPES, "Columns", "dA.T.reshape", "dA.reshape")
    assert not found.ok
    assert "A of 3x4" in found.held.forward


@SELDOM
def test_where_only_one_shape_agrees_it_is_said_how_the_other_differs(tmp_path: Path) -> None:
    (tmp_path / "kinds.py").write_text(SHAPES)
    with pytest.raises(CannotCall, match="is 4 times the gradient by `y_pred`"):
        check(f"{tmp_path / 'kinds.py'}:MeanOfRows")


@SELDOM
def test_a_loss_with_logarithms_is_given_probabilities(tmp_path: Path) -> None:
    found = verdict(tmp_path, SHAPES, "BCE", "+ (1 - self.y)", "- (1 - self.y)")
    assert not found.ok
    assert "p of 3x4, y of 3x4" in found.held.forward


@SELDOM
@pytest.mark.parametrize("name", ["Times", "Plus"])
def test_what_undoes_broadcasting_is_tried_with_axes_of_length_1(tmp_path: Path, name: str) -> None:
    assert "b of 3x1" in str(verdict(tmp_path, SHAPES, name))
    wrong = verdict(tmp_path, SHAPES, name, "if length == 1", "if False")
    assert not wrong.ok
    assert "without an axis of length 1 it agrees" in str(wrong)


@SELDOM
def test_a_state_that_is_taken_apart_is_given_as_a_tuple(tmp_path: Path) -> None:
    assert "no gradient by" not in str(verdict(tmp_path, SHAPES, "Cell"))
    assert not verdict(tmp_path, SHAPES, "Cell", "self.dW = z.T @ d\n", "self.dW = z.T @ dc\n").ok


def test_an_epsilon_that_its_backward_has_and_leaves_out_is_a_mistake(tmp_path: Path) -> None:
    assert "it agrees with eps=0.13, too" in " ".join(str(verdict(tmp_path, ROOTS, "Scale")).split())
    found = verdict(tmp_path, ROOTS, "Scale", "s = np.sqrt(self.n + self.eps)", "s = np.sqrt(self.n)")
    assert not found.ok


def test_an_epsilon_that_its_backward_is_not_handed_is_a_remark(tmp_path: Path) -> None:
    found = verdict(tmp_path, ROOTS, "squash_backward")
    assert found.ok
    assert "its backward is not handed that" in str(found)
