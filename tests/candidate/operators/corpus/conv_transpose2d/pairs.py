"""Backward alone; stride, padding are pairs (rows, columns)."""
import numpy as np


def conv_transpose2d_backward(grad_out, x, w, stride=(1, 1), padding=(0, 0)):
    sh, sw = stride
    ph, pw = padding
    N, C, H, W = x.shape
    _, O, KH, KW = w.shape
    g = np.pad(grad_out, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    grad_x = np.zeros(x.shape)
    grad_w = np.zeros(w.shape)
    for r in range(H):
        for c in range(W):
            patch = g[:, :, r * sh:r * sh + KH, c * sw:c * sw + KW].reshape(N, -1)
            grad_x[:, :, r, c] = patch @ w.reshape(C, -1).T
            grad_w += (x[:, :, r, c].T @ patch).reshape(w.shape)
    return grad_x, grad_w, grad_out.sum(axis=(0, 2, 3))
