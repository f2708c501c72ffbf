"""An LSTM's step with a weight for each gate: over [h; x], over [x, h], and apart."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class LSTM:
    """One weight a gate over [h, x], each with its bias."""
    def __init__(self, input_size, hidden_size):
        n = input_size + hidden_size
        self.Wf = np.random.randn(hidden_size, n); self.bf = np.zeros((hidden_size, 1))
        self.Wi = np.random.randn(hidden_size, n); self.bi = np.zeros((hidden_size, 1))
        self.Wc = np.random.randn(hidden_size, n); self.bc = np.zeros((hidden_size, 1))
        self.Wo = np.random.randn(hidden_size, n); self.bo = np.zeros((hidden_size, 1))
    def forward(self, x, h_prev, c_prev):
        z = np.vstack((h_prev, x))
        f = sigmoid(self.Wf @ z + self.bf); i = sigmoid(self.Wi @ z + self.bi)
        g = np.tanh(self.Wc @ z + self.bc); o = sigmoid(self.Wo @ z + self.bo)
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        self.cache = z, f, i, g, o, c, c_prev, h_prev
        return h, c
    def backward(self, dh, dc):
        z, f, i, g, o, c, c_prev, h_prev = self.cache
        H = h_prev.shape[0]
        do = dh * np.tanh(c) * o * (1 - o)
        dc = dc + dh * o * (1 - np.tanh(c)**2)
        df = dc * c_prev * f * (1 - f)
        di = dc * g * i * (1 - i)
        dg = dc * i * (1 - g**2)
        self.dWf, self.dbf = df @ z.T, df.sum(1, keepdims=True)
        self.dWi, self.dbi = di @ z.T, di.sum(1, keepdims=True)
        self.dWc, self.dbc = dg @ z.T, dg.sum(1, keepdims=True)
        self.dWo, self.dbo = do @ z.T, do.sum(1, keepdims=True)
        dz = self.Wf.T @ df + self.Wi.T @ di + self.Wc.T @ dg + self.Wo.T @ do
        return dz[H:], dz[:H], dc * f

def lstm_cell_forward(x, h_prev, c_prev, params):
    xh = np.concatenate([x, h_prev], axis=1)
    f = sigmoid(xh @ params["Wf"] + params["bf"]); i = sigmoid(xh @ params["Wi"] + params["bi"])
    g = np.tanh(xh @ params["Wc"] + params["bc"]); o = sigmoid(xh @ params["Wo"] + params["bo"])
    c = f * c_prev + i * g
    return o * np.tanh(c), c, (xh, f, i, g, o, c, c_prev, x.shape[1], params)
def lstm_cell_backward(dh_next, dc_next, cache):
    xh, f, i, g, o, c, c_prev, D, params = cache
    dc = dc_next + dh_next * o * (1 - np.tanh(c)**2)
    do = dh_next * np.tanh(c) * o * (1 - o)
    df, di, dg = dc * c_prev * f * (1 - f), dc * g * i * (1 - i), dc * i * (1 - g**2)
    grads = {"dWf": xh.T @ df, "dWi": xh.T @ di, "dWc": xh.T @ dg, "dWo": xh.T @ do,
             "dbf": df.sum(0), "dbi": di.sum(0), "dbc": dg.sum(0), "dbo": do.sum(0)}
    dxh = df @ params["Wf"].T + di @ params["Wi"].T + dg @ params["Wc"].T + do @ params["Wo"].T
    grads["dx"], grads["dh_prev"], grads["dc_prev"] = dxh[:, :D], dxh[:, D:], dc * f
    return grads

def lstm_step(x, h_prev, c_prev, Wf, Wi, Wc, Wo, Uf, Ui, Uc, Uo, bf, bi, bc, bo):
    f = sigmoid(x @ Wf + h_prev @ Uf + bf); i = sigmoid(x @ Wi + h_prev @ Ui + bi)
    g = np.tanh(x @ Wc + h_prev @ Uc + bc); o = sigmoid(x @ Wo + h_prev @ Uo + bo)
    c = f * c_prev + i * g
    return o * np.tanh(c), c, (x, h_prev, c_prev, f, i, g, o, c, Wf, Wi, Wc, Wo, Uf, Ui, Uc, Uo)
def lstm_step_backward(dh, dc, cache):
    x, h_prev, c_prev, f, i, g, o, c, Wf, Wi, Wc, Wo, Uf, Ui, Uc, Uo = cache
    dct = dc + dh * o * (1 - np.tanh(c)**2)
    do = dh * np.tanh(c) * o * (1 - o)
    df, di, dg = dct * c_prev * f * (1 - f), dct * g * i * (1 - i), dct * i * (1 - g**2)
    dx = df @ Wf.T + di @ Wi.T + dg @ Wc.T + do @ Wo.T
    dh_prev = df @ Uf.T + di @ Ui.T + dg @ Uc.T + do @ Uo.T
    dWf, dWi, dWc, dWo = x.T @ df, x.T @ di, x.T @ dg, x.T @ do
    dUf, dUi, dUc, dUo = h_prev.T @ df, h_prev.T @ di, h_prev.T @ dg, h_prev.T @ do
    dbf, dbi, dbc, dbo = df.sum(0), di.sum(0), dg.sum(0), do.sum(0)
    return dx, dh_prev, dct * f, dWf, dWi, dWc, dWo, dUf, dUi, dUc, dUo, dbf, dbi, dbc, dbo
