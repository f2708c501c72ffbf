import numpy as np


class ConvNet:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def conv_backward(self, dZ, A, W, stride=1, pad=0):
        """A: (C, H, W), W: (F, C, k, k), dZ: (F, H', W')"""
        C, H, Wd = A.shape
        k = W.shape[-1]
        Ap = np.pad(A, ((0, 0), (pad, pad), (pad, pad)))
        dAp, dW = np.zeros(Ap.shape), np.zeros(W.shape)
        for i in range(dZ.shape[1]):
            y = i * stride
            for j in range(dZ.shape[2]):
                g = dZ[:, i, j]
                dW += g[:, None, None, None] * Ap[None, :, y:y + k, j:j + k]
                dAp[:, y:y + k, j:j + k] += np.tensordot(g, W, axes=(0, 0))
        return dAp[:, pad:pad + H, pad:pad + Wd], dW, dZ.sum(axis=(1, 2))

    def relu_backward(self, dA, Z):
        return dA * (Z > 0)
