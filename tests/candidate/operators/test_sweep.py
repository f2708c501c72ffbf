"""Somebody's backward is called as its author calls it, and what it was not told is not held against it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from convstep.candidate.call.outcome import HUNG, RAISED, REFUSED, RETURNED, CannotCall
from convstep.candidate.operators.answer import UNSAID, Swept
from convstep.candidate.operators.caller import open_caller
from convstep.candidate.operators.notes import not_computed, notes
from convstep.candidate.operators.sweep import swept
from tests.strategies import SELDOM, some


def sweep(
    candidate: Callable[..., Any] | str, operator: str | None = None, timeout: float | None = None
) -> Swept:
    with open_caller(candidate, None, timeout) as worker:
        found = swept(worker, operator)
    assert found is not None
    return found


# --- as courses have them


def affine_forward(x, w, b):  # type: ignore[no-untyped-def]
    return x.reshape(len(x), -1) @ w + b, (x, w, b)


def affine_backward(dout, cache):  # type: ignore[no-untyped-def]
    x, w, _ = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)


def linear_forward(A, W, b):  # type: ignore[no-untyped-def]
    return W @ A + b, (A, W, b)


def linear_backward(dZ, cache):  # type: ignore[no-untyped-def]
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m


class Affine:
    """Deep Learning from Scratch."""

    def __init__(self, W, b):  # type: ignore[no-untyped-def]
        self.W, self.b = W, b

    def forward(self, x):  # type: ignore[no-untyped-def]
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):  # type: ignore[no-untyped-def]
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Linear:
    """CMU 11-785: its weights are its own until they are replaced."""

    def __init__(self, in_features, out_features):  # type: ignore[no-untyped-def]
        self.W, self.b = np.zeros((out_features, in_features)), np.zeros((out_features, 1))

    def forward(self, A):  # type: ignore[no-untyped-def]
        self.A = A
        return A @ self.W.T + self.b.T

    def backward(self, dLdZ):  # type: ignore[no-untyped-def]
        self.dLdW, self.dLdb = dLdZ.T @ self.A, dLdZ.sum(axis=0)[:, None]
        return dLdZ @ self.W


class LinearFunction:
    """minitorch."""

    @staticmethod
    def forward(ctx, t1, weight, bias):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(t1, weight)
        return t1 @ weight + bias

    @staticmethod
    def backward(ctx, grad_output):  # type: ignore[no-untyped-def]
        x, weight = ctx.saved_values
        return grad_output @ weight.T, x.T @ grad_output, grad_output.sum(axis=0)


@SELDOM
@pytest.mark.parametrize(("candidate", "convention", "divided"), [
    (affine_backward, None, {}), (linear_backward, "coursera", {"dw": "N", "db": "N"}), (Affine, None, {}),
    (Linear, "torch", {}), (LinearFunction.backward, None, {}),
])  # fmt: skip
def test_a_linear_layer_is_called_as_its_course_calls_it(
    candidate: Callable[..., Any], convention: str | None, divided: dict[str, str]
) -> None:
    found = sweep(candidate)
    assert found.operator.name == "linear"
    assert found.failing is None
    assert (found.convention.name if found.convention else None) == convention
    assert dict(found.convention.divided if found.convention else {}) == divided
    returned = [one for one in found.results if one.answer.kind == RETURNED]
    assert len(returned) >= 20
    assert all(set(one.off) == {"dx", "dw", "db"} for one in returned)
    assert all(one.answer.outputs for one in returned)
    assert any("divided by the number of samples" in note for note in found.notes) == bool(divided)


@SELDOM
def test_x_of_more_axes_is_asked_of_those_alone_that_take_it() -> None:
    kinds = {}
    for candidate in (affine_backward, Affine):
        found = sweep(candidate)
        deep = [one for one in found.results if one.answer.problem.arrays["x"].ndim > 2]
        kinds[candidate] = {one.answer.kind for one in deep}
    assert kinds == {affine_backward: {RETURNED}, Affine: {UNSAID}}


def deep_forward(x, w, b):  # type: ignore[no-untyped-def]
    return x @ w + b, (x, w)


def deep_linear_backward(dout, cache):  # type: ignore[no-untyped-def]
    x, w = cache
    rows, above = x.reshape(-1, x.shape[-1]), dout.reshape(-1, dout.shape[-1])
    return dout @ w.T, rows.T @ above, above.sum(0)


def first_linear_backward(dout, cache):  # type: ignore[no-untyped-def]
    x, w = cache
    rows, above = (x, dout) if x.ndim == 2 else (x[0], dout[0])
    return dout @ w.T, rows.T @ above, dout.reshape(-1, dout.shape[-1]).sum(0)


def outer_linear_backward(dout, cache):  # type: ignore[no-untyped-def]
    x, w = cache
    dw = np.zeros_like(w)
    for each, above in zip(x, dout, strict=True):
        dw += np.outer(each, above)
    return dout @ w.T, dw, dout.sum(0)


deep_linear_forward = first_linear_forward = outer_linear_forward = deep_forward


@SELDOM
def test_x_has_one_more_axis_where_its_own_forward_takes_that() -> None:
    deep, first, outer = map(sweep, (deep_linear_backward, first_linear_backward, outer_linear_backward))
    assert deep.failing is None
    assert any(one.answer.batch for one in deep.results)
    assert first.failing is not None
    assert first.failing.answer.batch
    assert {name for name, share in first.failing.off.items() if share > 1} == {"dw"}
    assert outer.failing is None


class Listed:
    """Deep Learning from Scratch, its second volume: the gradients of its weights are a list."""

    def __init__(self, W, b):  # type: ignore[no-untyped-def]
        self.params, self.grads = [W, b], [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, x):  # type: ignore[no-untyped-def]
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout):  # type: ignore[no-untyped-def]
        self.grads[0][...], self.grads[1][...] = self.x.T @ dout, dout.sum(0)
        return dout @ self.params[0].T


class Listed_Rnn:
    def __init__(self, Wx, Wh, b):  # type: ignore[no-untyped-def]
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(each) for each in self.params]

    def forward(self, x, h_prev):  # type: ignore[no-untyped-def]
        self.cache = x, h_prev, np.tanh(h_prev @ self.params[1] + x @ self.params[0] + self.params[2])
        return self.cache[2]

    def backward(self, dh_next):  # type: ignore[no-untyped-def]
        x, h_prev, h_next = self.cache
        dt = dh_next * (1 - h_next**2)
        for held, found in zip(self.grads, (x.T @ dt, h_prev.T @ dt, dt.sum(0)), strict=True):
            held[...] = found
        return dt @ self.params[0].T, dt @ self.params[1].T


class Annotated_LayerNorm:
    """The Annotated Transformer's names."""

    def __init__(self, features, eps=1e-6):  # type: ignore[no-untyped-def]
        self.a_2, self.b_2, self.eps = np.ones(features), np.zeros(features), eps

    def forward(self, x):  # type: ignore[no-untyped-def]
        self.iv = 1 / np.sqrt(x.var(-1, keepdims=True) + self.eps)
        self.xh = (x - x.mean(-1, keepdims=True)) * self.iv
        return self.a_2 * self.xh + self.b_2

    def backward(self, dout):  # type: ignore[no-untyped-def]
        self.da_2, self.db_2, g = (dout * self.xh).sum(0), dout.sum(0), dout * self.a_2
        means = g.mean(-1, keepdims=True), (g * self.xh).mean(-1, keepdims=True)
        return self.iv * (g - means[0] - self.xh * means[1])


