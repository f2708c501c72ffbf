from dataclasses import dataclass
import numpy as np


@dataclass
class Saved:
    columns: np.ndarray
    weight: np.ndarray
    in_shape: tuple
    stride: int
    padding: int


def unroll(x, kh, kw, stride, padding):
    n, c, h, w = x.shape
    x = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    oh = (h + 2 * padding - kh) // stride + 1
    ow = (w + 2 * padding - kw) // stride + 1
    cols = np.empty((n, c, kh, kw, oh, ow), dtype=x.dtype)
    for a in range(kh):
        for b in range(kw):
            cols[:, :, a, b] = x[:, :, a:a + stride * oh:stride, b:b + stride * ow:stride][..., :oh, :ow]
    return cols.reshape(n, c * kh * kw, oh * ow), oh, ow


def conv_fwd(x, weight, bias, stride=1, padding=0):
    f, c, kh, kw = weight.shape
    cols, oh, ow = unroll(x, kh, kw, stride, padding)
    y = weight.reshape(f, -1) @ cols + bias[:, None]
    return y.reshape(len(x), f, oh, ow), Saved(cols, weight, x.shape, stride, padding)


def conv_bwd(saved, grad_y):
    f, c, kh, kw = saved.weight.shape
    n, _, h, w = saved.in_shape
    s, p = saved.stride, saved.padding
    oh, ow = grad_y.shape[2:]
    g = grad_y.reshape(n, f, -1)
    grad_w = np.einsum("nfl,nkl->fk", g, saved.columns).reshape(saved.weight.shape)
    grad_b = g.sum(axis=(0, 2))
    gc = (saved.weight.reshape(f, -1).T @ g).reshape(n, c, kh, kw, oh, ow)
    gx = np.zeros((n, c, h + 2 * p, w + 2 * p))
    for a in range(kh):
        for b in range(kw):
            gx[:, :, a:a + s * (oh - 1) + 1:s, b:b + s * (ow - 1) + 1:s] += gc[:, :, a, b]
    return gx[:, :, p:p + h, p:p + w], grad_w, grad_b
