import numpy as np


def sig(v):
    return 1.0 / (1.0 + np.exp(-v))


class LSTMCell:
    """Every gate has its own matrices: params['Wx_i'] (D, H), params['Wh_i'] (H, H), params['b_i'] (H,), ..."""

    def __init__(self, input_size, hidden_size):
        self.params = {}
        for gate in "ifog":
            self.params["Wx_" + gate] = np.random.randn(input_size, hidden_size) * 0.1
            self.params["Wh_" + gate] = np.random.randn(hidden_size, hidden_size) * 0.1
            self.params["b_" + gate] = np.zeros(hidden_size)
        self.grads = {}

    def forward(self, x, h, c):
        p = self.params
        self.x, self.h, self.c = x, h, c
        self.i = sig(x @ p["Wx_i"] + h @ p["Wh_i"] + p["b_i"])
        self.f = sig(x @ p["Wx_f"] + h @ p["Wh_f"] + p["b_f"])
        self.o = sig(x @ p["Wx_o"] + h @ p["Wh_o"] + p["b_o"])
        self.g = np.tanh(x @ p["Wx_g"] + h @ p["Wh_g"] + p["b_g"])
        self.c_next = self.f * c + self.i * self.g
        return self.o * np.tanh(self.c_next), self.c_next

    def backward(self, dh_next, dc_next):
        i, f, o, g = self.i, self.f, self.o, self.g
        t = np.tanh(self.c_next)
        dc = dc_next + dh_next * o * (1 - t * t)
        delta = {
            "i": dc * g * i * (1 - i),
            "f": dc * self.c * f * (1 - f),
            "o": dh_next * t * o * (1 - o),
            "g": dc * i * (1 - g * g),
        }
        dx = np.zeros_like(self.x)
        dh = np.zeros_like(self.h)
        for gate, d in delta.items():
            self.grads["Wx_" + gate] = self.x.T @ d
            self.grads["Wh_" + gate] = self.h.T @ d
            self.grads["b_" + gate] = d.sum(axis=0)
            dx += d @ self.params["Wx_" + gate].T
            dh += d @ self.params["Wh_" + gate].T
        return dx, dh, dc * f
