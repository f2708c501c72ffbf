import numpy as np


class Conv2D:
    def __init__(self, n_c_prev, n_c, f, stride=1, pad=0, seed=3):
        rs = np.random.RandomState(seed)
        self.W = rs.randn(f, f, n_c_prev, n_c)
        self.b = rs.randn(1, 1, 1, n_c)
        self.hparams = {"f": f, "stride": stride, "pad": pad}

    def forward(self, A_prev):
        f, s, p = (self.hparams[k] for k in ("f", "stride", "pad"))
        A = np.pad(A_prev, ((0, 0), (p, p), (p, p), (0, 0)))
        n_H, n_W = (A.shape[1] - f) // s + 1, (A.shape[2] - f) // s + 1
        Z = np.zeros((A.shape[0], n_H, n_W, self.W.shape[3]))
        for h in range(n_H):
            for w in range(n_W):
                Z[:, h, w, :] = np.tensordot(A[:, h * s:h * s + f, w * s:w * s + f, :], self.W, axes=3)
        return Z + self.b, (A_prev, A)

    def backward(self, dZ, cache):
        A_prev, A = cache
        f, s, p = (self.hparams[k] for k in ("f", "stride", "pad"))
        dA = np.zeros_like(A)
        dW = np.zeros_like(self.W)
        for h in range(dZ.shape[1]):
            for w in range(dZ.shape[2]):
                g = dZ[:, h, w, :]
                dW += np.tensordot(A[:, h * s:h * s + f, w * s:w * s + f, :], g, axes=((0,), (0,)))
                dA[:, h * s:h * s + f, w * s:w * s + f, :] += np.tensordot(g, self.W, axes=((1,), (3,)))
        grads = {"dW": dW, "db": dZ.sum(axis=(0, 1, 2), keepdims=True)}
        return dA[:, p:p + A_prev.shape[1], p:p + A_prev.shape[2], :], grads
