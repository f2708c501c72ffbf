# coding: utf-8
import numpy as np


class LayerNormalization:
    """ゼロから作る風の Layer Normalization。x: (N, D)"""

    def __init__(self, gamma, beta):
        self.gamma = gamma
        self.beta = beta
        self.eps = 1e-7
        self.dgamma = None
        self.dbeta = None

    def forward(self, x):
        mu = np.mean(x, axis=1, keepdims=True)
        self.xc = x - mu
        self.std = np.sqrt(np.mean(self.xc**2, axis=1, keepdims=True) + self.eps)
        self.xn = self.xc / self.std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        size = dout.shape[1]
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        dstd = -np.sum((dxn * self.xc) / (self.std * self.std), axis=1, keepdims=True)
        dvar = 0.5 * dstd / self.std
        dxc += (2.0 / size) * self.xc * dvar
        dmu = np.sum(dxc, axis=1, keepdims=True)
        return dxc - dmu / size
