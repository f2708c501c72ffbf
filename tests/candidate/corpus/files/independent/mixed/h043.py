import numpy as np


class ConvLayer:
    def __init__(self, out_ch, kernel_shape, stride=1, pad=0):
        self.out_ch, self.kernel_shape, self.stride, self.pad = out_ch, kernel_shape, stride, pad
        self.parameters, self.gradients, self.is_initialized = {"W": None, "b": None}, {}, False

    def _init_params(self, in_ch):
        fr, fc = self.kernel_shape
        self.parameters["W"] = np.random.uniform(-0.3, 0.3, (fr, fc, in_ch, self.out_ch))
        self.parameters["b"] = np.zeros((1, 1, 1, self.out_ch))
        self.is_initialized = True

    def forward(self, X):
        if not self.is_initialized:
            self._init_params(X.shape[3])
        (fr, fc), s, p = self.kernel_shape, self.stride, self.pad
        self.X = np.pad(X, ((0, 0), (p, p), (p, p), (0, 0)))
        orows, ocols = (self.X.shape[1] - fr) // s + 1, (self.X.shape[2] - fc) // s + 1
        Z = np.zeros((len(X), orows, ocols, self.out_ch))
        for i in range(orows):
            for j in range(ocols):
                Z[:, i, j] = np.tensordot(self.X[:, i * s:i * s + fr, j * s:j * s + fc], self.parameters["W"], 3)
        return Z + self.parameters["b"]

    def backward(self, dLdy):
        (fr, fc), s, p = self.kernel_shape, self.stride, self.pad
        W = self.parameters["W"]
        dX, dW = np.zeros_like(self.X), np.zeros_like(W)
        for i in range(dLdy.shape[1]):
            for j in range(dLdy.shape[2]):
                i0, i1, j0, j1 = i * s, i * s + fr, j * s, j * s + fc
                dW += np.einsum("nabc,nk->abck", self.X[:, i0:i1, j0:j1], dLdy[:, i, j])
                dX[:, i0:i1, j0:j1] += np.einsum("abck,nk->nabc", W, dLdy[:, i, j])
        self.gradients = {"W": dW, "b": dLdy.sum(axis=(0, 1, 2), keepdims=True)}
        return dX[:, p:dX.shape[1] - p, p:dX.shape[2] - p]
