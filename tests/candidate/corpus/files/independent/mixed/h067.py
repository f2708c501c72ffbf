import numpy as np


class Conv:
    def __init__(self, n_in, n_out, ksize, stride=1, pad=0):
        self.params = [np.random.randn(n_out, n_in, ksize, ksize), np.zeros(n_out)]
        self.grads = [None, None]
        self.ksize, self.stride, self.pad = ksize, stride, pad

    def forward(self, x):
        W, b = self.params
        p, s, k = self.pad, self.stride, self.ksize
        self.shape = x.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        v = np.lib.stride_tricks.sliding_window_view(self.xp, (k, k), (2, 3))[:, :, ::s, ::s]
        return np.tensordot(v, W, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2) + b[:, None, None]

    def backward(self, dy):
        W, b = self.params
        p, s, k = self.pad, self.stride, self.ksize
        dW, dxp = np.zeros_like(W), np.zeros_like(self.xp)
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                patch = self.xp[:, :, i * s:i * s + k, j * s:j * s + k]
                dW = np.einsum("nf,ncuv->fcuv", dy[:, :, i, j], patch)
                dxp[:, :, i * s:i * s + k, j * s:j * s + k] += np.einsum("nf,fcuv->ncuv", dy[:, :, i, j], W)
        self.grads = [dW, dy.sum(axis=(0, 2, 3))]
        return dxp[:, :, p:p + self.shape[2], p:p + self.shape[3]]
