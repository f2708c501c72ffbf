"""Somebody's own function is checked as what it is: from its name to the verdict."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.candidate.call.outcome import CannotCall
from convstep.candidate.operators.verdict import OperatorVerdict
from convstep.operators.registry import OperatorError
from tests.strategies import SELDOM


def max_pool_forward(x: Any, pool_param: Any) -> Any:
    height, width, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    out = np.zeros((N, C, (H - height) // stride + 1, (W - width) // stride + 1))
    for n, c, i, j in np.ndindex(out.shape):
        rows, columns = slice(i * stride, i * stride + height), slice(j * stride, j * stride + width)
        out[n, c, i, j] = x[n, c, rows, columns].max()
    return out, (x, pool_param)


def max_pool_backward(dout: Any, cache: Any) -> Any:
    x, pool_param = cache
    height, width, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c, i * stride : i * stride + height, j * stride : j * stride + width]
        a, b = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, i * stride + a, j * stride + b] = dout[n, c, i, j]
    return dx


def relu_forward(x: Any) -> Any:
    return np.maximum(x, 0), x


def relu_backward(dout: Any, cache: Any) -> Any:
    dx = dout
    dx[cache <= 0] = 0
    return dx


def gate(dout: Any, x: Any) -> Any:
    return dout * (x > 0)


def linear_backward(dout: Any, x: Any, w: Any) -> Any:
    dx = dout @ w.T / x.shape[0]
    lead = tuple(range(x.ndim - 1))
    return dx, np.tensordot(x, dout, axes=(lead, lead)), dout.sum(axis=lead)


def avg_pool_backward(dA: Any, A_prev: Any, kernel_shape: Any, stride: Any) -> Any:
    dA_prev = np.zeros(A_prev.shape)
    height, width = kernel_shape
    for n, i, j, c in np.ndindex(dA.shape):
        rows, columns = (
            slice(i * stride[0], i * stride[0] + height),
            slice(j * stride[1], j * stride[1] + width),
        )
        dA_prev[n, rows, columns, c] += dA[n, i, j, c] / height
    return dA_prev


def strange(dout: Any, spell: Any, incantation: Any) -> Any:
    return dout.spell(incantation)


def test_a_mistake_of_an_operator_is_named_with_the_authors_own_line() -> None:
    verdict = convstep.check(max_pool_backward)
    assert isinstance(verdict, OperatorVerdict)
    assert (verdict.operator, verdict.ok, verdict.mistakes) == ("max-pool", False, ("overwrite",))
    assert verdict.diagnosis[0].proven
    assert "called as max_pool_backward(dout, cache)" in str(verdict).splitlines()[1]
    assert verdict.place is not None
    with open(verdict.place[0], encoding="utf-8") as file:
        assert file.read().splitlines()[verdict.place[1] - 1].strip().startswith("dx[n, c, i * stride + a")


@SELDOM
def test_no_layout_is_chosen_because_a_mistake_does_not_show_in_it() -> None:
    verdict = convstep.check(linear_backward)  # with one sample it is right
    assert (verdict.convention, verdict.mistakes) == ("own", ("dx-averaged",))


def test_the_numbers_of_a_mistake_tell_how_arrays_lie() -> None:
    verdict = convstep.check(avg_pool_backward)  # nothing is right, and there is no forward
    assert (verdict.convention, verdict.mistakes) == ("NHWC", ("divided-by-one-side",))


def test_what_writes_into_dout_is_wrong_with_right_gradients() -> None:
    verdict = convstep.check(relu_backward)
    assert (verdict.operator, verdict.ok, verdict.mistakes) == ("relu", False, ("writes-into-dout",))


@SELDOM
def test_an_operator_that_no_name_shows_can_be_said() -> None:
    assert convstep.check(gate, operator="relu").ok
    convstep.assert_correct(gate, operator="relu")
    with pytest.raises(AssertionError, match="overwrite"):
        convstep.assert_correct(max_pool_backward, operator="max-pool")
    with pytest.raises(OperatorError, match="did you mean relu"):
        convstep.check(gate, operator="relo")


def test_a_convention_can_be_insisted_on() -> None:
    verdict = convstep.check(gate, "own", operator="relu")
    assert verdict.ok
    assert verdict.flags == ("--operator", "relu", "--convention", "own")
    with pytest.raises(OperatorError, match="coursera is not a convention of max-pool; it has own, NHWC"):
        convstep.check(max_pool_backward, "coursera")


def test_a_convolution_is_a_convolution() -> None:
    verdict = convstep.check(convstep.conv2d_backward)
    assert (verdict.operator, verdict.mistakes) == ("conv2d", ())
    assert isinstance(verdict, convstep.Verdict)


@SELDOM
def test_what_is_nothing_that_is_known_is_asked_what_it_is() -> None:
    with pytest.raises(convstep.CannotCall) as caught:
        convstep.check(strange)
    assert re.search(r"--operator \(`convstep operators` lists them\)$", str(caught.value))


AFFINE = """
class Affine:
    def __init__(self, W, b):
        self.W, self.b, self.db = W, b, 0.0

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = {db}
        return dout @ self.W.T
