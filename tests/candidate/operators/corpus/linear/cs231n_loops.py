import numpy as np


def affine_forward(x, w, b):
    N = x.shape[0]
    out = np.zeros((N, w.shape[1]))
    for i in range(N):
        out[i] = x[i].ravel() @ w + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for i in range(x.shape[0]):
        xi = x[i].ravel()
        dw += np.outer(xi, dout[i])
        db += dout[i]
        dx[i] = (w @ dout[i]).reshape(x[i].shape)
    return dx, dw, db
