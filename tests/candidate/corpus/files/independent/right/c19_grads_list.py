import numpy as np


class Conv:
    def __init__(self, w, b, stride=1, pad=0):
        self.params = [w, b]
        self.grads = [np.zeros_like(w), np.zeros_like(b)]
        self.stride, self.pad = stride, pad
        self.ctx = None

    def forward(self, x):
        w, b = self.params
        s, p = self.stride, self.pad
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        v = np.lib.stride_tricks.sliding_window_view(xp, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]
        self.ctx = (x.shape, xp.shape, v)
        return np.tensordot(v, w, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2) + b.reshape(-1, 1, 1)

    def backward(self, dout):
        w, b = self.params
        s, p = self.stride, self.pad
        shape, pshape, v = self.ctx
        self.grads[0][...] = np.tensordot(dout, v, axes=((0, 2, 3), (0, 2, 3)))
        self.grads[1][...] = dout.sum(axis=(0, 2, 3))
        dxp = np.zeros(pshape)
        dv = np.tensordot(dout, w, axes=((1,), (0,)))              # n oh ow c kh kw
        for i in range(dv.shape[1]):
            for j in range(dv.shape[2]):
                dxp[:, :, i * s:i * s + w.shape[2], j * s:j * s + w.shape[3]] += dv[:, i, j]
        return dxp[:, :, p:p + shape[2], p:p + shape[3]]
