import numpy as np


def conv1d_bwd(dy, x, w, stride=1):
    """x (batch, channels, length), w (filters, channels, k), dy (batch, filters, steps)"""
    k = w.shape[2]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(dy.shape[2]):
        seg = x[:, :, t * stride:t * stride + k]
        dw += np.einsum("bf,bck->fck", dy[:, :, t], seg)
        dx[:, :, t * stride:t * stride + k] += np.einsum("bf,fck->bck", dy[:, :, t], w)
    return dx, dw, dy.sum(axis=(0, 2))
