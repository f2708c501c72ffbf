import numpy as np


def conv_backward_fast(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    kh, kw = w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    spread = np.zeros((N, len(w), xp.shape[2] - kh + 1, xp.shape[3] - kw + 1))
    spread[:, :, ::s, ::s] = dout
    win = np.lib.stride_tricks.sliding_window_view(xp, (kh, kw), axis=(2, 3))
    dw = np.einsum("nchwij,nfhw->fcij", win, spread, optimize=True)
    w[:] = w[:, :, ::-1, ::-1].copy()
    framed = np.pad(spread, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    win = np.lib.stride_tricks.sliding_window_view(framed, (kh, kw), axis=(2, 3))
    dx = np.einsum("nfhwij,fcij->nchw", win, w, optimize=True)
    return dx[:, :, p:p + H, p:p + W], dw, dout.sum(axis=(0, 2, 3))
