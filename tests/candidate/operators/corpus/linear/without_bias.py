import numpy as np


class Affine:
    """MatMul and bias as two parts, put together"""

    class MatMul:
        def __init__(self, W):
            self.W = W
            self.dW = np.zeros_like(W)

        def forward(self, x):
            self.x = x
            return np.dot(x, self.W)

        def backward(self, dout):
            self.dW[...] = np.dot(self.x.T, dout)
            return np.dot(dout, self.W.T)

    def __init__(self, W, b):
        self.mul = Affine.MatMul(W)
        self.W, self.b = W, b

    def forward(self, x):
        return self.mul.forward(x) + self.b

    def backward(self, dout):
        dx = self.mul.backward(dout)
        self.dW = self.mul.dW
        self.db = np.einsum('ij->j', dout)
        return dx
