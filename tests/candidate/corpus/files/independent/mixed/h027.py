import numpy as np


class Op:
    def __call__(self, *inputs):
        self.inputs = inputs
        return self.forward(*inputs)


class Conv2d(Op):
    def __init__(self, stride=1, padding=0):
        self.stride, self.padding = stride, padding

    def forward(self, data, kernel, bias):
        s, p = self.stride, self.padding
        self.saved = data, kernel
        d = np.pad(data, ((0, 0), (0, 0), (p, p), (p, p)))
        kh, kw = kernel.shape[-2:]
        out = np.empty((len(data), len(kernel), (d.shape[2] - kh) // s + 1, (d.shape[3] - kw) // s + 1))
        for y, x in np.ndindex(out.shape[2:]):
            out[:, :, y, x] = np.tensordot(d[:, :, y * s:y * s + kh, x * s:x * s + kw], kernel, ((1, 2, 3), (1, 2, 3)))
        return out + bias.reshape(1, -1, 1, 1)

    def backward(self, output_grad):
        data, kernel = self.saved
        s, p = self.stride, self.padding
        d = np.pad(data, ((0, 0), (0, 0), (p, p), (p, p)))
        gd, gk = np.zeros_like(d), np.zeros_like(kernel)
        kh, kw = kernel.shape[-2:]
        for y, x in np.ndindex(output_grad.shape[2:]):
            at = np.s_[:, :, y * s:y * s + kh, x * s:x * s + kw]
            gd[at] += np.tensordot(output_grad[:, :, y, x], kernel, (1, 0))
            gk += np.tensordot(output_grad[:, :, y, x], d[at], (0, 0))
        return gd[:, :, p:p + data.shape[2], p:p + data.shape[3]], gk, output_grad.sum(axis=(0, 2, 3))
