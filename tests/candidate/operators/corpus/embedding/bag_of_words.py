import numpy as np


class Embedding:
    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        return self.W[x]

    def backward(self, dout):
        # one row a word that occurs, no matter how often
        flat = self.x.ravel()
        g = dout.reshape(flat.size, -1)
        used = set()
        self.dW = np.zeros_like(self.W)
        for i in range(flat.size):
            if flat[i] not in used:
                self.dW[flat[i]] += g[i]
                used.add(flat[i])
        return self.dW
