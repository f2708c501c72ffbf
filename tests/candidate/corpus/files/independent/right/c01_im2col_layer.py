import numpy as np


class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        scale = np.sqrt(2.0 / (in_channels * kernel_size ** 2))
        self.W = np.random.randn(out_channels, in_channels, kernel_size, kernel_size) * scale
        self.b = np.zeros(out_channels)
        self.dW = None
        self.db = None

    def _view(self, xp, oh, ow):
        k, s = self.kernel_size, self.stride
        return np.lib.stride_tricks.sliding_window_view(xp, (k, k), (2, 3))[:, :, ::s, ::s][:, :, :oh, :ow]

    def forward(self, x):
        p = self.padding
        self.x = x
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh = (self.xp.shape[2] - self.kernel_size) // self.stride + 1
        ow = (self.xp.shape[3] - self.kernel_size) // self.stride + 1
        v = self._view(self.xp, oh, ow)
        return np.einsum("nchwij,fcij->nfhw", v, self.W) + self.b.reshape(1, -1, 1, 1)

    def backward(self, dout):
        k, s, p = self.kernel_size, self.stride, self.padding
        oh, ow = dout.shape[2:]
        self.dW = np.einsum("nchwij,nfhw->fcij", self._view(self.xp, oh, ow), dout)
        self.db = dout.sum(axis=(0, 2, 3))
        dxp = np.zeros_like(self.xp)
        for i in range(oh):
            for j in range(ow):
                dxp[:, :, i * s:i * s + k, j * s:j * s + k] += np.tensordot(dout[:, :, i, j], self.W, axes=1)
        h, w = self.x.shape[2:]
        return dxp[:, :, p:p + h, p:p + w]
