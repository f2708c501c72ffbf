import numpy as np


class Relu:
    def __init__(self):
        self.cache = {}

    def forward(self, X):
        self.cache['X'] = X
        return (np.abs(X) + X) / 2

    def backward(self, grad):
        X = self.cache['X']
        return {'dX': np.heaviside(X, 0) * grad}
