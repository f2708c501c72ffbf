import numpy as np


class Op:
    def __call__(self, *inputs):
        self.inputs = inputs
        return self.forward(*inputs)

    def forward(self, *inputs):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError


class Conv2dOp(Op):
    def __init__(self, stride=1, pad=0):
        self.stride, self.pad = stride, pad

    def forward(self, x, w, b):
        s, p = self.stride, self.pad
        N, C, H, W = x.shape
        self.x, self.w, self.b = x, w, b
        xp = np.pad(x, ((0,), (0,), (p,), (p,)))
        kh, kw = w.shape[2:]
        oh, ow = (H + 2 * p - kh) // s + 1, (W + 2 * p - kw) // s + 1
        self.col = np.array([[xp[:, :, i * s:i * s + kh, j * s:j * s + kw].reshape(N, -1) for j in range(ow)] for i in range(oh)])
        return (self.col @ w.reshape(len(w), -1).T + b).transpose(2, 3, 0, 1)

    def backward(self, grad):
        s, p = self.stride, self.pad
        N, C, H, W = self.x.shape
        kh, kw = self.w.shape[2:]
        g = grad.transpose(2, 3, 0, 1)                              # oh ow N F
        dw = np.einsum("hwnf,hwnk->fk", g, self.col).reshape(self.w.shape)
        dcol = g @ self.w.reshape(len(self.w), -1)
        dxp = np.zeros((N, C, H + 2 * p, W + 2 * p))
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                dxp[:, :, i * s:i * s + kh, j * s:j * s + kw] += dcol[i, j].reshape(N, C, kh, kw)
        return dxp[:, :, p:p + H, p:p + W], dw, grad.sum((0, 2, 3)).reshape(self.b.shape)
