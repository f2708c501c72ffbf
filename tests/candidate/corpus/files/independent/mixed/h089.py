import numpy as np


class ConvLayer:
    def __init__(self, c_in, c_out, k, stride=1, pad=0):
        self.params = dict(W=np.random.randn(c_out, c_in, k, k), b=np.zeros(c_out))
        self.grads = dict()
        self.k, self.stride, self.pad = k, stride, pad

    def forward(self, x):
        k, s, p = self.k, self.stride, self.pad
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        v = np.lib.stride_tricks.sliding_window_view(self.xp, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        return np.einsum("nchwij,fcij->nfhw", v, self.params["W"]) + self.params["b"][:, None, None]

    def backward(self, dy):
        k, s, p = self.k, self.stride, self.pad
        oh, ow = dy.shape[2:]
        dW, dxp = np.zeros_like(self.params["W"]), np.zeros_like(self.xp)
        for u in range(k):
            for v in range(k):
                dW[:, :, u, v] = np.einsum("nfhw,nchw->fc", dy, self.xp[:, :, u:u + oh, v:v + ow])
        for i in range(oh):
            for j in range(ow):
                dxp[:, :, i * s:i * s + k, j * s:j * s + k] += np.tensordot(dy[:, :, i, j], self.params["W"], 1)
        self.grads.update(W=dW, b=dy.sum(axis=(0, 2, 3)))
        return dxp[:, :, p:-p, p:-p]
