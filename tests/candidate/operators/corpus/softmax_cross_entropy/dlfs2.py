import numpy as np


class SoftmaxWithLoss:
    def __init__(self):
        self.params, self.grads = [], []
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.t = t
        x = x - x.max(axis=1, keepdims=True)
        self.y = np.exp(x)
        self.y /= self.y.sum(axis=1, keepdims=True)

        if self.t.size == self.y.size:
            self.t = self.t.argmax(axis=1)

        return -np.log(self.y[np.arange(len(self.t)), self.t]).mean()

    def backward(self, dout=1):
        batch_size = self.t.shape[0]

        dx = self.y.copy()
        dx[np.arange(batch_size), self.t] -= 1
        dx *= dout
        dx = dx / batch_size

        return dx
