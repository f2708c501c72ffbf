import numpy as np


def sigmoid(a):
    return np.where(a >= 0, 1 / (1 + np.exp(-np.abs(a))), np.exp(-np.abs(a)) / (1 + np.exp(-np.abs(a))))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i, f, o, g = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H]), np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    tc = np.tanh(next_c)
    next_h = o * tc
    return next_h, next_c, {"i": i, "f": f, "o": o, "g": g, "tc": tc, "x": x, "h": prev_h, "c": prev_c, "Wx": Wx, "Wh": Wh}


def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g, tc = (cache[k] for k in "ifog") if False else (cache["i"], cache["f"], cache["o"], cache["g"], cache["tc"])
    dc = dnext_c + dnext_h * o * (1 - tc * tc)
    da = np.concatenate(
        [
            dc * g * i * (1 - i),
            dc * cache["c"] * f * (1 - f),
            dnext_h * tc * o * (1 - o),
            dc * i * (1 - g**2),
        ],
        axis=1,
    )
    dx = da @ cache["Wx"].T
    dprev_h = da @ cache["Wh"].T
    dprev_c = f * dc
    dWx = cache["x"].T @ da
    dWh = cache["h"].T @ da
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    return next_h, (next_h, prev_h, x, Wh, Wx)


def rnn_step_backward(dnext_h, cache):
    next_h, prev_h, x, Wh, Wx = cache
    dscore = dnext_h * (1 - np.square(next_h))
    return dscore @ Wx.T, dscore @ Wh.T, x.T @ dscore, prev_h.T @ dscore, dscore.sum(axis=0)


class RNNCell:
    def __init__(self, input_size, hidden_size):
        self.W_ih = np.random.randn(hidden_size, input_size)
        self.W_hh = np.random.randn(hidden_size, hidden_size)
        self.b = np.zeros(hidden_size)

    def forward(self, x, h_prev):
        self.x, self.h_prev = x, h_prev
        self.h = np.tanh(x @ self.W_ih.T + h_prev @ self.W_hh.T + self.b)
        return self.h

    def backward(self, dh):
        dpre = dh * (1 - self.h**2)
        self.dW_ih = dpre.T @ self.x
        self.dW_hh = dpre.T @ self.h_prev
        self.db = dpre.sum(axis=0)
        return dpre @ self.W_ih, dpre @ self.W_hh
