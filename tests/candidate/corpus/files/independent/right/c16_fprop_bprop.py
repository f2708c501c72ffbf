import numpy as np


class ConvBlock:
    def __init__(self, nf, nc, f, s=1, p=0):
        self.nf, self.nc, self.f, self.s, self.p = nf, nc, f, s, p
        self.W = np.random.randn(nf, nc, f, f) * 0.2
        self.b = np.zeros((1, nf, 1, 1))

    def fprop(self, X):
        f, s, p = self.f, self.s, self.p
        m, nc, H, W = X.shape
        self.X = X
        self.P = np.zeros((m, nc, H + 2 * p, W + 2 * p))
        self.P[:, :, p:p + H, p:p + W] = X
        nh, nw = (H + 2 * p - f) // s + 1, (W + 2 * p - f) // s + 1
        A = np.zeros((m, self.nf, nh, nw))
        for h in range(nh):
            for w in range(nw):
                A[:, :, h, w] = np.tensordot(self.P[:, :, s * h:s * h + f, s * w:s * w + f], self.W, ((1, 2, 3), (1, 2, 3)))
        return A + self.b

    def bprop(self, dA):
        f, s, p = self.f, self.s, self.p
        dP, dW = np.zeros(self.P.shape), np.zeros(self.W.shape)
        for h in range(dA.shape[2]):
            for w in range(dA.shape[3]):
                dP[:, :, s * h:s * h + f, s * w:s * w + f] += np.tensordot(dA[:, :, h, w], self.W, (1, 0))
                dW += np.tensordot(dA[:, :, h, w], self.P[:, :, s * h:s * h + f, s * w:s * w + f], (0, 0))
        db = np.sum(dA, axis=(0, 2, 3), keepdims=True)
        dX = dP[:, :, p:p + self.X.shape[2], p:p + self.X.shape[3]]
        return dX, dW, db
