"""How each function of `corpus/` is called, by hand, one entry a target.

A call takes the module and a problem and gives the gradients in the problem's own layout
(NCHW, samples in rows), or None where the function's parameters cannot express the problem.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Gradients = dict[str, Any]
Call = Callable[[Any, Any], Gradients | None]


def tensor(array: Any) -> Any:
    """The array as a tensor of its own."""
    return torch.from_numpy(np.array(array))


def last(array: Any) -> Any:
    """NCHW as NHWC."""
    return array.transpose(0, 2, 3, 1).copy()


def first(array: Any) -> Any:
    """NHWC as NCHW."""
    return array.transpose(0, 3, 1, 2)


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


def _eecs_pool(m: Any, p: Any) -> Gradients | None:
    if p.pad or p.sh != p.sw:
        return None
    _, cache = m.MaxPool.forward(tensor(p.x), {"pool_height": p.kh, "pool_width": p.kw, "stride": p.sh})
    return {"dx": m.MaxPool.backward(tensor(p.dout), cache)}


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
    "eecs498.py:MaxPool": _eecs_pool,
    "plain.py:max_pool_backward": lambda m, p: (
        {"dx": m.max_pool_backward(p.dout, p.x, p.kh, p.sh)} if _square(p) else None
    ),
    "torch_function.py:MyMaxPool2d": _torch_pool("MyMaxPool2d"),
    "numpy_ml_style.py:Pool2D": _nhwc_pool(lambda m, p: m.Pool2D((p.kh, p.kw), p.sh, p.pad)),
    "single_plane.py:maxpool2d_backward": _planes(lambda m, p, d, x: m.maxpool2d_backward(d, x, p.kh, p.sh)),
    "strided_views.py:maxpool_bwd": lambda m, p: (
        None if p.pad else {"dx": m.maxpool_bwd(p.dout, p.x, (p.kh, p.kw), (p.sh, p.sw))}
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


def _gradients(dx: Any, dw: Any, db: Any) -> Gradients:
    return {"dx": dx, "dw": dw, "db": db}


def _flat(p: Any) -> bool:
    """Every axis but the first is one sample's (CS231n's rule)."""
    return bool(p.x.ndim == 2 or p.kind == "flat")


def _cs231n_linear(m: Any, p: Any) -> Gradients | None:
    if not _flat(p):
        return None
    _, cache = m.affine_forward(p.x, p.w, p.b)
    return _gradients(*m.affine_backward(p.dout, cache))


def _columns(m: Any, p: Any, forward: str, backward: str) -> Any:
    _, cache = getattr(m, forward)(p.x.T.copy(), p.w.T.copy(), p.b[:, None].copy())
    return getattr(m, backward)(p.dout.T.copy(), cache)


def _coursera_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    dx, dw, db = _columns(m, p, "linear_forward", "linear_backward")
    return _gradients(dx.T, dw.T * len(p.x), _line(db, p) * len(p.x))


def _line(column: Any, p: Any) -> Any:
    """A bias' gradient kept as a row or a column, as a vector."""
    return column.reshape(-1) if 1 in column.shape and column.size == p.b.size else column


def _columns_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    grads = _columns(m, p, "fc_forward", "fc_backward")
    return _gradients(grads["dA_prev"].T, grads["dW"].T, _line(grads["db"], p))


def _dlfs_linear(m: Any, p: Any) -> Gradients | None:
    if not _flat(p):
        return None
    layer = m.Affine(p.w, p.b)
    layer.forward(p.x)
    return _gradients(layer.backward(p.dout), layer.dW, layer.db)


def _dlfs2_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind != "leading" or p.x.ndim != 3:
        return None
    layer = m.TimeAffine(p.w, p.b)
    layer.forward(p.x)
    return _gradients(layer.backward(p.dout), *layer.grads)


def _cmu_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    layer = m.Linear(*p.w.shape)
    layer.W, layer.b = p.w.T.copy(), p.b[:, None].copy()
    layer.forward(p.x)
    dx = layer.backward(p.dout)
    return _gradients(dx, layer.dLdW.T, _line(layer.dLdb, p))


def _cmu_mean_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    layer = m.Linear(*p.w.shape)
    layer.W, layer.b = p.w, p.b[None]
    layer.forward(p.x)
    dx = layer.backward(p.dout)
    return _gradients(dx, layer.dW * len(p.x), _line(layer.db, p) * len(p.x))


def _eecs_linear(m: Any, p: Any) -> Gradients | None:
    if not _flat(p):
        return None
    _, cache = m.Linear.forward(tensor(p.x), tensor(p.w), tensor(p.b))
    return _gradients(*m.Linear.backward(tensor(p.dout), cache))


