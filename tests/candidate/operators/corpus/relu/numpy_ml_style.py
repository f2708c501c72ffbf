import numpy as np


class ReLU:
    """A layer around the activation of the library: fn and grad are functions of the input alone."""

    def fn(self, z):
        return np.clip(z, 0, np.inf)

    def grad(self, x):
        return (x > 0).astype(int)

    def forward(self, X):
        self.X = [X]
        return self.fn(X)

    def backward(self, dLdA):
        return dLdA * self.grad(self.X[-1])
