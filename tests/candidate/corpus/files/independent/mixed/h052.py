import numpy as np


class Tensor:
    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)


class Conv:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        k = kernel_size
        self.w = Tensor(np.random.uniform(-1, 1, (out_channels, in_channels, k, k)) / np.sqrt(in_channels * k * k))
        self.b = Tensor(np.zeros(out_channels))
        self.stride, self.padding = stride, padding

    def parameters(self):
        return [self.w, self.b]

    def zero_grad(self):
        for t in self.parameters():
            t.grad = np.zeros_like(t.data)

    def _windows(self, xp):
        k, s = self.w.data.shape[2], self.stride
        for i in range((xp.shape[2] - k) // s + 1):
            for j in range((xp.shape[3] - k) // s + 1):
                yield i, j, np.s_[:, :, i * s:i * s + k, j * s:j * s + k]

    def forward(self, x):
        p, k, s = self.padding, self.w.data.shape[2], self.stride
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        y = np.zeros((len(x), len(self.b.data), (self.xp.shape[2] - k) // s + 1, (self.xp.shape[3] - k) // s + 1))
        for i, j, at in self._windows(self.xp):
            y[:, :, i, j] = np.einsum("ncuv,fcuv->nf", self.xp[at], self.w.data) + self.b.data
        return y

    def backward(self, grad):
        dxp = np.zeros_like(self.xp)
        for i, j, at in self._windows(self.xp):
            self.w.grad += np.einsum("ncuv,nf->fcuv", self.xp[at], grad[:, :, i, j])
            dxp[at] += np.einsum("fcuv,nf->ncuv", self.w.data, grad[:, :, i, j])
        self.b.grad += grad.sum(axis=(0, 2, 3))
        p = self.padding
        return dxp[:, :, p:dxp.shape[2] - p, p:dxp.shape[3] - p]
