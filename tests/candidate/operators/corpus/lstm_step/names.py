import numpy as np


def sigm(x):
    return 1 / (1 + np.exp(-x))


def lstm_cell_fwd(x_t, h_prev, c_prev, W_x, W_h, bias):
    """gates in the order i f o g"""
    H = h_prev.shape[1]
    pre = x_t @ W_x + h_prev @ W_h + bias
    act = np.concatenate([sigm(pre[:, :3 * H]), np.tanh(pre[:, 3 * H:])], axis=1)
    i, f, o, g = (act[:, k * H:(k + 1) * H] for k in range(4))
    c_t = c_prev * f + g * i
    h_t = np.tanh(c_t) * o
    return h_t, c_t, (x_t, h_prev, c_prev, W_x, W_h, act, c_t)


def lstm_cell_bwd(d_h, d_c, cache):
    x_t, h_prev, c_prev, W_x, W_h, act, c_t = cache
    H = h_prev.shape[1]
    i, f, o, g = (act[:, k * H:(k + 1) * H] for k in range(4))
    th = np.tanh(c_t)
    d_c_total = d_h * o * (1 - th**2) + d_c
    d_act = np.concatenate([d_c_total * g, d_c_total * c_prev, d_h * th, d_c_total * i], axis=1)
    slope = np.concatenate([act[:, :3 * H] * (1 - act[:, :3 * H]), 1 - act[:, 3 * H:] ** 2], axis=1)
    d_pre = d_act * slope
    return (d_pre @ W_x.T, d_pre @ W_h.T, d_c_total * f,
            x_t.T @ d_pre, h_prev.T @ d_pre, d_pre.sum(axis=0))
