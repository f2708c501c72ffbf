import numpy as np


class Sigmoid:
    def forward(self, Z):
        self.A = 1 / (1 + np.exp(-Z))
        return self.A

    def backward(self):
        return self.A - self.A * self.A


class LSTMCell(object):
    """LSTM cell in the manner of the homework's RNNCell: weights (h, d), gradients averaged over the batch."""

    def __init__(self, input_size, hidden_size):
        self.d = input_size
        self.h = hidden_size
        for gate in "ifog":
            setattr(self, "W" + gate + "x", np.random.randn(hidden_size, input_size))
            setattr(self, "W" + gate + "h", np.random.randn(hidden_size, hidden_size))
            setattr(self, "b" + gate, np.random.randn(hidden_size))
            setattr(self, "dW" + gate + "x", np.zeros((hidden_size, input_size)))
            setattr(self, "dW" + gate + "h", np.zeros((hidden_size, hidden_size)))
            setattr(self, "db" + gate, np.zeros(hidden_size))
        self.i_act, self.f_act, self.o_act = Sigmoid(), Sigmoid(), Sigmoid()

    def __call__(self, x, h_prev_t, c_prev_t):
        return self.forward(x, h_prev_t, c_prev_t)

    def forward(self, x, h_prev_t, c_prev_t):
        self.x = x
        self.hidden = h_prev_t
        self.cell = c_prev_t
        self.i = self.i_act.forward(x @ self.Wix.T + h_prev_t @ self.Wih.T + self.bi)
        self.f = self.f_act.forward(x @ self.Wfx.T + h_prev_t @ self.Wfh.T + self.bf)
        self.o = self.o_act.forward(x @ self.Wox.T + h_prev_t @ self.Woh.T + self.bo)
        self.g = np.tanh(x @ self.Wgx.T + h_prev_t @ self.Wgh.T + self.bg)
        self.c_t = self.f * c_prev_t + self.i * self.g
        self.tanh_c = np.tanh(self.c_t)
        return self.o * self.tanh_c, self.c_t

    def backward(self, delta_h, delta_c):
        N = delta_h.shape[0]
        dc = delta_c + delta_h * self.o * (1 - self.tanh_c**2)
        dzi = dc * self.g * self.i_act.backward()
        dzf = dc * self.cell * self.f_act.backward()
        dzo = delta_h * self.tanh_c * self.o_act.backward()
        dzg = dc * self.i * (1 - self.g**2)

        # averaged over the batch, as for the RNN cell
        self.dWix += dzi.T @ self.x / N
        self.dWfx += dzf.T @ self.x / N
        self.dWox += dzo.T @ self.x / N
        self.dWgx += dzg.T @ self.x / N
        self.dWih += dzi.T @ self.hidden / N
        self.dWfh += dzf.T @ self.hidden / N
        self.dWoh += dzo.T @ self.hidden / N
        self.dWgh += dzg.T @ self.hidden / N
        self.dbi += dzi.mean(axis=0)
        self.dbf += dzf.mean(axis=0)
        self.dbo += dzo.mean(axis=0)
        self.dbg += dzg.mean(axis=0)

        dx = dzi @ self.Wix + dzf @ self.Wfx + dzo @ self.Wox + dzg @ self.Wgx
        dh_prev_t = dzi @ self.Wih + dzf @ self.Wfh + dzo @ self.Woh + dzg @ self.Wgh
        dc_prev_t = dc * self.f
        return dx, dh_prev_t, dc_prev_t
