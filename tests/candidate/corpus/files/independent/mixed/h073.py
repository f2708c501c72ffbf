import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _pair(v):
    return (v, v) if np.isscalar(v) else tuple(v)


def conv2d_vjp(g, *, x, kernel, stride=1, padding=0):
    sy, sx = _pair(stride)
    py, px = _pair(padding)
    ky, kx = kernel.shape[-2:]
    h, w = x.shape[-2:]
    xp = np.pad(x, ((0, 0), (0, 0), (py, py), (px, px)))
    views = sliding_window_view(xp, (ky, kx), axis=(2, 3))[:, :, ::sy, ::sx]
    d_kernel = np.einsum("nchwij,nohw->ocij", views, g, optimize=True)
    d_xp = np.zeros_like(xp)
    for a in range(ky):
        for c in range(kx):
            d_xp[:, :, a:a + sy * g.shape[2]:sy, c:c + sx * g.shape[3]:sx] += np.einsum("nohw,oc->nchw", g, kernel[:, :, a, c])
    return d_xp[:, :, py:py + h, px:px + w], d_kernel
