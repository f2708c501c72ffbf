"""Transposed conv2d: x (N, C, H, W), w (C, F, KH, KW), b (F,)."""

from __future__ import annotations

from typing import Any

import torch

from tests.candidate.operators.corpus_b.common import (
    Call,
    Draw,
    Gradients,
    Problem,
    gradients,
    named,
    tensors,
)

NAMES = "dx dw db"
SHAPES = [
    # n, c, h, w, f, kh, kw, stride, pad, output_pad
    (2, 3, 3, 4, 2, 3, 2, 1, 0, 0),
    (1, 2, 3, 2, 3, 3, 3, 2, 1, 1),
    (2, 2, 2, 3, 2, 2, 3, 2, 0, 1),  # the added row is reached by no window
    (1, 3, 2, 2, 2, 4, 3, 3, 1, 2),
    (2, 1, 3, 2, 1, 2, 2, 3, 0, 0),  # the windows do not touch
    (2, 2, 4, 3, 3, 2, 2, 2, 1, 0),  # from here the kernel less one is cropped
    (1, 3, 3, 3, 2, 3, 3, 2, 2, 0),
    (1, 2, 4, 4, 3, 2, 2, 1, 1, 0),
    (2, 2, 2, 3, 2, 1, 1, 2, 0, 0),
]


def problems(rng: Draw) -> list[Problem]:
    drawn = []
    for n, c, h, wide, f, kh, kw, stride, pad, more in SHAPES:
        x, w, b = rng.normal(size=(n, c, h, wide)), rng.normal(size=(c, f, kh, kw)), rng.normal(size=f)
        rows, columns = (h - 1) * stride - 2 * pad + kh + more, (wide - 1) * stride - 2 * pad + kw + more
        dout = rng.normal(size=(n, f, rows, columns))
        drawn.append(Problem(x=x, w=w, b=b, dout=dout, stride=stride, pad=pad, more=more))
    return drawn


def reference(p: Problem) -> Gradients:
    def run(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.conv_transpose2d(x, w, b, p.stride, p.pad, p.more)

    return gradients(run, p.dout, x=p.x, w=p.w, b=p.b)


def cs231n(module: Any, p: Problem) -> Gradients:
    param = {"stride": p.stride, "pad": p.pad, "output_pad": p.more}
    cache = module.conv_transpose2d_forward(p.x, p.w, p.b, param)[1]
    return named(NAMES, module.conv_transpose2d_backward(p.dout, cache))


def loops(module: Any, p: Problem) -> Gradients:
    cache = module.deconv_forward(p.x, p.w, p.b, p.stride, p.pad, p.more)[1]
    return named(NAMES, module.deconv_backward(p.dout, cache))


def cmu(module: Any, p: Problem) -> Gradients | None:
    """An upsampling and a valid convolution: the kernel turned, the whole border cropped."""
    c, f, kh, kw = p.w.shape
    if not (kh == kw and p.pad == kh - 1 and p.more == 0):
        return None
    w = p.w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1].copy()
    layer = module.ConvTranspose2d(c, f, kh, p.stride, lambda *_: w, lambda *_: p.b)
    layer.forward(p.x)
    dx, inner = layer.backward(p.dout), layer.conv2d_stride1
    return named(NAMES, (dx, inner.dLdW[:, :, ::-1, ::-1].transpose(1, 0, 2, 3), inner.dLdb))


def function(name: str) -> Call:
    def call(module: Any, p: Problem) -> Gradients:
        def run(*leaves: torch.Tensor) -> Any:
            return getattr(module, name).apply(*leaves, p.stride, p.pad, p.more)

        return gradients(run, p.dout, x=p.x, w=p.w, b=p.b)

    return call


def plain(module: Any, p: Problem) -> Gradients:
    grads = module.conv_transpose2d_backward(p.dout, p.x, p.w, p.b, p.stride, p.pad, p.more)
    return named(NAMES, [grads[name] for name in NAMES.split()])


def dlfs(module: Any, p: Problem) -> Gradients | None:
    if p.more:
        return None
    layer = module.Deconvolution(p.w, p.b, p.stride, p.pad)
    layer.forward(p.x)
    return named(NAMES, (layer.backward(p.dout), layer.dW, layer.db))


