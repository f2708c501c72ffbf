import numpy as np


class MaxPool:
    """k x k windows that tile the picture: compare the input with its own, blown up maximum"""

    def __init__(self, k=2):
        self.k = k

    def _up(self, a):
        return a.repeat(self.k, axis=2).repeat(self.k, axis=3)

    def forward(self, x):
        self.x = x
        N, C, H, W = x.shape
        k = self.k
        self.y = x.reshape(N, C, H // k, k, W // k, k).max(axis=(3, 5))
        return self.y

    def backward(self, dout):
        mask = self.x == self._up(self.y)
        return mask * self._up(dout)