"""


@SELDOM
def test_a_bias_gradient_that_is_one_number_is_wrong_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text(AFFINE.format(db="dout.sum()"))
    verdict = convstep.check(f"{tmp_path}/layers.py:Affine")
    assert not verdict.ok
    assert [one.id for one in verdict.diagnosis] == ["db-wrong-axis"]


@SELDOM
def test_what_raises_in_batches_only_is_told_beside_what_is_right(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text(AFFINE.format(db="dout.reshape(self.b.shape)"))
    verdict = convstep.check(f"{tmp_path}/layers.py:Affine")
    assert "its own forward takes several, but then it raises ValueError" in " ".join(str(verdict).split())


@SELDOM
def test_gradients_that_cannot_be_read_are_not_called_right(tmp_path: Path) -> None:
    text = (Path(__file__).parent / "corpus" / "lstm_step" / "coursera.py").read_text()
    right = "dWf = np.dot(dft, concat.T)"
    (tmp_path / "lstm.py").write_text(text.replace(right, "dWf = np.dot(dft, a_prev.T)"))
    with pytest.raises(CannotCall, match="what came back has not the shapes of the gradients"):
        convstep.check(f"{tmp_path}/lstm.py:lstm_cell_backward")
    (tmp_path / "turned.py").write_text(text.replace(right, "dWf = np.dot(concat, dft.T)"))
    verdict = convstep.check(f"{tmp_path}/turned.py:lstm_cell_backward")
    assert verdict.mistakes == ("transposes-swapped",)
    assert "dWf came transposed, of which dwx is made" in str(verdict)


@SELDOM
def test_a_gradient_that_is_taken_apart_is_handed_on_as_something_else(tmp_path: Path) -> None:
    other = AFFINE.replace(
        "def backward(self, dout):", "def backward(self, both):\n        dout, rest = both"
    )
    assert other != AFFINE
    (tmp_path / "layers.py").write_text(other.format(db="dout.sum(0)"))
    with pytest.raises(CannotCall, match="cannot be called as a linear layer"):
        convstep.check(f"{tmp_path}/layers.py:Affine")


@SELDOM
def test_the_stride_of_a_pool_is_known_by_its_longer_name(tmp_path: Path) -> None:
    text = "\n".join(map(inspect.getsource, (max_pool_forward, max_pool_backward)))
    head = "import numpy as np\nfrom typing import Any\n\n"
    (tmp_path / "pools.py").write_text(head + text.replace('"stride"', '"pool_stride"'))
    verdict = convstep.check(f"{tmp_path}/pools.py:max_pool_backward")
    assert "overwrite (proven)" in str(verdict)


DENSE = """
import numpy as np

class Dense:
    def __init__(self, {names}):
        rows, columns = {names}
        self.W, self.b = np.zeros((rows, columns)), np.zeros(columns)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.{sum}(axis=0)
        return dout @ self.W.T