def _torch_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind == "flat":
        return None
    x, w, b = (tensor(array).requires_grad_() for array in (p.x, p.w.T, p.b))
    m.LinearFunction.apply(x, w, b).backward(tensor(p.dout))
    return _gradients(x.grad, w.grad.T, b.grad)


def _unsummed_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind == "flat":
        return None
    x, w, b = (tensor(array).requires_grad_() for array in (p.x, p.w, p.b))
    m.AddBiasLinear.apply(x, w, b).backward(tensor(p.dout))
    return _gradients(x.grad, w.grad, b.grad)


def _minitorch_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind == "flat":
        return None
    ctx = m.Context()
    m.Linear.forward(ctx, p.x, p.w, p.b)
    return _gradients(*m.Linear.backward(ctx, p.dout))


def _numpy_ml_linear(m: Any, p: Any) -> Gradients | None:
    if p.x.ndim > 2:
        return None
    layer = m.FullyConnected(*p.w.shape)
    layer.parameters = {"W": p.w, "b": p.b[None]}
    layer.forward(p.x)
    dx = layer.backward(p.dout)
    return _gradients(dx, layer.gradients["W"], _line(layer.gradients["b"], p))


def _plain_linear(m: Any, p: Any) -> Gradients | None:
    return None if p.kind == "flat" else _gradients(*m.linear_backward(p.dout, p.x, p.w))


def _loops_linear(m: Any, p: Any) -> Gradients | None:
    return None if p.x.ndim > 2 else m.dense_backward(p.dout, p.x, p.w)


def _one_sample_linear(m: Any, p: Any) -> Gradients | None:
    """One sample after the other; what each adds to the weights is summed here."""
    if p.x.ndim > 2:
        return None
    dx, dw, db = [], 0, 0
    for x, dout in zip(p.x, p.dout, strict=True):
        layer = m.Neurons(p.w.T, p.b)
        layer.forward(x)
        dx.append(layer.backward(dout))
        dw, db = dw + layer.grad_weights.T, db + layer.grad_bias
    return _gradients(np.array(dx), dw, np.asarray(db))


def _updating_linear(m: Any, p: Any) -> Gradients | None:
    """With a learning rate of one the step is the gradient."""
    if p.x.ndim > 2:
        return None
    layer = m.Dense(*p.w.shape)
    layer.weights, layer.bias = p.w.T.copy(), p.b[:, None].copy()
    layer.forward(p.x.T)
    dx = layer.backward(p.dout.T, 1.0)
    return _gradients(dx.T, p.w - layer.weights.T, p.b - layer.bias[:, 0])


def _needle_linear(m: Any, p: Any) -> Gradients | None:
    if p.kind == "flat":
        return None
    return _gradients(*m.MatMulAdd().gradient(p.dout, m.Node(p.x, p.w, p.b)))


def _dict_linear(m: Any, p: Any) -> Gradients | None:
    if not _flat(p):
        return None
    layer = m.FCLayer(p.w, p.b)
    layer.forward(p.x)
    return _gradients(layer.backward(p.dout), layer.grads["w"], layer.grads["b"])


LINEAR: dict[str, Call] = {
    "cs231n_affine.py:affine_backward": _cs231n_linear,
    "cs231n_loops.py:affine_backward": _cs231n_linear,
    "coursera.py:linear_backward": _coursera_linear,
    "columns_plain.py:fc_backward": _columns_linear,
    "dlfs.py:Affine": _dlfs_linear,
    "dlfs2_time.py:TimeAffine": _dlfs2_linear,
    "cmu_linear.py:Linear": _cmu_linear,
    "cmu_linear_mean.py:Linear": _cmu_mean_linear,
    "eecs498.py:Linear": _eecs_linear,
    "torch_function.py:LinearFunction": _torch_linear,
    "torch_function_unsummed.py:AddBiasLinear": _unsummed_linear,
    "minitorch_style.py:Linear": _minitorch_linear,
    "numpy_ml_style.py:FullyConnected": _numpy_ml_linear,
    "plain_arguments.py:linear_backward": _plain_linear,
    "four_loops.py:dense_backward": _loops_linear,
    "one_sample.py:Neurons": _one_sample_linear,
    "updates_itself.py:Dense": _updating_linear,
    "needle_style.py:MatMulAdd": _needle_linear,
    "layer_with_grads_dict.py:FCLayer": _dict_linear,
}

CALLS: dict[str, Call] = {
    f"{folder}/{name}": call
    for folder, calls in (("max_pool", MAX_POOL), ("linear", LINEAR))
    for name, call in calls.items()
}
