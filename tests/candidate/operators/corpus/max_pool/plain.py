import numpy as np


def max_pool(x, k, s):
    n, c, h, w = x.shape
    oh, ow = (h - k) // s + 1, (w - k) // s + 1
    y = np.full((n, c, oh, ow), -np.inf)
    for di in range(k):
        for dj in range(k):
            y = np.maximum(y, x[:, :, di:di + s * oh:s, dj:dj + s * ow:s][:, :, :oh, :ow])
    return y


def max_pool_backward(dout, x, k, s):
    n, c, h, w = x.shape
    oh, ow = dout.shape[2], dout.shape[3]
    b, ch = np.ogrid[:n, :c]
    dx = np.zeros_like(x)
    for i in range(oh):
        for j in range(ow):
            win = x[:, :, i * s:i * s + k, j * s:j * s + k].reshape(n, c, k * k)
            best = win.argmax(axis=2)
            dx[b, ch, i * s + best // k, j * s + best % k] += dout[:, :, i, j]
    return dx


if __name__ == '__main__':
    x = np.random.randn(2, 3, 6, 6)
    y = max_pool(x, 2, 2)
    print(max_pool_backward(np.ones_like(y), x, 2, 2).sum(), y.size)
