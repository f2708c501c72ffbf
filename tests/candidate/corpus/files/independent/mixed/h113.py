import numpy as np


class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W, self.b, self.stride, self.pad = W, b, stride, pad

    def forward(self, x):
        k, l = self.W.shape[2:]
        s, p = self.stride, self.pad
        self.x = x
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        v = np.lib.stride_tricks.sliding_window_view(self.xp, (k, l), axis=(2, 3))[:, :, ::s, ::s]
        self.oh, self.ow = v.shape[2:4]
        self.col = v.transpose(1, 4, 5, 0, 2, 3).reshape(self.W[0].size, -1)
        out = self.W.reshape(len(self.W), -1) @ self.col + self.b.reshape(-1, 1)
        return out.reshape(len(self.W), len(x), self.oh, self.ow).swapaxes(0, 1)

    def backward(self, dout):
        k, l = self.W.shape[2:]
        s, p = self.stride, self.pad
        flat = dout.reshape(len(self.W), -1)
        self.db = dout.sum(axis=(0, 2, 3))
        self.dW = (flat @ self.col.T).reshape(self.W.shape)
        dxp = np.zeros_like(self.xp)
        for i in range(self.oh):
            for j in range(self.ow):
                dxp[:, :, i * s:i * s + k, j * s:j * s + l] += np.tensordot(dout[:, :, i, j], self.W, 1)
        h, w = self.x.shape[2:]
        return dxp[:, :, p:p + h, p:p + w]
