import numpy as np


# x: N C L, w: F C K, dy: N F L_out
def conv1d_grads(dy, x, w, stride, pad):
    n, c, length = x.shape
    f, _, k = w.shape
    xp = np.zeros((n, c, length + 2 * pad))
    xp[:, :, pad:pad + length] = x
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    for t in range(k):
        stop = t + stride * (dy.shape[2] - 1) + 1
        dw[:, :, t] = np.einsum('nfl,ncl->fc', dy, xp[:, :, t:stop:stride])
        dxp[:, :, t:stop:stride] += np.einsum('nfl,fc->ncl', dy, w[:, :, t])
    return dxp[:, :, pad:pad + length], dw, dy.sum((0, 2))
