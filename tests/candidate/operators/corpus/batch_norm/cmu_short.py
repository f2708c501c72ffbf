import numpy as np


class BatchNorm1d(object):
    # hw1p1 -- my notes: NZ = normalised, BZ = after scale and shift

    def __init__(self, num_features, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8
        self.BW = np.ones((1, num_features))
        self.Bb = np.zeros((1, num_features))
        self.dLdBW = np.zeros((1, num_features))
        self.dLdBb = np.zeros((1, num_features))
        self.running_M = np.zeros((1, num_features))
        self.running_V = np.ones((1, num_features))

    def __call__(self, Z, eval=False):
        return self.forward(Z, eval)

    def forward(self, Z, eval=False):
        if eval:
            return self.BW * (Z - self.running_M) / np.sqrt(self.running_V + self.eps) + self.Bb
        self.m = len(Z)
        self.mu = Z.mean(axis=0)
        self.var = Z.var(axis=0)
        self.NZ = (Z - self.mu) / np.sqrt(self.var + self.eps)
        self.running_M = self.alpha * self.running_M + (1 - self.alpha) * self.mu
        self.running_V = self.alpha * self.running_V + (1 - self.alpha) * self.var
        return self.BW * self.NZ + self.Bb

    def backward(self, delta):
        self.dLdBb = delta.sum(axis=0).reshape(1, -1)
        self.dLdBW = (delta * self.NZ).sum(axis=0).reshape(1, -1)
        inv = 1 / np.sqrt(self.var + self.eps)
        g = delta * self.BW
        return inv / self.m * (self.m * g - g.sum(axis=0) - self.NZ * (g * self.NZ).sum(axis=0))
