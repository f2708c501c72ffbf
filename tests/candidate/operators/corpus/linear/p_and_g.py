import numpy as np


class DenseP:
    def __init__(self, n_in, n_out):
        self.p = {'W': np.random.randn(n_in, n_out), 'b': np.zeros(n_out)}
        self.g = {'W': 0, 'b': 0}
    def forward(self, x):
        self.x = x
        return x @ self.p['W'] + self.p['b']
    def backward(self, dy):
        self.g['W'] = self.x.T @ dy
        self.g['b'] = dy.sum(0)
        return dy @ self.p['W'].T
