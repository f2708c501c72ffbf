"""min-char-lstm: one matrix W (4H, H + D) on the stacked column [h; x]. Gates f i o c~."""
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, h_prev, c_prev, W, b):
    """x (D, B), h_prev, c_prev (H, B), W (4H, H + D), b (4H, 1)"""
    H = h_prev.shape[0]
    hx = np.vstack([h_prev, x])
    z = W @ hx + b
    f, i, o = sigmoid(z[:H]), sigmoid(z[H:2 * H]), sigmoid(z[2 * H:3 * H])
    c_bar = np.tanh(z[3 * H:])
    c = f * c_prev + i * c_bar
    h = o * np.tanh(c)
    return h, c, (hx, f, i, o, c_bar, c, c_prev, W)


def lstm_step_backward(dh, dc, cache):
    hx, f, i, o, c_bar, c, c_prev, W = cache
    H = c.shape[0]
    do = dh * np.tanh(c)
    dc = dc + dh * o * (1 - np.tanh(c) ** 2)
    dc_bar = dc * i
    di = dc * c_bar
    df = dc * c_prev
    dz = np.vstack([df * f * (1 - f), di * i * (1 - i), do * o * (1 - o), dc_bar * (1 - c_bar ** 2)])
    dW = dz @ hx.T
    db = dz.sum(axis=1, keepdims=True)
    dhx = W.T @ dz
    return dhx[H:], dhx[:H], dc * f, dW, db