"""


@SELDOM
@pytest.mark.parametrize("names", ["i, o", "rows_of, cols_of", "D, M", "inputs, outputs", "input_units, n"])
def test_the_sizes_of_a_layer_are_told_by_place_where_names_say_nothing(names: str, tmp_path: Path) -> None:
    for summed in ("sum", "max"):
        (tmp_path / "dense.py").write_text(DENSE.format(names=names, sum=summed))
        verdict = convstep.check(f"{tmp_path}/dense.py:Dense")
        assert verdict.ok is (summed == "sum")
        assert "Dense(…).backward(dout)" in str(verdict)


class ReLU:
    """A layer whose base class would call these."""

    def parameters(self) -> list[Any]:
        return []

    def _forward(self, x: Any) -> Any:
        self.mask = x > 0
        return np.where(self.mask, x, 0.0)

    def _backward(self, dout: Any) -> Any:
        return np.where(self.mask, dout, 0.0)


def test_a_layer_with_a_private_backward_is_called_by_its_class() -> None:
    verdict = convstep.check(ReLU)
    assert verdict.ok
    assert "._backward(" in str(verdict).splitlines()[1]


@SELDOM
def test_a_class_without_methods_is_told_so_in_a_sentence(tmp_path: Path) -> None:
    text = "class MaxPool:\n    def __init__(self, size=2):\n        self.size = size\n"
    (tmp_path / "layers.py").write_text(text)
    with pytest.raises(CannotCall) as found:
        convstep.check(f"{tmp_path}/layers.py:MaxPool")
    assert "MaxPool has no method that could be stepped" in str(found.value)
    assert "CandidateError" not in str(found.value)


class WordVectors:
    """Keeps its gradient, and returns zeros for its indices."""

    def __init__(self, vocab_size: int, dim: int) -> None:
        self.weights = np.zeros((vocab_size, dim))
        self.d_weights = np.zeros((vocab_size, dim))

    def forward(self, indices: Any) -> Any:
        self.indices = indices
        return self.weights[indices]

    def backward(self, grad: Any) -> Any:
        self.d_weights = np.zeros_like(self.weights)
        np.add.at(self.d_weights, self.indices, grad)
        return np.zeros(self.indices.shape)


@SELDOM
def test_what_a_layer_keeps_is_read_where_it_returns_something_else() -> None:
    assert convstep.check(WordVectors, operator="embedding").ok


class Conv1DLayer:
    """Its sizes are called what elsewhere the weights are called."""

    def __init__(self, channels: int, filters: int, kernel: int, stride: int = 1, dilation: int = 1) -> None:
        self.bank = np.zeros((filters, channels, kernel))
        self.stride, self.dilation = stride, dilation

    def forward(self, signal: Any) -> Any:
        self.signal, k = signal, self.bank.shape[2]
        rows = range(0, signal.shape[2] - self.dilation * (k - 1), self.stride)
        windows = [signal[:, :, row : row + self.dilation * k : self.dilation][:, :, :k] for row in rows]
        return np.stack([np.tensordot(each, self.bank, ([1, 2], [1, 2])) for each in windows], 2)

    def backward(self, delta: Any) -> Any:
        self.d_bank, k = np.zeros(self.bank.shape), self.bank.shape[2]
        dx = np.zeros(self.signal.shape)
        for i in range(delta.shape[2]):
            part = np.s_[:, :, i * self.stride : i * self.stride + k]
            self.d_bank += np.tensordot(delta[:, :, i], self.signal[part], (0, 0))
            dx[part] += np.tensordot(delta[:, :, i], self.bank, (1, 0))
        return dx


@SELDOM
def test_sizes_may_be_called_what_weights_are_and_what_never_varied_is_said() -> None:
    verdict = convstep.check(Conv1DLayer)
    assert verdict.operator == "conv1d"
    assert verdict.ok
    assert "not varied: dilation, which kept its default" in verdict.notes
    assert not any("not varied" in note for note in convstep.check(linear_backward).notes)


class VanillaRNNCell:
    """Keeps one thing a call on a pile."""

    def __init__(self, dim: int, hidden: int) -> None:
        self.Wx, self.Wh, self.b = np.zeros((dim, hidden)), np.zeros((hidden, hidden)), np.zeros(hidden)
        self.dWx, self.dWh, self.db = np.zeros((dim, hidden)), np.zeros((hidden, hidden)), np.zeros(hidden)
        self.pile: list[Any] = []

    def forward(self, x: Any, h_prev: Any) -> Any:
        self.pile.append((x, h_prev, np.tanh(x @ self.Wx + h_prev @ self.Wh + self.b)))
        return self.pile[-1][-1]

    def backward(self, dh: Any) -> Any:
        x, h_prev, h = self.pile.pop()
        dz = (1 - h**2) * dh
        self.dWx, self.dWh, self.db = x.T @ dz, h_prev.T @ dz, dz.sum(0)
        return dz @ self.Wx.T, dz @ self.Wh.T


@SELDOM
def test_a_cell_is_made_with_the_sizes_of_its_input_and_of_its_state() -> None:
    verdict = convstep.check(VanillaRNNCell)
    assert verdict.operator == "rnn-step"
    assert verdict.ok
