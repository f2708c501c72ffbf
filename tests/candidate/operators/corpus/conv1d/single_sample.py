# one signal, one channel: the exercise from the lecture
import numpy as np


def conv1d_forward(x, w, b):
    n = len(x) - len(w) + 1
    out = np.array([np.dot(x[i:i + len(w)], w) + b for i in range(n)])
    return out, (x, w, b)


def conv1d_backward(dout, cache):
    x, w, b = cache
    dx = np.convolve(dout, w)  # 'full'; np.convolve flips, so this is the right one
    dw = np.correlate(x, dout, mode='valid')
    db = np.sum(dout)
    return dx, dw, db


if __name__ == '__main__':
    out, cache = conv1d_forward(np.arange(6.0), np.array([1.0, 0, -1]), 0.5)
    print('out', out)
    print('dx, dw, db', conv1d_backward(np.ones_like(out), cache))
