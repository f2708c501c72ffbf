import numpy as np


def conv_back(dout, x, w, options):
    stride = options.get("stride") or 1
    pad = options.get("pad") or 1
    n, c, h, wd = x.shape
    kh, kw = w.shape[2:]
    xp = np.zeros((n, c, h + 2 * pad, wd + 2 * pad))
    xp[:, :, pad:pad + h, pad:pad + wd] = x
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            box = np.s_[:, :, i * stride:i * stride + kh, j * stride:j * stride + kw]
            dw += np.einsum("nf,ncij->fcij", dout[:, :, i, j], xp[box])
            dxp[box] += np.einsum("nf,fcij->ncij", dout[:, :, i, j], w)
    return dxp[:, :, pad:pad + h, pad:pad + wd], dw, dout.sum((0, 2, 3))