@SELDOM
@pytest.mark.parametrize(("candidate", "operator"), [
    (Listed, "linear"), (Listed_Rnn, "rnn-step"), (Annotated_LayerNorm, "layer-norm"),
])  # fmt: skip
def test_a_gradient_without_a_name_is_the_same_on_every_problem(
    candidate: Callable[..., Any], operator: str
) -> None:
    found = sweep(candidate, operator)
    assert found.failing is None
    returned = [one for one in found.results if one.answer.kind == RETURNED]
    assert len(returned) >= 10
    assert {name for one in returned for name in one.off} == set(found.operator.gradients)


def layernorm_backward(dout, x, eps=1e-5):  # type: ignore[no-untyped-def]
    iv = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    xh = (x - x.mean(-1, keepdims=True)) * iv
    return iv * (dout - dout.mean(-1, keepdims=True) - xh * (dout * xh).mean(-1, keepdims=True))


def batchnorm_backward(dout, x, eps=1e-5):  # type: ignore[no-untyped-def]
    iv = 1 / np.sqrt(x.var(0) + eps)
    xh = (x - x.mean(0)) * iv
    return iv * (dout - dout.mean(0) - xh * (dout * xh).mean(0))


def dense_backward(dz, a_prev, W, b):  # type: ignore[no-untyped-def]
    return np.dot(dz, W.T), np.outer(a_prev, dz), dz


