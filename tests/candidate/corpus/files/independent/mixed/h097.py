from types import SimpleNamespace
import numpy as np


def conv_fwd(x, w, b, stride=1):
    n, c, h, wd = x.shape
    k, _, kh, kw = w.shape
    oh = 1 + (h - kh) // stride
    ow = 1 + (wd - kw) // stride
    y = np.zeros((n, k, oh, ow))
    for i in range(oh):
        for j in range(ow):
            y[:, :, i, j] = x[:, :, i * stride:i * stride + kh, j * stride:j * stride + kw].reshape(n, -1) @ w.reshape(k, -1).T + b
    return y, SimpleNamespace(x=x, w=w, b=b, stride=stride)


def conv_bwd(d_out, state):
    x, w, st = state.x, state.w, state.stride
    n = len(x)
    k, c, kh, kw = w.shape
    d_x = np.zeros(x.shape)
    d_w = np.zeros((k, c * kh * kw))
    for i in range(d_out.shape[2]):
        for j in range(d_out.shape[3]):
            ys, xs = slice(i * st, i * st + kh), slice(j * st, j * st + kw)
            g = d_out[:, :, i, j]
            d_w += g.T @ x[:, :, ys, xs].reshape(n, -1)
            d_x[:, :, ys, xs] += (g @ w.reshape(k, -1)).reshape(n, c, kh, kw)
    return d_x, d_w.reshape(w.shape), d_out.sum(axis=(0, 2, 3))
