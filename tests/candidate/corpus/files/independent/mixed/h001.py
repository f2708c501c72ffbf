import numpy as np


class Convolution:
    def __init__(self, in_depth, out_depth, filter_size, stride=1, pad=0):
        self.cfg = dict(f=filter_size, stride=stride, pad=pad)
        self.params = {"W": np.random.randn(filter_size, filter_size, in_depth, out_depth), "b": np.zeros(out_depth)}
        self.grads = {}

    def forward(self, inputs):
        f, s, p = self.cfg["f"], self.cfg["stride"], self.cfg["pad"]
        self.inputs = np.pad(inputs, ((0, 0), (p, p), (p, p), (0, 0)), "constant")
        v = np.lib.stride_tricks.sliding_window_view(self.inputs, (f, f), (1, 2))[:, ::s, ::s]
        return np.einsum("nhwcij,ijco->nhwo", v, self.params["W"]) + self.params["b"]

    def backward(self, grad):
        f, s, p = self.cfg["f"], self.cfg["stride"], self.cfg["pad"]
        gx, gW = np.zeros_like(self.inputs), np.zeros_like(self.params["W"])
        for r in range(grad.shape[1]):
            for c in range(grad.shape[2]):
                rs, cs = slice(r * s, r * s + f), slice(c * s, c * s + f)
                gW += np.einsum("nijc,no->ijco", self.inputs[:, rs, cs], grad[:, r, c])
                gx[:, rs, cs] += np.einsum("no,ijco->nijc", grad[:, r, c], self.params["W"])
        self.grads["W"], self.grads["b"] = gW, grad.sum(axis=(0, 1, 2))
        return gx[:, p:-p, p:-p, :]
