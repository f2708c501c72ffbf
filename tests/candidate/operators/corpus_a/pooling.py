"""Problems of the two poolings, and how each of their functions is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from tests.candidate.operators.corpus_a.common import (
    Call,
    Gradients,
    first,
    last,
    leaf,
    tensor,
    torch_gradients,
)


def problems(operator: str) -> Iterator[SimpleNamespace]:
    """Tiled, overlapping, remainders, non-square windows and strides, padding, ties, one sample."""
    rng = np.random.default_rng(5)
    for shape, (kh, kw), (sh, sw), pad, kind in (
        ((2, 3, 4, 6), (2, 2), (2, 2), 0, ""),
        ((1, 2, 3, 6), (3, 3), (3, 3), 0, ""),
        ((2, 2, 6, 4), (2, 2), (2, 2), 0, "ties"),
        ((2, 2, 7, 6), (3, 3), (2, 2), 0, ""),
        ((1, 2, 4, 5), (3, 3), (1, 1), 0, ""),
        ((2, 1, 5, 4), (2, 2), (1, 1), 0, "ties"),
        ((1, 2, 5, 7), (2, 2), (3, 3), 0, ""),
        ((2, 2, 6, 7), (2, 3), (2, 2), 0, ""),
        ((1, 2, 7, 5), (3, 2), (1, 1), 0, ""),
        ((2, 1, 6, 8), (2, 3), (1, 2), 0, ""),
        ((2, 2, 3, 4), (3, 4), (1, 1), 0, ""),
        ((1, 3, 3, 3), (3, 3), (1, 1), 0, ""),
        ((1, 2, 5, 6), (3, 3), (2, 2), 1, ""),
        ((2, 2, 4, 5), (2, 2), (2, 2), 1, "positive"),
    ):
        x = rng.permutation(int(np.prod(shape))).reshape(shape) - np.prod(shape) / 2.0
        if kind == "ties":
            x = rng.integers(-1, 2, shape).astype(float)
        elif kind == "positive":
            x += np.prod(shape)
        input_ = leaf(x)
        pool: Any = F.max_pool2d if operator == "max-pool" else F.avg_pool2d
        output = pool(input_, (kh, kw), (sh, sw), pad)
        dout = rng.normal(size=output.shape)
        yield SimpleNamespace(
            x=x,
            dout=dout,
            kh=kh,
            kw=kw,
            sh=sh,
            sw=sw,
            pad=pad,
            ties=kind == "ties" and operator == "max-pool",
            arrays=("x", "dout"),
            gradients=torch_gradients(output, torch.tensor(dout), dx=input_),
        )


def _cs231n_pool(forward: str, backward: str) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if p.pad or p.sh != p.sw:
            return None
        param = {"pool_height": p.kh, "pool_width": p.kw, "stride": p.sh}
        _, cache = getattr(m, forward)(p.x, param)
        return {"dx": getattr(m, backward)(p.dout, cache)}

    return call


def _tiles(call: Call) -> Call:
    """Only where the windows tile the input."""
    return lambda m, p: (
        call(m, p) if p.kh == p.kw == p.sh and not (p.x.shape[2] % p.kh or p.x.shape[3] % p.kw) else None
    )


def _square(p: Any, pad: bool = False) -> bool:
    return p.kh == p.kw and p.sh == p.sw and (pad or not p.pad)


def _coursera_pool(mode: str) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if not _square(p):
            return None
        _, cache = m.pool_forward(last(p.x), {"f": p.kh, "stride": p.sh}, mode)
        return {"dx": first(m.pool_backward(last(p.dout), cache, mode))}

    return call


def _alx_pool(mode: str) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if p.pad:
            return None
        return {"dx": first(m.pool_backward(last(p.dout), last(p.x), (p.kh, p.kw), (p.sh, p.sw), mode))}

    return call


def _layer(layer: Any, p: Any) -> Gradients:
    layer.forward(p.x)
    return {"dx": layer.backward(p.dout)}


def _zeros_around(p: Any) -> bool:
    """Whether padding with zeros is padding with the smallest value."""
    return bool(not p.pad or p.x.min() >= 0)


def _eecs_pool(name: str) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if p.pad or p.sh != p.sw:
            return None
        pool = getattr(m, name)
        _, cache = pool.forward(tensor(p.x), {"pool_height": p.kh, "pool_width": p.kw, "stride": p.sh})
        return {"dx": pool.backward(tensor(p.dout), cache)}

    return call


def _torch_pool(name: str) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if not _square(p, pad=True):
            return None
        x = tensor(p.x).requires_grad_()
        getattr(m, name).apply(x, p.kh, p.sh, p.pad).backward(tensor(p.dout))
        return {"dx": x.grad}

    return call


def _nhwc_pool(make: Callable[[Any, Any], Any]) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if p.sh != p.sw:
            return None
        layer = make(m, p)
        layer.forward(last(p.x))
        return {"dx": first(layer.backward(last(p.dout)))}

    return call


def _planes(call: Callable[[Any, Any, Any, Any], Any], allowed: Callable[[Any], bool] = _square) -> Call:
    """A function of one plane, called for every plane."""

    def each(m: Any, p: Any) -> Gradients | None:
        if not allowed(p):
            return None
        return {
            "dx": np.array(
                [
                    [call(m, p, d, x) for d, x in zip(ds, xs, strict=True)]
                    for ds, xs in zip(p.dout, p.x, strict=True)
                ]
            )
        }

    return each


def _ctx_pool(name: str) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if p.pad or p.sh != p.sw:
            return None
        ctx = m.Context()
        getattr(m, name).forward(ctx, p.x, (p.kh, p.kw), p.sh)
        return {"dx": getattr(m, name).backward(ctx, p.dout)}

    return call


def _pictures(name: str) -> Call:
    """One picture (C, H, W) after the other."""

    def call(m: Any, p: Any) -> Gradients | None:
        if not _square(p):
            return None
        pairs = zip(p.dout, p.x, strict=True)
        return {"dx": np.array([getattr(m, name)(dout, x, p.kh, p.sh) for dout, x in pairs])}

    return call


def _input_first(name: str) -> Call:
    return lambda m, p: None if p.pad else {"dx": getattr(m, name)(p.x, p.dout, (p.kh, p.kw), (p.sh, p.sw))}


def _keras(name: str) -> Call:
    def call(m: Any, p: Any) -> Gradients | None:
        if p.pad:
            return None
        layer = getattr(m, name)((p.kh, p.kw), (p.sh, p.sw))
        layer.forward(last(p.x))
        return {"dx": first(layer.backward(last(p.dout)))}

    return call


def _indices(m: Any, p: Any) -> Gradients | None:
    if not _square(p):
        return None
    _, indices = m.max_pool2d(p.x, p.kh, p.sh)
    return {"dx": m.max_pool2d_backward(p.dout, indices, p.x.shape)}


def _global(m: Any, p: Any) -> Gradients | None:
    """One window that is the whole picture."""
    if (p.kh, p.kw) != p.x.shape[2:]:
        return None
    layer = m.GlobalAvgPool()
    layer.forward(p.x)
    return {"dx": layer.backward(p.dout[:, :, 0, 0])}


def _blog_pool(m: Any, p: Any) -> Gradients | None:
    if not (p.kh == p.kw == p.sh == p.sw == 2) or p.pad:
        return None
    dx = []
    for x, d in zip(last(p.x), last(p.dout), strict=True):
        layer = m.MaxPool2()
        layer.forward(x)
        dx.append(layer.backprop(d))
    return {"dx": first(np.array(dx))}


MAX_POOL: dict[str, Call] = {
    "cs231n_naive.py:max_pool_backward_naive": _cs231n_pool(
        "max_pool_forward_naive", "max_pool_backward_naive"
    ),
    "cs231n_mask.py:max_pool_backward_naive": _cs231n_pool(
        "max_pool_forward_naive", "max_pool_backward_naive"
    ),
    "cs231n_share.py:max_pool_backward": _cs231n_pool("max_pool_forward", "max_pool_backward"),
    "cs231n_fast.py:max_pool_backward_reshape": _tiles(
        _cs231n_pool("max_pool_forward_reshape", "max_pool_backward_reshape")
    ),
    "cs231n_im2col.py:max_pool_backward_im2col": _cs231n_pool(
        "max_pool_forward_im2col", "max_pool_backward_im2col"
    ),
    "coursera.py:pool_backward": _coursera_pool("max"),
    "alx.py:pool_backward": _alx_pool("max"),
    "dlfs.py:Pooling": lambda m, p: (
        _layer(m.Pooling(p.kh, p.kw, p.sh, p.pad), p) if p.sh == p.sw and _zeros_around(p) else None
    ),
    "cmu_pool.py:MaxPool2d_stride1": lambda m, p: (
        _layer(m.MaxPool2d_stride1(p.kh), p) if _square(p) and p.sh == 1 else None
    ),
    "cmu_pool.py:MaxPool2d": lambda m, p: _layer(m.MaxPool2d(p.kh, p.sh), p) if _square(p) else None,
    "eecs498.py:MaxPool": _eecs_pool("MaxPool"),
    "plain.py:max_pool_backward": lambda m, p: (
        {"dx": m.max_pool_backward(p.dout, p.x, p.kh, p.sh)} if _square(p) else None
    ),
    "torch_function.py:MyMaxPool2d": _torch_pool("MyMaxPool2d"),
    "numpy_ml_style.py:Pool2D": _nhwc_pool(lambda m, p: m.Pool2D((p.kh, p.kw), p.sh, p.pad)),
    "single_plane.py:maxpool2d_backward": _planes(lambda m, p, d, x: m.maxpool2d_backward(d, x, p.kh, p.sh)),
    "strided_views.py:maxpool_bwd": lambda m, p: (
        None if p.pad else {"dx": m.maxpool_bwd(p.dout, p.x, (p.kh, p.kw), (p.sh, p.sw))}
    ),
    "chw_picture.py:maxpoolBackward": _pictures("maxpoolBackward"),
    "input_first.py:maxpool2d_backward": _input_first("maxpool2d_backward"),
    "single_precision.py:MaxPooling2D": _keras("MaxPooling2D"),
    "returns_indices.py:max_pool2d_backward": _indices,
    "upsample_mask.py:MaxPool": _tiles(lambda m, p: _layer(m.MaxPool(p.kh), p) if _square(p) else None),
    "cs231n_hard_coded.py:max_pool_backward_naive": _cs231n_pool(
        "max_pool_forward_naive", "max_pool_backward_naive"
    ),
    "minitorch_style.py:MaxPool2d": _ctx_pool("MaxPool2d"),
    "from_scratch_blog.py:MaxPool2": _blog_pool,
    "layer_with_padding.py:MaxPoolLayer": lambda m, p: (
        _layer(m.MaxPoolLayer(p.kh, p.sh, p.pad), p) if _square(p, pad=True) else None
    ),
    "backward_only.py:maxpool_backward": lambda m, p: (
        {"dx": first(m.maxpool_backward(last(p.dout), last(p.x), p.kh, p.sh)["dA_prev"])}
        if _square(p)
        else None
    ),
}

AVG_POOL: dict[str, Call] = {
    "coursera.py:pool_backward": _coursera_pool("average"),
    "alx.py:pool_backward": _alx_pool("avg"),
    "cmu_pool.py:MeanPool2d_stride1": lambda m, p: (
        _layer(m.MeanPool2d_stride1(p.kh), p) if _square(p) and p.sh == 1 else None
    ),
    "cmu_pool.py:MeanPool2d": lambda m, p: _layer(m.MeanPool2d(p.kh, p.sh), p) if _square(p) else None,
    "cmu_padded_correlation.py:MeanPool2d_stride1": lambda m, p: (
        _layer(m.MeanPool2d_stride1(p.kh), p) if _square(p) and p.sh == 1 else None
    ),
    "cs231n_style.py:avg_pool_backward_naive": _cs231n_pool(
        "avg_pool_forward_naive", "avg_pool_backward_naive"
    ),
    "cs231n_repeat.py:avg_pool_backward_fast": _tiles(
        _cs231n_pool("avg_pool_forward_fast", "avg_pool_backward_fast")
    ),
    "dlfs_pool.py:AveragePooling": lambda m, p: (
        _layer(m.AveragePooling(p.kh, p.kw, p.sh, p.pad), p) if p.sh == p.sw else None
    ),
    "eecs498_style.py:AvgPool": _eecs_pool("AvgPool"),
    "torch_function.py:MyAvgPool2d": _torch_pool("MyAvgPool2d"),
    "minitorch_style.py:AvgPool2d": _ctx_pool("AvgPool2d"),
    "numpy_ml_style.py:Pool2D": _nhwc_pool(lambda m, p: m.Pool2D((p.kh, p.kw), p.sh, p.pad)),
    "plain.py:avg_pool_backward": lambda m, p: (
        {"dx": m.avg_pool_backward(p.dout, p.x, p.kh, p.sh)} if _square(p) else None
    ),
    "single_plane.py:mean_pool_backward": _planes(lambda m, p, d, x: m.mean_pool_backward(d, x, p.kh, p.sh)),
    "kron.py:MeanPool": lambda m, p: _layer(m.MeanPool(p.kh), p) if _square(p) and p.sh == p.kh else None,
    "layer_with_padding.py:AvgPoolLayer": lambda m, p: (
        _layer(m.AvgPoolLayer(p.kh, p.sh, p.pad), p) if _square(p, pad=True) else None
    ),
    "backward_only.py:average_pool_backward": lambda m, p: (
        {"dx": first(m.average_pool_backward(last(p.dout), last(p.x), p.kh, p.sh)["dA_prev"])}
        if _square(p)
        else None
    ),
    "input_first.py:avgpool2d_backward": _input_first("avgpool2d_backward"),
    "chw_picture.py:avgpoolBackward": _pictures("avgpoolBackward"),
    "single_precision.py:AveragePooling2D": _keras("AveragePooling2D"),
    "global_average.py:GlobalAvgPool": _global,
    "upsample_wrong.py:AvgPool": lambda m, p: _layer(m.AvgPool(p.kh, p.sh), p) if _square(p) else None,
    "scatter.py:avgpool_bwd": lambda m, p: (
        None if p.pad else {"dx": m.avgpool_bwd(p.dout, p.x, (p.kh, p.kw), (p.sh, p.sw))}
    ),
}
