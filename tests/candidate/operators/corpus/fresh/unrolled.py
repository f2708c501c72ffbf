import numpy as np


def rnn_step_backward(dh, x, h_prev, Wx, Wh, b):
    """Sample by sample."""
    dx, dh_prev = np.zeros_like(x), np.zeros_like(h_prev)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    for n in range(x.shape[0]):
        h = np.tanh(x[n] @ Wx + h_prev[n] @ Wh + b)
        dz = dh[n] * (1 - h * h)
        dx[n] = Wx @ dz
        dh_prev[n] = Wh @ dz
        dWx += np.outer(x[n], dz)
        dWh += np.outer(h_prev[n], dz)
        db += dz
    return dx, dh_prev, dWx, dWh, db


def rnn_cell_forward(x, h, Wx, Wh, b):
    return np.tanh(x @ Wx + h @ Wh + b), (x, h, Wx, Wh, b)


def rnn_cell_backward(dnext_h, cache):
    """Its cache is what the forward was given."""
    x, h, Wx, Wh, b = cache
    slope = 1 / np.cosh(x @ Wx + h @ Wh + b) ** 2
    dz = dnext_h * slope
    return dz @ Wx.T, dz @ Wh.T, x.T @ dz, h.T @ dz, dz.sum(axis=0)
