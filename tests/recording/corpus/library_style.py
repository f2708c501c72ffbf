"""Layers as library authors write them: docstrings with shapes, in-place buffers, checked arguments."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Optional, Union, overload

import numpy as np
import numpy.typing as npt

__all__ = ["ConvTranspose2D", "DepthwiseConv", "conv1d_backward", "conv3d_backward"]

Array = npt.NDArray[Any]
_DEBUG = False


def _pair(value: Union[int, Sequence[int]]) -> tuple[int, int]:
    """An int for both axes, or one each."""
    if isinstance(value, int):
        return value, value
    first, second = value
    return first, second


def pad2d(X: Array, pad: tuple[int, int], *, value: float = 0.0) -> Array:
    """Pad the two middle axes of an array of shape ``(n_ex, in_rows, in_cols, in_ch)``."""
    pr, pc = pad
    n, r, c, ch = X.shape
    out = np.full((n, r + 2 * pr, c + 2 * pc, ch), value, dtype=X.dtype)
    out[:, pr : pr + r, pc : pc + c] = X
    return out


def dilate(X: Array, d: int) -> Array:
    """Insert `d` rows and columns of zeros between those of X, ``(n, rows, cols, ch)``."""
    n, in_rows, in_cols, n_in = X.shape
    Xd = np.zeros((n, in_rows + d * (in_rows - 1), in_cols + d * (in_cols - 1), n_in))
    Xd[:, :: d + 1, :: d + 1, :] = X
    return Xd


class ConvTranspose2D:
    """A transposed convolution, ``(n, r, c, in_ch)`` to ``(n, s(r - 1) + f, s(c - 1) + f, out_ch)``."""

    __slots__ = ("W", "_cache", "gradients", "stride")

    def __init__(self, W: Array, stride: Union[int, Sequence[int]] = 1) -> None:
        self.W = W
        self.stride = _pair(stride)
        self._cache: Optional[Array] = None
        self.gradients: dict[str, Array] = {}

    def forward(self, X: Array) -> Array:
        """Scatter each pixel, times the kernel."""
        self._cache = X
        n, r, c, _ = X.shape
        fr, fc, _, out_ch = self.W.shape
        sr, sc = self.stride
        Y = np.zeros((n, sr * (r - 1) + fr, sc * (c - 1) + fc, out_ch))
        for m, i, j in np.ndindex(n, r, c):
            target = Y[m, i * sr : i * sr + fr, j * sc : j * sc + fc, :]
            target += np.einsum("k,abko->abo", X[m, i, j], self.W)
        return Y

    def backward(self, dLdY: Array) -> Array:
        """Gather what the forward has scattered."""
        if (X := self._cache) is None:
            raise RuntimeError("call forward first")
        dX, dW = np.zeros_like(X), np.zeros_like(self.W)
        fr, fc = self.W.shape[:2]
        for m in range(X.shape[0]):
            for i, j in self._positions(X):
                window = dLdY[m][self._window(i, j, fr, fc)]
                dX[m, i, j, :] = np.tensordot(self.W, window, axes=((0, 1, 3), (0, 1, 2)))
                dW += X[m, i, j][None, None, :, None] * window[:, :, None, :]
        self.gradients["W"] = dW
        return dX

    @staticmethod
    def _positions(X: Array) -> Iterator[tuple[int, int]]:
        yield from np.ndindex(*X.shape[1:3])

    def _window(self, i: int, j: int, fr: int, fc: int) -> tuple[slice, slice]:
        sr, sc = self.stride
        return np.s_[i * sr : i * sr + fr, j * sc : j * sc + fc]


class DepthwiseConv:
    """One kernel a channel; correlates rows through a rolling view."""

    def __init__(self, kernels: Array) -> None:
        self.kernels = kernels

    @property
    def size(self) -> int:
        """Of the kernels."""
        return self.kernels.shape[-1]

    def backward(self, dout: Array, x: Array) -> tuple[Array, Array]:
        """Gradients of the input ``(C, H, W)`` and the kernels ``(C, k, k)``."""
        k = self.size
        C, H, W = x.shape
        dx = np.zeros((C, H, W))
        dk = np.zeros_like(self.kernels)
        for c, (plane, kernel) in enumerate(zip(x, self.kernels)):
            dplane, dkernel = dx[c], dk[c]
            for a in range(k):
                for b in range(k):
                    rows, cols = slice(a, a + H - k + 1), slice(b, b + W - k + 1)
                    dplane[rows, cols] += kernel[a, b] * dout[c]
                    dkernel[a, b] = np.vdot(plane[rows, cols], dout[c])
        return dx, dk


def conv1d_backward(dout: Array, x: Array, w: Array, *, dilation: int = 1, mode: Literal["full", "causal"] = "causal") -> tuple[Array, Array]:
    """Gradients of a causal convolution over time, ``x (T, C_in)``, ``w (k, C_in, C_out)``."""
    if mode not in {"full", "causal"}:
        raise ValueError(f"unknown mode {mode!r}")
    T = x.shape[0]
    dx, dw = np.zeros(x.shape, x.dtype), np.zeros(w.shape, w.dtype)
    for t in range(T - 1, -1, -1):
        for k, tap in enumerate(w):
            source = t - k * dilation
            if source < 0:
                break
            dx[source] += tap @ dout[t]
            dw[k] += np.multiply.outer(x[source], dout[t])
    return dx, dw


def conv3d_backward(dout: Array, x: Array, w: Array) -> tuple[Array, Array]:
    """Three loops in one, ``x (D, H, W)``, ``w (a, b, c)``."""
    dx, dw = (np.zeros(a.shape) for a in (x, w))
    for at in np.ndindex(*dout.shape):
        region = tuple(slice(i, i + n) for i, n in zip(at, w.shape))
        dw += x[region] * dout[at]
        dx[region] += w * dout[at]
    return dx, dw


def grouped_conv_backward(dout, x, w, groups):
    """NCHW without padding, channels split in groups by views"""
    N, C, H, W = x.shape
    F, Cg, k, _ = w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    xs, ws, ds = np.split(x, groups, 1), np.split(w, groups, 0), np.split(dout, groups, 1)
    for g, (xg, wg, dg) in enumerate(zip(xs, ws, ds)):
        dxg = dx[:, g * Cg:(g + 1) * Cg]
        dwg = dw[g * (F // groups):(g + 1) * (F // groups)]
        _, _, OH, OW = dg.shape
        for i in range(OH):
            for j in range(OW):
                patch = xg[:, :, i:i + k, j:j + k]
                dwg += np.einsum('nchw,nf->fchw', patch, dg[:, :, i, j])
                dxg[..., i:i + k, j:j + k] += np.einsum('nf,fchw->nchw', dg[:, :, i, j], wg)
    return dx, dw


def conv_fft(x, w):
    """through the frequencies, real part only"""
    s0, s1 = x.shape[0] + w.shape[0] - 1, x.shape[1] + w.shape[1] - 1
    X = np.fft.rfft2(x, (s0, s1))
    X *= np.fft.rfft2(w, (s0, s1))
    return np.fft.irfft2(X, (s0, s1))


def conv_toeplitz(x, w):
    """an explicit matrix, filled diagonal by diagonal"""
    n, k = len(x), len(w)
    M = np.zeros((n - k + 1, n))
    for off in range(k):
        np.fill_diagonal(M[:, off:], w[off])
    return M @ x, M


def winograd_1d(d, g):
    G = np.array([[1, 0, 0], [.5, .5, .5], [.5, -.5, .5], [0, 0, 1]])
    BT = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
    AT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
    out = np.empty(len(d) - 2)
    for i in range(0, len(out), 2):
        out[i:i + 2] = AT @ ((G @ g) * (BT @ d[i:i + 4]))
    return out


class Workspace:
    """reuses its buffers from call to call"""

    def __init__(self):
        self._buffers: dict[str, Array] = {}

    def get(self, name: str, shape: tuple[int, ...]) -> Array:
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < int(np.prod(shape)):
            buffer = self._buffers[name] = np.empty(int(np.prod(shape)))
        view = buffer[: int(np.prod(shape))].reshape(shape)
        view.fill(0.0)
        return view

    def gram(self, batches):
        results = []
        for x in batches:
            g = self.get('gram', (x.shape[1],) * 2)
            for row in x:
                g += row[:, None] * row
            results.append(g.copy())
        return results


@overload
def scale(x: int) -> int: ...
@overload
def scale(x: Array) -> Array: ...
def scale(x):
    """of a number or of an array, in place"""
    if isinstance(x, np.ndarray):
        for i in range(x.shape[0]):
            x[i] *= 2
            if _DEBUG:
                print(x[i])
        return x
    return x * 2


def cases():
    rng = np.random.default_rng(91)
    r = lambda *s: rng.standard_normal(s)  # noqa: E731
    yield 'pad', pad2d, (r(1, 2, 3, 2), (1, 2)), {'value': 4.0}
    yield 'dilate', dilate, (r(1, 2, 3, 1), 1), {}
    up = ConvTranspose2D(r(2, 3, 2, 2), stride=(2, 1))
    yield 'transpose forward', up.forward, (r(1, 2, 3, 2),), {}
    ready = ConvTranspose2D(r(2, 3, 2, 2), stride=(2, 1))
    ready._cache = r(1, 2, 3, 2)
    yield 'transpose backward', ready.backward, (r(1, 4, 5, 2),), {}
    yield 'transpose unready', ConvTranspose2D(r(2, 3, 2, 2)).backward, (r(1, 4, 5, 2),), {}
    yield 'depthwise', DepthwiseConv(r(2, 2, 2)).backward, (r(2, 2, 3), r(2, 3, 4)), {}
    yield 'conv1d', conv1d_backward, (r(5, 2), r(5, 3), r(2, 3, 2)), {'dilation': 2}
    yield 'conv3d', conv3d_backward, (r(2, 1, 2), r(3, 2, 4), r(2, 2, 3)), {}
    yield 'grouped', grouped_conv_backward, (r(2, 4, 2, 3), r(2, 4, 3, 4), r(4, 2, 2, 2), 2), {}
    yield 'fft', conv_fft, (r(3, 4), r(2, 2)), {}
    yield 'toeplitz', conv_toeplitz, (r(5), r(3)), {}
    yield 'winograd', winograd_1d, (r(6), r(3)), {}
    yield 'workspace', Workspace().gram, ([r(3, 2), r(2, 2)],), {}
    yield 'overload', scale, (r(3, 2),), {}
