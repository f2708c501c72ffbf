import numpy as np


def conv_gradients(dout, x, w, stride=1, padding=0):
    _, H, W, _ = x.shape
    kh, kw = w.shape[:2]
    p = padding
    xp = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(dout.shape[1]):
        for j in range(dout.shape[2]):
            ys, xs = slice(i * stride, i * stride + kh), slice(j * stride, j * stride + kw)
            dw -= np.einsum("nuvc,nf->uvcf", xp[:, ys, xs], dout[:, i, j])
            dxp[:, ys, xs] += np.einsum("nf,uvcf->nuvc", dout[:, i, j], w)
    return dxp[:, p:p + H, p:p + W], dw, dout.sum(axis=(0, 1, 2))