@SELDOM
@pytest.mark.parametrize("candidate", [layernorm_backward, batchnorm_backward, dense_backward])
def test_what_it_never_gets_is_not_held_against_it(candidate: Callable[..., Any]) -> None:
    found = sweep(candidate)
    assert found.failing is None
    assert sum(one.answer.kind == RETURNED for one in found.results) >= 10


# --- what cannot be said


def batchnorm_backward_2d(dout, x, gamma, beta, eps):  # type: ignore[no-untyped-def]
    centred, inverse = x - x.mean(0), 1 / np.sqrt(x.var(0) + eps)
    x_hat, g = centred * inverse, dout * gamma
    return inverse * (g - g.mean(0) - x_hat * (g * x_hat).mean(0)), (dout * x_hat).sum(0), dout.mean(0)


def linear_backward_2d(dout, x, w, b):  # type: ignore[no-untyped-def]
    return dout @ w.T, 2 * x.T @ dout, dout.sum(0)


def dense_backward_1d(delta, a, W):  # type: ignore[no-untyped-def]
    return W.T @ delta, np.outer(delta, a), delta.copy()


@SELDOM
@pytest.mark.parametrize("candidate", [batchnorm_backward_2d, linear_backward_2d, dense_backward_1d])
def test_what_does_not_raise_on_more_axes_by_accident_is_not_meant_for_them(
    candidate: Callable[..., Any],
) -> None:
    found = sweep(candidate)
    heard = [one.answer.problem.arrays["x"].ndim for one in found.results if one.answer.kind != UNSAID]
    assert {*heard} == {2}
    assert any(one.answer.kind == UNSAID for one in found.results)


