import numpy as np


class Conv2D:
    def __init__(self, in_channels, num_filters, kernel_size, stride=1, padding=0):
        self.W = np.random.randn(num_filters, in_channels, kernel_size, kernel_size) * 0.1
        self.b = np.zeros(num_filters)
        self.k, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x):
        p, s, k = self.padding, self.stride, self.k
        self.x = x
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh, ow = (self.xp.shape[2] - k) // s + 1, (self.xp.shape[3] - k) // s + 1
        out = np.zeros((x.shape[0], len(self.W), oh, ow))
        for i in range(oh):
            for j in range(ow):
                region = self.xp[:, :, i * s:i * s + k, j * s:j * s + k]
                out[:, :, i, j] = np.einsum("ncij,fcij->nf", region, self.W) + self.b
        return out

    def backward(self, dout):
        p, k = self.padding, self.k
        self.dW, self.db = np.zeros_like(self.W), dout.sum(axis=(0, 2, 3))
        dxp = np.zeros_like(self.xp)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                region = self.xp[:, :, i:i + k, j:j + k]
                self.dW += np.einsum("ncij,nf->fcij", region, dout[:, :, i, j])
                dxp[:, :, i:i + k, j:j + k] += np.einsum("nf,fcij->ncij", dout[:, :, i, j], self.W)
        return dxp[:, :, p:p + self.x.shape[2], p:p + self.x.shape[3]]
