import numpy as np


class BatchNorm:
    """A layer of my little framework: self.params / self.grads, channels are axis 1 of any rank."""

    def __init__(self, gamma, beta, eps=1e-5):
        self.params = [gamma, beta]
        self.grads = [np.zeros_like(gamma), np.zeros_like(beta)]
        self.eps = eps

    def _bc(self, v, ndim):
        return v.reshape((1, -1) + (1,) * (ndim - 2))

    def forward(self, x):
        gamma, beta = self.params
        self.axes = (0,) + tuple(range(2, x.ndim))
        self.m = x.size // x.shape[1]
        mean = x.mean(axis=self.axes, keepdims=True)
        self.x_mu = x - mean
        self.var = (self.x_mu**2).mean(axis=self.axes, keepdims=True)
        self.std = np.sqrt(self.var + self.eps)
        self.x_hat = self.x_mu / self.std
        return self._bc(gamma, x.ndim) * self.x_hat + self._bc(beta, x.ndim)

    def backward(self, dout):
        gamma, _ = self.params
        self.grads[0][...] = (dout * self.x_hat).sum(axis=self.axes)
        self.grads[1][...] = dout.sum(axis=self.axes)

        dx_hat = dout * self._bc(gamma, dout.ndim)
        dstd = -(dx_hat * self.x_mu).sum(axis=self.axes, keepdims=True) / self.std**2
        dvar = dstd / (2 * self.std)
        dx_mu = dx_hat / self.std + 2 * self.x_mu * dvar / self.m
        return dx_mu - dx_mu.mean(axis=self.axes, keepdims=True)
