import numpy as np


def lstm_step_backward(dnext_h, dnext_c, x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c):
    """The gates come from the forward kernel. Order in 4H: i f o g."""
    t = np.tanh(next_c)
    dc = dnext_c + (1 - t ** 2) * o * dnext_h
    da = np.concatenate([
        dc * g * (1 - i) * i,
        dc * prev_c * (1 - f) * f,
        dnext_h * t * (1 - o) * o,
        dc * i * (1 - g ** 2),
    ], axis=1)
    return da.dot(Wx.T), da.dot(Wh.T), dc * f, x.T.dot(da), prev_h.T.dot(da), da.sum(0)