def pool_forward(A_prev, hparameters, mode="max"):  # type: ignore[no-untyped-def]
    f, stride = hparameters["f"], hparameters["stride"]
    rows, columns = ((n - f) // stride + 1 for n in A_prev.shape[1:3])
    A = np.zeros((len(A_prev), rows, columns, A_prev.shape[3]))
    for i in range(rows):
        for j in range(columns):
            window = A_prev[:, i * stride : i * stride + f, j * stride : j * stride + f]
            A[:, i, j] = window.max(axis=(1, 2)) if mode == "max" else window.mean(axis=(1, 2))
    return A, (A_prev, hparameters)


def pool_backward(dA, cache, mode="max"):  # type: ignore[no-untyped-def]
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    dA_prev = np.zeros(A_prev.shape)
    for n, i, j, c in np.ndindex(dA.shape):
        rows, columns = slice(i * stride, i * stride + f), slice(j * stride, j * stride + f)
        if mode == "max":
            k = np.unravel_index(A_prev[n, rows, columns, c].argmax(), (f, f))
            dA_prev[n, i * stride + k[0], j * stride + k[1], c] += dA[n, i, j, c]
        elif mode == "average":
            dA_prev[n, rows, columns, c] += dA[n, i, j, c] / f / f
    return dA_prev


@SELDOM
def test_windows_that_a_key_cannot_say_are_not_tried_and_both_modes_are() -> None:
    found = sweep(pool_backward)
    assert (found.operator.name, found.convention and found.convention.name) == ("max-pool", "NHWC")
    assert found.failing is None
    assert found.options == {"padding": (0, 0)}
    for one in found.results:
        size, stride = one.answer.problem.options["size"], one.answer.problem.options["stride"]
        assert (one.answer.kind == UNSAID) == (len({*size}) > 1 or len({*stride}) > 1)
    assert any("average pooling" in note for note in found.notes)


def maxpool2x2_backward(dout, x):  # type: ignore[no-untyped-def]
    dx = np.zeros_like(x)
    for i, j in np.ndindex(dout.shape):
        window = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        k = np.unravel_index(window.argmax(), window.shape)
        dx[2 * i + k[0], 2 * j + k[1]] += dout[i, j]
    return dx


@SELDOM
def test_a_single_picture_and_a_window_that_it_always_has_are_found() -> None:
    found = sweep(maxpool2x2_backward)
    assert found.failing is None
    assert dict(found.convention.axes if found.convention else {}) == {"x": "HW", "out": "HW"}
    assert found.options["size"] == (2, 2)
    assert all(one.answer.problem.options["size"] == (2, 2) for one in found.results)


# --- what a forward says


class ZeroPaddedPooling:
    """Its maximum is of the padding too, and so is its backward's: right for its own forward."""

    def __init__(self, pool_h, pool_w, stride=1, pad=0):  # type: ignore[no-untyped-def]
        self.size, self.stride, self.pad = (pool_h, pool_w), stride, pad

    def _windows(self) -> Iterator[tuple[int, int, Any]]:
        f_h, f_w = self.size
        rows, columns = ((n - f) // self.stride + 1 for n, f in zip(self.x.shape[2:], self.size, strict=True))
        for i, j in np.ndindex(rows, columns):
            h, w = i * self.stride, j * self.stride
            yield i, j, np.s_[:, :, h : h + f_h, w : w + f_w]

    def forward(self, x):  # type: ignore[no-untyped-def]
        p = self.pad
        self.x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        last = [*self._windows()][-1]
        out = np.zeros((*x.shape[:2], last[0] + 1, last[1] + 1))
        for i, j, window in self._windows():
            out[:, :, i, j] = self.x[window].max(axis=(2, 3))
        return out

    def backward(self, dout):  # type: ignore[no-untyped-def]
        dx, p = np.zeros_like(self.x), self.pad
        for i, j, window in self._windows():
            part = self.x[window].reshape(*dout.shape[:2], -1)
            mask = np.eye(part.shape[-1])[part.argmax(axis=-1)].reshape(self.x[window].shape)
            dx[window] += mask * dout[:, :, i, j, None, None]
        return dx[:, :, p : dx.shape[2] - p, p : dx.shape[3] - p]


@SELDOM
def test_a_backward_that_is_right_for_another_forward_raises_no_alarm() -> None:
    found = sweep(ZeroPaddedPooling)
    assert found.operator.name == "max-pool"
    assert found.failing is None
    assert any(
        not np.allclose(one.answer.outputs["out"], one.outputs["out"])
        for one in found.results
        if one.answer.outputs
    )


def softmax_loss(x, y):  # type: ignore[no-untyped-def]
    shifted = x - x.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dx = np.exp(log_probs)
    dx[np.arange(len(y)), y] -= 1
    return -log_probs[np.arange(len(y)), y].mean(), dx / len(y)


def cross_entropy_grad(logits, labels):  # type: ignore[no-untyped-def]
    """Labels as rows of zeros with a one; whoever calls it divides by the number of samples."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) - labels


def test_a_loss_needs_no_gradient_from_above_and_may_be_a_sum() -> None:
    mean, total = sweep(softmax_loss), sweep(cross_entropy_grad, "softmax-cross-entropy")
    assert mean.failing is None
    assert total.failing is None
    assert all("loss" in one.answer.outputs for one in mean.results)
    assert any("sum over the samples" in note for note in total.notes)


# --- what goes wrong


def relu_forward(x):  # type: ignore[no-untyped-def]
    return np.maximum(x, 0), x


def relu_backward(dout, cache):  # type: ignore[no-untyped-def]
    dx = dout
    dx[cache <= 0] = 0
    return dx


def test_a_callers_array_that_is_changed_is_said() -> None:
    found = sweep(relu_backward)
    assert found.failing is None
    assert {"dout"} in [{*one.answer.changed} for one in found.results]


def dense_backward(dout, x, w):  # type: ignore[no-untyped-def,no-redef]
    if x.shape == (3, 3):
        time.sleep(600)
    dout[1]  # with one sample there is none
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


@SELDOM
def test_a_hang_and_an_exception_are_those_of_their_problem() -> None:
    found = sweep(dense_backward, timeout=3)  # the others return in this, however busy the machine is
    kinds = {one.answer.problem.arrays["x"].shape: one.answer for one in found.results}
    assert kinds[2, 3].kind == RETURNED
    assert kinds[3, 3].kind == HUNG
    assert kinds[1, 3].kind == RAISED
    assert kinds[1, 3].message.startswith("IndexError")
    assert kinds[1, 3].line_text.startswith("dout[1]")


def batchnorm_backward(first, second, third, fourth, fifth):  # type: ignore[no-untyped-def,no-redef]
    return first


@SELDOM
def test_what_cannot_be_called_says_what_was_tried() -> None:
    with pytest.raises(CannotCall, match="batch normalization") as raised:
        sweep(batchnorm_backward)
    assert raised.value.tried
    assert "there is no value for" in raised.value.tried[0].message


def embedding_backward(dout, cache):  # type: ignore[no-untyped-def]
    words, table = cache
    if words.ndim != 2:
        raise ValueError("words must be sentences")
    dtable = np.zeros_like(table)
    np.add.at(dtable, words, dout)
    return dtable


def test_what_it_refuses_on_purpose_is_not_wrong() -> None:
    found = sweep(embedding_backward)
    kinds = {one.answer.problem.arrays["x"].ndim: one.answer.kind for one in found.results}
    assert kinds[2] == RETURNED
    assert {*kinds.values()} == {RETURNED, REFUSED}
    assert found.failing is None


def conv_backward(dZ, cache):  # type: ignore[no-untyped-def]
    return dZ, dZ, dZ


def test_a_convolution_is_left_to_its_own_path() -> None:
    with open_caller(conv_backward) as worker:
        assert swept(worker) is None
        assert swept(worker, "conv2d") is None


class LeakyRelu:
    def forward(self, x):  # type: ignore[no-untyped-def]
        self.x = x
        return np.where(x > 0, x, 0.2 * x)

    def backward(self, dout):  # type: ignore[no-untyped-def]
        return np.where(self.x > 0, dout, 0.2 * dout)


def softmax_cross_entropy(x, y):  # type: ignore[no-untyped-def]
    """Each class alone, by a sigmoid."""
    p, t = 1 / (1 + np.exp(-x)), np.eye(x.shape[1])[y]
    return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / len(x), (p - t) / len(x)


@SELDOM
@pytest.mark.parametrize(
    ("candidate", "operator"), [(LeakyRelu, "relu"), (softmax_cross_entropy, "softmax-cross-entropy")]
)
def test_what_computes_something_else_on_most_problems_is_another_operator(
    candidate: Callable[..., Any], operator: str
) -> None:
    with pytest.raises(CannotCall, match="its own forward returns something else"):
        sweep(candidate, operator)


def noisy_linear_backward(dout, x, w, b):  # type: ignore[no-untyped-def]
    return dout @ w.T, x.T @ dout + 1e-3 * np.random.randn(*w.shape), dout.sum(0)


def test_a_gradient_that_is_another_each_time_is_known_by_calling_twice() -> None:
    assert sweep(noisy_linear_backward).varying == ("dw",)


class Updating:
    """A layer that goes down its gradients itself, as far as its constructor says."""

    def __init__(self, n_inputs, n_outputs, learning_rate=0.01):  # type: ignore[no-untyped-def]
        self.kernel = np.ones((n_inputs, n_outputs), np.float32)
        self.bias = np.zeros(n_outputs, np.float32)
        self.learning_rate = learning_rate

    def forward(self, x):  # type: ignore[no-untyped-def]
        self.x = x
        return x @ self.kernel + self.bias

    def slopes(self, error: Any) -> Any:
        return self.x.T @ error, error.sum(axis=0)

    def backward(self, error):  # type: ignore[no-untyped-def]
        back, (by_kernel, by_bias) = error @ self.kernel.T, self.slopes(error)
        self.kernel = self.kernel - self.learning_rate * by_kernel
        self.bias = self.bias - self.learning_rate * by_bias
        return back


class Averaging(Updating):
    def slopes(self, error: Any) -> Any:
        return self.x.T @ error / len(error), error.mean(axis=0)


class FirstRowAlone(Updating):
    def slopes(self, error: Any) -> Any:
        return self.x.T @ error, error[0]


class Heavy(Updating):
    """With momentum, of which one step is no gradient."""

    def backward(self, error):  # type: ignore[no-untyped-def]
        held = getattr(self, "momentum_kernel", 0.0)
        if not np.ndim(held):
            self.momentum_kernel = np.zeros_like(self.kernel)
        back = error @ self.kernel.T
        self.momentum_kernel = 0.9 * self.momentum_kernel + 0.1 * (self.x.T @ error)
        self.kernel = self.kernel - self.learning_rate * self.momentum_kernel
        return back


class MadeLater(Updating):
    """A layer that is told how wide x is before its first batch."""

    def __init__(self, n_outputs, learning_rate=0.01):  # type: ignore[no-untyped-def]
        self.n_outputs, self.learning_rate = n_outputs, learning_rate

    def build(self, n_inputs):  # type: ignore[no-untyped-def]
        self.kernel, self.bias = np.ones((n_inputs, self.n_outputs)), np.zeros(self.n_outputs)


class ByOptimizer:
    """A layer that is set up by its model, with an optimizer for each weight."""

    def __init__(self, n_units, input_shape=None):  # type: ignore[no-untyped-def]
        self.n_units, self.input_shape = n_units, input_shape
        self.W: Any = None

    def initialize(self, optimizer):  # type: ignore[no-untyped-def]
        self.W = np.ones((self.input_shape[0], self.n_units))
        self.w0 = np.zeros((1, self.n_units))
        self.for_W, self.for_w0 = copy.copy(optimizer), copy.copy(optimizer)

    def forward_pass(self, rows, training=True):  # type: ignore[no-untyped-def]
        self.rows = rows
        return rows.dot(self.W) + self.w0

    def backward_pass(self, accum_grad):  # type: ignore[no-untyped-def]
        before = self.W
        self.W = self.for_W.update(self.W, self.rows.T.dot(accum_grad))
        self.w0 = self.for_w0.update(self.w0, accum_grad.sum(axis=0, keepdims=True))
        return accum_grad.dot(before.T)


@SELDOM
@pytest.mark.parametrize("candidate", [Updating, Averaging, MadeLater, ByOptimizer])
def test_weights_that_a_layer_updates_are_judged_by_what_they_change_by(
    candidate: Callable[..., Any],
) -> None:
    found = sweep(candidate, "linear")
    assert found.failing is None
    assert any("from what the weights change by" in note for note in notes(found))
    assert not not_computed(found)


@SELDOM
def test_a_wrong_update_is_wrong() -> None:
    found = sweep(FirstRowAlone, "linear")
    assert found.failing is not None
    assert {name for one in found.results for name, share in one.off.items() if share > 1} == {"db"}


@SELDOM
def test_the_change_of_weights_with_a_momentum_is_not_looked_at() -> None:
    found = sweep(Heavy, "linear")
    assert found.failing is None
    assert "dw" in not_computed(found)


class OneSample:
    """A tutorial's layer, whose bias is updated by the gradient of one row."""

    def __init__(self, input_size, output_size):  # type: ignore[no-untyped-def]
        self.weights, self.bias = np.zeros((input_size, output_size)), np.zeros((1, output_size))

    def forward_propagation(self, input_data):  # type: ignore[no-untyped-def]
        self.input = input_data
        return np.dot(input_data, self.weights) + self.bias

    def backward_propagation(self, output_error, learning_rate):  # type: ignore[no-untyped-def]
        error, weights_error = np.dot(output_error, self.weights.T), np.dot(self.input.T, output_error)
        self.weights -= learning_rate * weights_error
        self.bias -= learning_rate * output_error
        return error


def fully_connected_backward(dz, a_prev, W, b):  # type: ignore[no-untyped-def]
    return np.dot(dz, W.T), np.outer(a_prev, dz), dz


@SELDOM
@pytest.mark.parametrize("candidate", [OneSample, fully_connected_backward])
def test_a_layer_for_one_sample_is_called_with_one(candidate: Callable[..., Any]) -> None:
    found = sweep(candidate, "linear")
    assert found.failing is None
    assert sum(one.answer.kind == RETURNED for one in found.results) > 10
    assert not any("divided" in note for note in found.notes)


def averaging_linear_backward(dout, x, W, b):  # type: ignore[no-untyped-def]
    return dout @ W / len(x), dout.T @ x / len(x), dout.mean(axis=0)


def unsummed_linear_backward(dout, x, W):  # type: ignore[no-untyped-def]
    return dout @ W.T, x.T @ dout, dout


@SELDOM
@pytest.mark.parametrize("candidate", [averaging_linear_backward, unsummed_linear_backward])
def test_a_mistake_that_one_sample_does_not_show_is_not_hidden_by_calling_with_one(
    candidate: Callable[..., Any],
) -> None:
    assert sweep(candidate).failing is not None


# --- what nothing says


def max_pool_backward(dout, x):  # type: ignore[no-untyped-def]
    """Of the whole picture, over axes (2, 3)."""
    return (x == x.max((2, 3), keepdims=True)) * dout


def avg_pool_backward(dout, x):  # type: ignore[no-untyped-def]
    return dout * np.ones_like(x)


def softmax_loss_of_a_classifier(W, X, y, reg):  # type: ignore[no-untyped-def]
    scores = X.dot(W)
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean() + reg * np.sum(W * W)
    p[np.arange(len(y)), y] -= 1
    return loss, X.T.dot(p) / len(y) + 2 * reg * W


@SELDOM
@pytest.mark.parametrize(("candidate", "said"), some([
    (max_pool_backward, "how large its windows are"), (avg_pool_backward, "how large its windows are"),
    (softmax_loss_of_a_classifier, "no value for W"),
]))  # fmt: skip
def test_what_it_would_have_to_be_told_is_not_guessed(candidate: Callable[..., Any], said: str) -> None:
    with pytest.raises(CannotCall, match=said):
        sweep(candidate)


class AvgPool2d:
    """It has a padding, and does not pad."""

    def __init__(self, kernel_size, stride, padding=0):  # type: ignore[no-untyped-def]
        self.k, self.s, self.p = kernel_size, stride, padding

    def forward(self, x):  # type: ignore[no-untyped-def]
        self.x, k, s = x, self.k, self.s
        made = np.zeros((*x.shape[:2], (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1))
        for i, j in np.ndindex(made.shape[2:]):
            made[:, :, i, j] = x[:, :, i * s : i * s + k, j * s : j * s + k].mean((2, 3))
        return made

    def backward(self, d):  # type: ignore[no-untyped-def]
        k, s, dx = self.k, self.s, np.zeros_like(self.x)
        for i, j in np.ndindex(d.shape[2:]):
            dx[:, :, i * s : i * s + k, j * s : j * s + k] += d[:, :, i : i + 1, j : j + 1] / k**2
        return dx


@SELDOM
def test_a_padding_that_is_not_used_is_said() -> None:
    found = sweep(AvgPool2d)
    assert found.failing is None
    assert any("holds without padding" in note for note in found.notes)


class PairedPool:
    """Its kernel is a pair, and its stride a number."""

    def __init__(self, kernel_size, stride):  # type: ignore[no-untyped-def]
        self.kernel_size, self.stride = kernel_size, stride

    def forward(self, x):  # type: ignore[no-untyped-def]
        (kh, kw), s = self.kernel_size, self.stride
        self.x = x
        self.windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), (2, 3))[:, :, ::s, ::s]
        return self.windows.max((-2, -1))

    def backward(self, d):  # type: ignore[no-untyped-def]
        dx, (_, kw) = np.zeros_like(self.x), self.kernel_size
        for n, c, i, j in np.ndindex(d.shape):
            row, column = divmod(int(self.windows[n, c, i, j].argmax()), kw)
            dx[n, c, i * self.stride + row, j * self.stride + column] += d[n, c, i, j]
        return dx


def test_a_pair_and_a_number_are_told_apart() -> None:
    found = sweep(PairedPool, "max-pool")
    assert found.failing is None
    assert any(len({*one.answer.problem.options["size"]}) > 1 for one in found.results if one.off)


# --- what asks, and what is made late


class Late:
    """ML From Scratch: its model tells it the shape, and has its weights made."""

    def __init__(self, n_units, input_shape=None, bias: bool = True):  # type: ignore[no-untyped-def]
        self.n_units, self.input_shape = n_units, input_shape
        self.W: Any = None
        self.bias = np.zeros((1, n_units)) if bias else None

    def initialize(self, optimizer=None):  # type: ignore[no-untyped-def]
        self.W = np.ones((self.input_shape[0], self.n_units))

    def forward_pass(self, X, training=True):  # type: ignore[no-untyped-def]
        self.layer_input = X
        return X.dot(self.W) + self.bias

    def backward_pass(self, accum_grad):  # type: ignore[no-untyped-def]
        self.grad_W, self.grad_bias = self.layer_input.T @ accum_grad, accum_grad.sum(0, keepdims=True)
        return accum_grad @ self.W.T


def relu_or_its_slope(x, derivative=False):  # type: ignore[no-untyped-def]
    return np.where(x > 0, 1.0, 0.0) if derivative else np.maximum(0, x)


def lstm_cell_backward(da_next, dc_next, cache):  # type: ignore[no-untyped-def]
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters) = cache
    units, slope, above = len(a_next), np.tanh(c_next), np.concatenate((a_prev, xt))
    dc = dc_next + da_next * ot * (1 - slope**2)
    gates = {
        "f": dc * c_prev * ft * (1 - ft),
        "i": dc * cct * it * (1 - it),
        "c": dc * it * (1 - cct**2),
        "o": da_next * slope * ot * (1 - ot),
    }
    da = sum(parameters[f"W{gate}"].T @ dz for gate, dz in gates.items())
    found = {f"dW{gate}": dz @ above.T for gate, dz in gates.items()}
    found |= {f"db{gate}": dz.sum(1, keepdims=True) for gate, dz in gates.items()}
    return {**found, "dxt": da[units:], "da_prev": da[:units], "dc_prev": dc * ft}


@SELDOM
@pytest.mark.parametrize(("candidate", "operator"), [
    (Late, "linear"), (relu_or_its_slope, "relu"), (lstm_cell_backward, "lstm-step"),
])  # fmt: skip
def test_flags_shapes_and_what_a_forward_keeps_are_told(candidate: Callable[..., Any], operator: str) -> None:
    found = sweep(candidate, operator)
    assert found.failing is None
    returned = [one for one in found.results if one.answer.kind == RETURNED]
    assert len(returned) >= 20
    assert {name for one in returned for name in one.off} == set(found.operator.gradients)
