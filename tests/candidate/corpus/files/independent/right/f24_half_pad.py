import numpy as np


def im2col(x, k):
    n, c, h, w = x.shape
    p = k // 2
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode='constant')
    col = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))   # n c h w k k
    return col.transpose(0, 2, 3, 1, 4, 5).reshape(n * h * w, c * k * k)


def col2im(col, shape, k):
    n, c, h, w = shape
    p = k // 2
    col = col.reshape(n, h, w, c, k, k)
    x = np.zeros((n, c, h + 2 * p, w + 2 * p))
    for i in range(h):
        for j in range(w):
            x[:, :, i:i + k, j:j + k] += col[:, i, j]
    return x[:, :, p:p + h, p:p + w]


def conv3_backward(dout, x, W):
    """size-preserving convolution (k odd), W: (out, in, k, k); gives back dx, dW, db"""
    k = W.shape[-1]
    assert k % 2 == 1
    d2 = dout.transpose(0, 2, 3, 1).reshape(-1, W.shape[0])
    dW = (d2.T @ im2col(x, k)).reshape(W.shape)
    dx = col2im(d2 @ W.reshape(W.shape[0], -1), x.shape, k)
    return dx, dW, d2.sum(0)
