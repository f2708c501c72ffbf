import numpy as np


class ConvLayer:
    def __init__(self, n_C_prev, n_C, f, stride=1, pad=0):
        self.f, self.stride, self.pad = f, stride, pad
        self.W = np.random.randn(f, f, n_C_prev, n_C) * np.sqrt(2 / (f * f * n_C_prev))
        self.b = np.zeros((1, 1, 1, n_C))

    def forward(self, A_prev):
        f, s, p = self.f, self.stride, self.pad
        self.A_prev = A_prev
        self.A_pad = np.pad(A_prev, ((0, 0), (p, p), (p, p), (0, 0)))
        v = np.lib.stride_tricks.sliding_window_view(self.A_pad, (f, f), axis=(1, 2))[:, ::s, ::s]
        return np.einsum("mhwcij,ijck->mhwk", v, self.W) + self.b

    def backward(self, dZ):
        f, s, p = self.f, self.stride, self.pad
        m, n_H, n_W, n_C = dZ.shape
        self.dW = np.zeros_like(self.W)
        self.db = dZ.sum(axis=(0, 1, 2)).reshape(self.b.shape)
        dA_pad = np.zeros_like(self.A_pad)
        for i in range(m):
            for h in range(n_H):
                for w in range(n_W):
                    y, x = h * s, w * s
                    for c in range(n_C):
                        dA_pad[i, y:y + f, x:x + f] += self.W[:, :, :, c] * dZ[i, h, w, 0]
                        self.dW[:, :, :, c] += self.A_pad[i, y:y + f, x:x + f] * dZ[i, h, w, 0]
        _, H, W, _ = self.A_prev.shape
        return dA_pad[:, p:p + H, p:p + W]
