import numpy as np


class Convolution:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.W = np.random.randn(out_channels, in_channels, kernel_size, kernel_size) * 0.1
        self.b = np.zeros(out_channels)
        self.stride, self.padding = stride, padding

    def forward(self, X):
        p, s, k = self.padding, self.stride, self.W.shape[2]
        self.X = X
        self.Xp = np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))
        v = np.lib.stride_tricks.sliding_window_view(self.Xp, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        return np.einsum("nchwij,fcij->nfhw", v, self.W) + self.b[None, :, None, None]

    def backward(self, dY, lr=0.01):
        p, s, k = self.padding, self.stride, self.W.shape[2]
        dXp = np.zeros_like(self.Xp)
        for n in range(len(dY)):
            dW = np.zeros_like(self.W)
            for i in range(dY.shape[2]):
                for j in range(dY.shape[3]):
                    at = np.s_[n, :, i * s:i * s + k, j * s:j * s + k]
                    for f in range(len(self.W)):
                        dW[f] += dY[n, f, i, j] * self.Xp[at]
                        dXp[at] += dY[n, f, i, j] * self.W[f]
        self.W = self.W - lr * dW
        self.b = self.b - lr * dY.sum(axis=(0, 2, 3))
        h, w = self.X.shape[2:]
        return dXp[:, :, p:p + h, p:p + w]
