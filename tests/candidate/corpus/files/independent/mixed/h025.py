import numpy as np


class ConvLayer:
    def __init__(self, in_channels, out_channels, filter_size, stride=1, padding=0):
        self.W = np.random.randn(out_channels, in_channels, filter_size, filter_size)
        self.b = np.zeros(out_channels)
        self.f, self.stride, self.padding = filter_size, stride, padding

    def forward(self, x):
        f, s, p = self.f, self.stride, self.padding
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        self.v = np.lib.stride_tricks.sliding_window_view(self.xp, (f, f), axis=(2, 3))[:, :, ::s, ::s]
        return np.einsum("nchwij,kcij->nkhw", self.v, self.W) + self.b[:, None, None]

    def backward(self, d):
        f, s, p = self.f, self.stride, self.padding
        self.dW = np.einsum("nchwij,nkhw->kcij", self.v, d)
        self.db = d.sum(axis=(0, 2, 3))
        dxp = np.zeros_like(self.xp)
        end_y = dxp.shape[2]
        for i in reversed(range(d.shape[2])):
            end_x = dxp.shape[3]
            for j in reversed(range(d.shape[3])):
                dxp[:, :, end_y - f:end_y, end_x - f:end_x] += np.tensordot(d[:, :, i, j], self.W, 1)
                end_x -= s
            end_y -= s
        return dxp[:, :, p:dxp.shape[2] - p, p:dxp.shape[3] - p]
