"""A backward is called by what its parameters are called, however its arrays lie, and never wrongly."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.nn import grad as gradients_of

from convstep.candidate.call.conventions import convention_of
from convstep.candidate.call.outcome import CannotCall
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import cases_for, right_of
from convstep.candidate.check.detect_convention import detect_convention
from convstep.candidate.check.grade import Result, grade
from tests.strategies import some
from tests.waiting import GENEROUS

conv2d_input: Any = gradients_of.conv2d_input
conv2d_weight: Any = gradients_of.conv2d_weight


def tried(function: Callable[..., Any]) -> tuple[str, list[Result]]:
    """How a function is called, and what becomes of some of the problems that can be told to it so."""
    with Worker.of_function(function, GENEROUS) as running:
        call, reason, _ = detect_convention(running)
        cases = cases_for(convention_of(call), running.candidate)[0][3::8]
        return reason, [
            grade(each, right_of(each), running.call(call, right_of(each).problem)) for each in cases
        ]


def core(x: Any, w: Any, g: Any, s: Any = 1, p: Any = 0) -> Any:
    """dx, dw, db of NCHW and OIHW."""
    around = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dx, dw = np.zeros(around.shape), np.zeros(w.shape)
    k, m = w.shape[2:]
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            window = np.s_[:, :, i * s : i * s + k, j * s : j * s + m]
            dw += np.einsum("nf,nchw->fchw", g[:, :, i, j], around[window])
            dx[window] += np.einsum("nf,fchw->nchw", g[:, :, i, j], w)
    return dx[:, :, p : p + x.shape[2], p : p + x.shape[3]], dw, g.sum((0, 2, 3))


def made(x: Any, w: Any, b: Any, s: int = 1, p: int = 0) -> Any:
    """Z of NCHW and OIHW."""
    around = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    k, m = w.shape[2:]
    rows, columns = (around.shape[2] - k) // s + 1, (around.shape[3] - m) // s + 1
    Z = np.zeros((len(x), len(w), rows, columns))
    for i in range(rows):
        for j in range(columns):
            part = around[:, :, i * s : i * s + k, j * s : j * s + m]
            Z[:, :, i, j] = np.tensordot(part, w, ([1, 2, 3], [1, 2, 3])) + b
    return Z


def weights_first(kernel: Any, image: Any, upstream: Any, pad: int, step: int) -> Any:
    dx, dw, _ = core(image, kernel, upstream, step, pad)
    return dw, dx


def one_gradient(dy: Any, w: Any, input_shape: Any, strides: int = 1) -> Any:
    return core(np.zeros(input_shape), w, dy, strides)[0]


def kernel_gradient(x: Any, w_shape: Any, grad: Any, stride: int, padding: int) -> Any:
    return core(x, np.zeros(w_shape), grad, stride, padding)[1]


def by_keyword(*, inputs: Any, filters: Any, delta: Any, stride: int = 1) -> Any:
    dx, dw, _ = core(inputs, filters, delta, stride)
    return {"dfilters": dw, "dinputs": dx}


def names_say_nothing(p1: Any, p2: Any, p3: Any) -> Any:
    dx, dw, db = core(p3, p1, p2)
    return db, dw, dx


Grads = namedtuple("Grads", "dx dw db")


def one_picture(dout: Any, x: Any, w: Any, b: Any, stride: int = 1) -> Any:
    dx, dw, db = core(x[None], w, dout[None], stride)
    return Grads(dx[0], dw, db.reshape(b.shape)) if b.shape == (len(w), 1) else np.zeros(2) + np.zeros(3)


def channels_last(dy: Any, x: Any, w: Any, padding: int = 0) -> Any:
    dx, dw, db = core(x.transpose(0, 3, 1, 2), w.transpose(0, 3, 1, 2), dy.transpose(0, 3, 1, 2), 1, padding)
    return dw.transpose(0, 2, 3, 1), dx.transpose(0, 2, 3, 1), db


def rows_columns_channels(err: Any, image: Any, kernel: Any, stride: int = 1) -> Any:
    dx, dw, _ = core(
        image.transpose(2, 0, 1)[None], kernel.transpose(3, 2, 0, 1), err.transpose(2, 0, 1)[None], stride
    )
    return [dx[0].transpose(1, 2, 0), dw.transpose(2, 3, 1, 0)]


@dataclass
class Both:
    dkernel: Any
    dimage: Any


def plane(g: Any, image: Any, kernel: Any) -> Any:
    dx, dw, _ = core(image[None, None], kernel[None, None], g[None, None])
    return Both(dw[0, 0], dx[0, 0])


def own_same(dout: Any, x: Any, w: Any, b: Any) -> Any:
    return (*core(x, w, dout, 1, w.shape[2] // 2)[:2], None)


def word_for_padding(dout: Any, x: Any, w: Any, padding: str = "VALID") -> Any:
    return core(x, w, dout, 1, w.shape[2] // 2 if padding == "SAME" else 0)


def dilated_by_int(
    dout: Any, x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Any:
    k, m = ((n - 1) * dilation + 1 for n in w.shape[2:])
    spread = np.zeros((*w.shape[:2], k, m))
    spread[:, :, ::dilation, ::dilation] = w
    dx, dw, db = core(x, spread, dout, stride, padding)
    return dx, dw[:, :, ::dilation, ::dilation], db


def settings(dZ: Any, A_prev: Any, W: Any, b: Any, hparameters: Any) -> Any:
    s, p = hparameters["stride"], hparameters["pad"]
    x, w, g = A_prev.transpose(0, 3, 1, 2), W.transpose(3, 2, 0, 1), dZ.transpose(0, 3, 1, 2)
    dx, dw, db = core(x, w, g, s, p)
    return dx.transpose(0, 2, 3, 1), dw.transpose(2, 3, 1, 0), db.reshape(1, 1, 1, -1)


def of_the_layer(dz: Any, cache: Any) -> Any:
    x, w, b, given = cache
    assert len(b) == len(w)
    return core(x, w, dz, given["conv_stride"], given["conv_pad"])


def takes_apart(dout: Any, cache: Any) -> Any:
    x, x_padded, w, bias, stride, pad = cache
    assert len(bias) == len(w)
    assert x_padded.shape[2] == x.shape[2] + 2 * pad
    return core(x, w, dout, stride, pad)


def called_forward(X: Any, W: Any, b: Any, *, stride: int = 1, pad: int = 0, activation: Any = "relu") -> Any:
    Z = made(X, W, b, stride, pad)
    Z = np.maximum(Z, 0) if activation == "relu" else Z
    return Z, {"all": (X, W, stride, pad), "mask": Z > 0 if activation == "relu" else 1}


def called_backward(dout: Any, cache: Any) -> Any:
    X, W, stride, pad = cache["all"]
    return core(X, W, dout * cache["mask"], stride, pad)


def rounding_forward(x: Any, w: Any, b: Any, stride: int, pad: int) -> Any:
    if (x.shape[2] + 2 * pad - w.shape[2]) % stride:
        np.zeros(2) + np.zeros(3)
    return made(x, w, b, stride, pad), x * 2, (stride, pad)


def rounding_backward(g: Any, w: Any, twice: Any, geometry: Any) -> Any:
    return core(twice / 2, w, g, *geometry)


def closure(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    return made(x, w, b, stride, padding), lambda dout: core(x, w, dout, stride, padding)


def pairs_only(grad_output: Any, input: Any, weight: Any, bias: Any, stride: Any, padding: Any) -> Any:
    (s, t), (p, q) = stride, padding
    if (s, p) != (t, q):
        raise NotImplementedError("squares")
    return core(input, weight, grad_output, s, p)


class Saved:
    """A ctx of its own."""

    def save_for_backward(self, *values: Any) -> None:
        self.kept = values


class OwnContext:
    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, stride: int = 1) -> Any:
        ctx.save_for_backward(x, w)
        ctx.step = stride
        return made(x, w, 0, stride)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        x, w = ctx.kept
        return core(x, w, grad, ctx.step)[:2]


class OnTensors:
    @staticmethod
    def backward(dout: Any, cache: Any) -> Any:
        x, w, _, conv_param = cache
        how = conv_param["stride"], conv_param["pad"]
        return (
            conv2d_input(x.shape, w, dout, *how),
            conv2d_weight(x, w.shape, dout, *how),
            dout.sum((0, 2, 3)),
        )


def on_tensors(gy: Any, x: Any, w: Any, stride: int = 1, padding: int = 0) -> Any:
    return conv2d_input(x.shape, w, gy, stride, padding), conv2d_weight(x, w.shape, gy, stride, padding)


class TwoInputs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, img: Any, ker: Any) -> Any:
        ctx.save_for_backward(img, ker)
        return functional.conv2d(img, ker)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        img, ker = ctx.saved_tensors
        return conv2d_input(img.shape, ker, grads[0]), conv2d_weight(img, ker.shape, grads[0])


class SetUp(torch.autograd.Function):
    @staticmethod
    def forward(w: Any, x: Any, padding: Any) -> Any:
        return functional.conv2d(x, w, padding=padding)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *kept, ctx.p = inputs
        ctx.save_for_backward(*kept)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        w, x = ctx.saved_tensors
        dw = conv2d_weight(x, w.shape, grads[0], padding=ctx.p)
        return dw, conv2d_input(x.shape, w, grads[0], padding=ctx.p), None


class Ints(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, b: Any, stride: int, padding: int) -> Any:
        rows = (x.shape[2] + 2 * padding - w.shape[2]) // stride + 1
        ctx.save_for_backward(x, w)
        ctx.how = stride, padding
        return functional.conv2d(x, w, b, stride, padding)[:, :, :rows]

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        x, w = ctx.saved_tensors
        g = grads[0]
        return (
            conv2d_input(x.shape, w, g, *ctx.how),
            conv2d_weight(x, w.shape, g, *ctx.how),
            g.sum((0, 2, 3)),
            None,
            None,
        )


class Same(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, b: Any) -> Any:
        ctx.save_for_backward(x, w)
        return functional.conv2d(x, w, b, padding=w.shape[-1] // 2)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        x, w = ctx.saved_tensors
        g, p = grads[0], w.shape[-1] // 2
        return (
            conv2d_input(x.shape, w, g, padding=p),
            conv2d_weight(x, w.shape, g, padding=p),
            g.sum((0, 2, 3)),
        )


def settings_inside(upstream_gradient: Any, weights: Any, memo: Any) -> Any:
    x, conf = memo["signal"], memo["setup"]
    dx, dw, db = core(x, weights["kernel"], upstream_gradient, conf["conv"]["stride"], conf.get("pad", 0))
    return dx, {"kernel": dw, "offset": db}


def unheard_of(*, cotan: Any, pic: Any, bank: Any, margin: int = 0) -> Any:
    return core(pic, bank, cotan, 1, margin)


def tf_same(dy: Any, x: Any, w: Any, stride: int) -> Any:
    ends = [
        max((-(-n // stride) - 1) * stride + k - n, 0) for n, k in zip(x.shape[2:], w.shape[2:], strict=True)
    ]
    before = [end // 2 for end in ends]
    padded = np.pad(x, ((0, 0), (0, 0), *((at, end - at) for at, end in zip(before, ends, strict=True))))
    dx, dw, _ = core(padded, w, dy, stride)
    return dx[:, :, before[0] :, before[1] :][:, :, : x.shape[2], : x.shape[3]], dw


def couples(gradient: Any, entree: Any, noyau: Any, marge: Any) -> Any:
    p, q = marge
    dx, dw, _ = core(np.pad(entree, ((0, 0), (0, 0), (p, p), (q, q))), noyau, gradient)
    return dx[:, :, p : p + entree.shape[2], q : q + entree.shape[3]], dw


class Options(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, filt: Any, opts: Any, extra: Any) -> Any:
        step, ctx.room = opts
        ctx.step = step
        ctx.save_for_backward(x, filt)
        return functional.conv2d(x, filt, extra, stride=step, padding=ctx.room)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (x, w), s, p = ctx.saved_tensors, ctx.step, ctx.room
        dx, dw = conv2d_input(x.shape, w, grads[0], s, p), conv2d_weight(x, w.shape, grads[0], s, p)
        return dx, dw, None, grads[0].sum((0, 2, 3))


class Keeps:
    @staticmethod
    def forward(ctx: Any, a: Any, w: Any) -> Any:
        ctx.store(a, w)
        return made(a, w, 0)

    @staticmethod
    def backward(ctx: Any, grad_output: Any) -> Any:
        a, w = ctx.stored_values
        return core(a, w, grad_output)[:2]


def column(dz: Any, x: Any, w: Any, step: int = 1) -> Any:
    dx, dw, sums = core(x, w, dz, step)
    db = np.zeros((w.shape[0], 1))
    db[:, 0] = sums
    return dw, db, dx


RIGHT = [
    (settings_inside, "memo (signal, stride, pad)"),
    (unheard_of, "unheard_of(cotan, pic, bank, margin)"),
    (tf_same, "padding so that ceil(size / stride) places come out"),
    (Options, "Options(x, filt, opts, extra), opts (step, room)"),
    (Keeps.backward, "Keeps.backward(ctx, grad_output)"),
    (column, ""),
    (couples, "couples(gradient, entree, noyau, marge)"),
    (
        weights_first,
        "weights_first(kernel, image, upstream, pad, step): pictures (N, C, H, W), kernels (F, C, K, L)",
    ),
    (one_gradient, ""),
    (kernel_gradient, ""),
    (word_for_padding, ""),
    (by_keyword, "by_keyword(inputs, filters, delta, stride): pictures (N, C, H, W)"),
    (
        names_say_nothing,
        "names_say_nothing(p1, p2, p3): pictures (N, C, H, W), kernels (F, C, K, L), no padding",
    ),
    (one_picture, "pictures (C, H, W), kernels (F, C, K, L), bias (F, 1)"),
    (channels_last, "pictures (N, H, W, C), kernels (F, K, L, C)"),
    (rows_columns_channels, "pictures (H, W, C), kernels (K, L, C, F)"),
    (plane, "pictures (H, W), kernels (K, L), no padding"),
    (own_same, "padding always half the kernel"),
    (dilated_by_int, "its signature is (dout, x, w, b, stride, padding, dilation)"),
    (settings, "pictures (N, H, W, C), kernels (K, L, C, F)"),
    (of_the_layer, "of_the_layer(dz, cache), cache (x, w, b"),
    (takes_apart, "takes_apart(dout, cache), cache (x, x_padded, w, bias, stride, pad)"),
    (called_backward, "called_backward(dout, cache) after called_forward(X, W, b, stride, pad, activation)"),
    (rounding_backward, "after rounding_forward(x, w, b, stride, pad)"),
    (closure, "out, back = closure(x, w, b, stride, padding); back(dZ)"),
    (pairs_only, "pairs_only(grad_output, input, weight, bias, stride, padding)"),
    (OwnContext.backward, "OwnContext.backward(ctx, grad) after OwnContext.forward(ctx, x, w, stride)"),
    (OnTensors.backward, "with tensors"),
    (on_tensors, ""),
    (TwoInputs, "TwoInputs(img, ker): pictures (N, C, H, W), kernels (F, C, K, L), no padding, tensors"),
    (SetUp, "SetUp(w, x, padding)"),
    (Ints, "Ints(x, w, b, stride, padding)"),
    (Same, "padding always half the kernel"),
]


@pytest.mark.parametrize(
    ("function", "how"), some(RIGHT, 10), ids=lambda given: getattr(given, "__qualname__", "")
)
def test_what_is_right_is_called_rightly(function: Callable[..., Any], how: str) -> None:
    reason, results = tried(function)
    assert how in reason
    assert not [result.outcome for result in results if result.failed]
    assert sum(result.ok for result in results) >= 4


def flipped(kernel: Any, image: Any, upstream: Any, pad: int, step: int) -> Any:
    dw, dx = weights_first(kernel, image, upstream, pad, step)
    return dw[:, :, ::-1, ::-1], dx


def misspelt(kernel: Any, image: Any, upstream: Any) -> Any:
    return kernel * imagee  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize("function", some([flipped, misspelt]))
def test_what_is_wrong_stays_wrong(function: Callable[..., Any]) -> None:
    _, results = tried(function)
    assert any(result.failed for result in results)
    assert not any(result.wrong("dA_prev") for result in results)


def conv1d_gradients(g: Any, x: Any, w: Any) -> Any:
    return core(x[:, :, None], w[:, :, None], g[:, :, None])


def sides_backward(dout: Any, x: Any, w: Any) -> Any:
    C, K, L = w.shape
    raise ValueError(f"{C} channels, kernels of {K}x{L}")


def line_backward(dout: Any, x: Any, w: Any) -> Any:
    n, c, length = x.shape
    return core(x.reshape(n, c, 1, length), w[:, :, None], dout[:, :, None])


def dense_backward(dout: Any, cache: Any) -> Any:
    x, w, _ = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)


def pool_backward(dout: Any, cache: Any) -> Any:
    x, pool_param = cache
    return x * pool_param["size"]


def max_pool_backward(dout: Any, x: Any, pool_size: int, stride: int) -> Any:
    return np.zeros_like(x)


def train(X: Any, y: Any, epochs: int, lr: float) -> Any:
    return X @ y


def conv_backward(dout: Any, cache: Any) -> Any:
    """Write it."""
    raise NotImplementedError


def all_none(dout: Any, cache: Any) -> Any:
    dx, dw, db = None, None, None
    return dx, dw, db


@pytest.mark.parametrize(
    ("function", "sentence"),
    some(
        [
            (conv1d_gradients, "conv1d_gradients(g, x, w): this looks like a conv1d"),
            (line_backward, "line_backward(dout, x, w): this looks like a conv1d"),
            (sides_backward, "sides_backward(dout, x, w) fits no convention"),
            (called_forward, "called_forward is a forward; name its backward"),
            (made, "made is a forward; name its backward"),
            (conv_backward, "conv_backward is not written yet"),
            (all_none, "all_none is not written yet"),
            (dense_backward, "dense_backward(dout, cache) fits no convention"),
            (max_pool_backward, "max_pool_backward(dout, x, pool_size, stride) fits no convention"),
            (train, "train(X, y, epochs, lr) fits no convention"),
            (pool_backward, "pool_backward(dout, cache) fits no convention"),
        ],
        5,
    ),
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_what_cannot_be_called_is_never_called_wrong(function: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(CannotCall) as caught:
        tried(function)
    assert str(caught.value).startswith(sentence)
    messages = [attempt.message for attempt in caught.value.tried]
    assert len(messages) == len(set(messages)) <= 12
    assert "written" in sentence or "conv1d_" in sentence or messages