def numpy_ml(module: Any, p: Problem) -> Gradients | None:
    if p.more:
        return None
    last, kernel = (0, 2, 3, 1), (2, 3, 0, 1)
    layer = module.Deconv2D(p.w.shape[1], p.w.shape[2:], p.pad, p.stride)
    layer._init_params(p.x.shape[1])
    layer.parameters = {"W": p.w.transpose(kernel), "b": p.b.reshape(1, 1, 1, -1)}
    layer.forward(p.x.transpose(last))
    dx = layer.backward(p.dout.transpose(last)).transpose(0, 3, 1, 2)
    assert layer.gradients["b"].shape == (1, 1, 1, p.b.size)
    return named(NAMES, (dx, layer.gradients["W"].transpose(kernel), layer.gradients["b"][0, 0, 0]))


def eecs498(module: Any, p: Problem) -> Gradients | None:
    if p.more:
        return None
    x, w, b, dout = tensors(p.x, p.w, p.b, p.dout)
    cache = module.ConvTranspose.forward(x, w, b, {"stride": p.stride, "pad": p.pad})[1]
    return named(NAMES, module.ConvTranspose.backward(dout, cache))


def layer(module: Any, p: Problem) -> Gradients:
    made = module.ConvTranspose2d(p.w, p.b, p.stride, p.pad, p.more)
    made.forward(p.x)
    return named(NAMES, (made.backward(p.dout), made.grad_weight, made.grad_bias))


def coursera(module: Any, p: Problem) -> Gradients | None:
    if p.more or p.w.shape[2] != p.w.shape[3]:
        return None
    last, kernel = (0, 2, 3, 1), (2, 3, 0, 1)
    hparameters, b = {"stride": p.stride, "pad": p.pad}, p.b.reshape(1, 1, 1, -1)
    cache = module.conv_transpose_forward(p.x.transpose(last), p.w.transpose(kernel), b, hparameters)[1]
    dx, dw, db = module.conv_transpose_backward(p.dout.transpose(last), cache)
    assert db.shape == (1, 1, 1, p.b.size)
    return named(NAMES, (dx.transpose(0, 3, 1, 2), dw.transpose(kernel), db[0, 0, 0]))


def pairs(module: Any, p: Problem) -> Gradients:
    two = (p.stride, p.stride), (p.pad, p.pad)
    return named(NAMES, module.conv_transpose2d_backward(p.dout, p.x, p.w, *two))


def short(module: Any, p: Problem) -> Gradients | None:
    if p.more:
        return None
    cache = module.deconv2d_forward(p.x, p.w, p.b, p.stride, p.pad)[1]
    return named(NAMES, module.deconv2d_backward(p.dout, cache))


def block(module: Any, p: Problem) -> Gradients | None:
    if p.more:
        return None
    made = module.UpConv2d(p.w, p.b, p.stride, p.pad)
    made.forward(p.x)
    return named(NAMES, (made.backward(p.dout), made.grads["w"], made.grads["b"]))


CALLS: dict[str, Call] = {
    "conv_transpose2d/cs231n_style.py:conv_transpose2d_backward": cs231n,
    "conv_transpose2d/all_loops.py:deconv_backward": loops,
    "conv_transpose2d/cmu.py:ConvTranspose2d": cmu,
    "conv_transpose2d/torch_function.py:ConvTranspose2dFunction": function("ConvTranspose2dFunction"),
    "conv_transpose2d/torch_unfold.py:Deconv2d": function("Deconv2d"),
    "conv_transpose2d/plain.py:conv_transpose2d_backward": plain,
    "conv_transpose2d/dlfs_style.py:Deconvolution": dlfs,
    "conv_transpose2d/numpy_ml_style.py:Deconv2D": numpy_ml,
    "conv_transpose2d/eecs498_style.py:ConvTranspose.backward": eecs498,
    "conv_transpose2d/dilate.py:ConvTranspose2d": layer,
    "conv_transpose2d/coursera_style.py:conv_transpose_backward": coursera,
    "conv_transpose2d/names.py:deconv2d_backward": short,
    "conv_transpose2d/names.py:UpConv2d": block,
    "conv_transpose2d/pairs.py:conv_transpose2d_backward": pairs,
}
FIXED_EPS: dict[str, float] = {}
