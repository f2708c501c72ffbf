import numpy as np


class Param:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class ConvLayer:
    def __init__(self, filter_size, in_channels, out_channels, stride=1, padding=0):
        self.kernel = Param(np.random.randn(filter_size, filter_size, in_channels, out_channels) * 0.01)
        self.bias = Param(np.zeros(out_channels))
        self.stride, self.padding, self.f = stride, padding, filter_size

    def forward(self, X):
        p, s, f = self.padding, self.stride, self.f
        self.Xp = np.pad(X, ((0, 0), (p, p), (p, p), (0, 0)), mode="constant")
        hh, ww = (self.Xp.shape[1] - f) // s + 1, (self.Xp.shape[2] - f) // s + 1
        res = np.zeros((X.shape[0], hh, ww, self.bias.value.size))
        for y in range(hh):
            for x in range(ww):
                res[:, y, x] = np.einsum("nijc,ijco->no", self.Xp[:, y * s:y * s + f, x * s:x * s + f], self.kernel.value)
        return res + self.bias.value

    def backward(self, d_out):
        p, s, f = self.padding, self.stride, self.f
        dk, dXp = np.zeros_like(self.kernel.value), np.zeros_like(self.Xp)
        for y in range(d_out.shape[1]):
            for x in range(d_out.shape[2]):
                ys, xs = slice(y * s, y * s + f), slice(x * s, x * s + f)
                dk += np.einsum("nijc,no->ijco", self.Xp[:, ys, xs], d_out[:, y, x])
                dXp[:, ys, xs] += np.einsum("ijco,no->nijc", self.kernel.value, d_out[:, y, x])
        self.kernel.grad = dk
        self.bias.grad = d_out.sum((0, 1, 2))
        return dXp[:, p:-p, p:-p] if p else dXp

    def params(self):
        return {"kernel": self.kernel, "bias": self.bias}
