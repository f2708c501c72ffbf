import numpy as np


def conv_backward(x, w, dout, stride=1, pad=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dw = np.zeros(w.shape, dtype=np.int64)
    dxp = np.zeros(xp.shape)
    oh, ow = dout.shape[2:]
    for f in range(F):
        for c in range(C):
            for u in range(kh):
                for v in range(kw):
                    part = xp[:, c, u:u + stride * oh:stride, v:v + stride * ow:stride]
                    dw[f, c, u, v] = np.sum(part * dout[:, f])
                    dxp[:, c, u:u + stride * oh:stride, v:v + stride * ow:stride] += w[f, c, u, v] * dout[:, f]
    return dxp[:, :, pad:pad + H, pad:pad + W], dw, dout.sum(axis=(0, 2, 3))
