import numpy as np


class Conv:
    """The number of input channels is found out on the first forward pass."""

    def __init__(self, n_filters, filter_shape, stride=1, pad=0):
        self.n_filters = n_filters
        self.filter_shape = filter_shape
        self.stride, self.pad = stride, pad
        self.is_initialized = False

    def _init(self, n_in):
        fr, fc = self.filter_shape
        self.W = np.random.randn(fr, fc, n_in, self.n_filters) * 0.1
        self.b = np.zeros((1, 1, 1, self.n_filters))
        self.is_initialized = True

    def forward(self, X):
        if not self.is_initialized:
            self._init(X.shape[3])
        fr, fc = self.filter_shape
        s, p = self.stride, self.pad
        self.X = X
        self.Xp = np.pad(X, ((0, 0), (p, p), (p, p), (0, 0)))
        oh = (self.Xp.shape[1] - fr) // s + 1
        ow = (self.Xp.shape[2] - fc) // s + 1
        out = np.zeros((X.shape[0], oh, ow, self.n_filters))
        for i in range(oh):
            for j in range(ow):
                out[:, i, j] = np.tensordot(self.Xp[:, i * s:i * s + fr, j * s:j * s + fc], self.W, axes=3)
        return out + self.b

    def backward(self, dLdY):
        fr, fc = self.filter_shape
        s, p = self.stride, self.pad
        dXp = np.zeros_like(self.Xp)
        self.dW = np.zeros_like(self.W)
        self.db = dLdY.sum(axis=(0, 1, 2), keepdims=True)
        for i in range(dLdY.shape[1]):
            for j in range(dLdY.shape[2]):
                g = dLdY[:, i, j]
                self.dW += np.einsum("nijc,nf->ijcf", self.Xp[:, i * s:i * s + fr, j * s:j * s + fc], g)
                dXp[:, i * s:i * s + fr, j * s:j * s + fc] += np.einsum("nf,ijcf->nijc", g, self.W)
        return dXp[:, p:p + self.X.shape[1], p:p + self.X.shape[2]]
