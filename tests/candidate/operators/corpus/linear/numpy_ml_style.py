import numpy as np


class FullyConnected:
    r"""A fully-connected (dense) layer.

    .. math::  \mathbf{Y} = \mathbf{XW} + \mathbf{b}
    """

    def __init__(self, n_in, n_out):
        self.n_in = n_in
        self.n_out = n_out
        self.X = []
        self.parameters = {"W": np.random.randn(n_in, n_out), "b": np.zeros((1, n_out))}
        self.gradients = {"W": np.zeros((n_in, n_out)), "b": np.zeros((1, n_out))}

    def forward(self, X, retain_derived=True):
        W = self.parameters["W"]
        b = self.parameters["b"]
        if retain_derived:
            self.X.append(X)
        return X @ W + b

    def backward(self, dLdy, retain_grads=True):
        if not isinstance(dLdy, list):
            dLdy = [dLdy]

        dX = []
        for dy, x in zip(dLdy, self.X):
            dx, dw, db = self._bwd(dy, x)
            dX.append(dx)

            if retain_grads:
                self.gradients["W"] += dw
                self.gradients["b"] += db

        return dX[0] if len(self.X) == 1 else dX

    def _bwd(self, dLdy, X):
        """Actual computation of gradient of the loss wrt. X, W, and b"""
        W = self.parameters["W"]
        dX = dLdy @ W.T
        dW = X.T @ dLdy
        dB = dLdy.sum(axis=0, keepdims=True)
        return dX, dW, dB
