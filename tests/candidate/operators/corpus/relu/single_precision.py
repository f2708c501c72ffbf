import numpy as np


class ReLU:
    def __init__(self):
        self.saved = []

    def forward(self, x):
        x = x.astype(np.float32)
        self.saved.append(x)
        return np.maximum(x, np.float32(0))

    def backward(self, grad):
        x = self.saved.pop()
        grad = grad.astype(np.float32)
        grad[x <= 0] = 0
        return grad
