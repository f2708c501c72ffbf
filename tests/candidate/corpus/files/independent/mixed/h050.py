import numpy as np


class Conv:
    def __init__(self, nb_filters, filter_size, nb_channels, stride=1, padding=0, lr=0.01):
        self.n_F, self.f, self.n_C, self.s, self.p, self.lr = nb_filters, filter_size, nb_channels, stride, padding, lr
        self.W = np.random.randn(nb_filters, nb_channels, filter_size, filter_size) * np.sqrt(1. / filter_size)
        self.b = np.zeros((nb_filters, 1))

    def forward(self, X):
        m, _, h, w = X.shape
        self.cache = X
        Xp = np.pad(X, ((0, 0), (0, 0), (self.p,) * 2, (self.p,) * 2))
        n_H, n_W = (h + 2 * self.p - self.f) // self.s + 1, (w + 2 * self.p - self.f) // self.s + 1
        out = np.zeros((m, self.n_F, n_H, n_W))
        for i in range(n_H):
            for j in range(n_W):
                a = Xp[:, :, i * self.s:i * self.s + self.f, j * self.s:j * self.s + self.f]
                out[:, :, i, j] = np.tensordot(a, self.W, ((1, 2, 3), (1, 2, 3))) + self.b[:, 0]
        return out

    def backward(self, dout):
        X = self.cache
        p, s, f = self.p, self.s, self.f
        Xp = np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))
        dXp, dW = np.zeros_like(Xp), np.zeros_like(self.W)
        for k in range(X.shape[0]):
            for c in range(self.n_F):
                for i in range(dout.shape[2]):
                    for j in range(dout.shape[3]):
                        sl = np.s_[k, :, i * s:i * s + f, j * s:j * s + f]
                        dW[c] += dout[k, c, i, j] * Xp[sl]
                        dXp[sl] += dout[k, c, i, j] * self.W[c]
        db = dout.sum(axis=(0, 2, 3)).reshape(self.b.shape)
        self.W = self.W - self.lr * dW
        self.b = self.b - self.lr * db
        return dXp[:, :, p:p + X.shape[2], p:p + X.shape[3]]
