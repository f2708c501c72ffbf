import numpy as np


def conv(x, w, b=None, stride=1, pad=0):
    """returns (out, back); back(g) returns the gradients of x, w and b"""
    N, C, H, W = x.shape
    O, _, kh, kw = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    win = np.lib.stride_tricks.sliding_window_view(xp, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    out = np.einsum("nchwij,ocij->nohw", win, w, optimize=True)
    if b is not None:
        out = out + b[None, :, None, None]

    def back(g):
        gw = np.einsum("nchwij,nohw->ocij", win, g, optimize=True)
        gxp = np.zeros_like(xp)
        oh, ow = g.shape[2:]
        for i in range(kh):
            for j in range(kw):
                gxp[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride][:, :, :oh, :ow] += \
                    np.einsum("nohw,oc->nchw", g, w[:, :, i, j])
        gb = None if b is None else g.sum((0, 2, 3))
        return gxp[:, :, pad:pad + H, pad:pad + W], gw, gb

    return out, back
