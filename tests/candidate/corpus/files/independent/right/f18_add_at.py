import functools

import numpy as np


@functools.lru_cache(maxsize=None)
def indices(C, kh, kw, oh, ow, stride):
    c = np.repeat(np.arange(C), kh * kw)[:, None]
    r0 = np.tile(np.repeat(np.arange(kh), kw), C)[:, None]
    q0 = np.tile(np.arange(kw), kh * C)[:, None]
    r1 = stride * np.repeat(np.arange(oh), ow)[None]
    q1 = stride * np.tile(np.arange(ow), oh)[None]
    return c, r0 + r1, q0 + q1


def conv_backward_scatter(dout, cache):
    x, w, b, conv_params = cache
    s, pad = conv_params["stride"], conv_params["pad"]
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    oh, ow = dout.shape[2:]
    c, r, q = indices(C, kh, kw, oh, ow, s)
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    d = dout.reshape(N, F, oh * ow)
    dw = sum(d[n] @ xp[n][c, r, q].T for n in range(N)).reshape(w.shape)
    dxp = np.zeros(xp.shape)
    np.add.at(dxp, (slice(None), c, r, q), np.matmul(w.reshape(F, -1).T, d))
    dx = dxp[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, d.sum(axis=(0, 2))
