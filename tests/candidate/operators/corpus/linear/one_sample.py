import numpy as np


class Neurons:
    """One sample at a time: x is a vector (D,), the weights (M, D)."""

    def __init__(self, weights, bias):
        self.weights = weights
        self.bias = bias

    def forward(self, x):
        self.x = x
        return self.weights.dot(x) + self.bias

    def backward(self, delta):
        self.grad_weights = np.outer(delta, self.x)
        self.grad_bias = delta.copy()
        return self.weights.T.dot(delta)
