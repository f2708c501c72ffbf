import numpy as np


class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, value, grad):
        return value - self.lr * grad


class ConvLayer:
    def __init__(self, filters, filter_size, channels, optimizer=None):
        self.optimizer = optimizer if optimizer is not None else SGD()
        self.W = np.random.randn(filters, channels, filter_size, filter_size) / (channels * filter_size)
        self.b = np.zeros(filters)

    def forward(self, X):
        self.X = X
        k = self.W.shape[-1]
        win = np.lib.stride_tricks.sliding_window_view(X, (k, k), axis=(2, 3))
        self.win = win
        return np.tensordot(win, self.W, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2) + self.b[None, :, None, None]

    def backward(self, error):
        k = self.W.shape[-1]
        dW = np.tensordot(error, self.win, axes=([0, 2, 3], [0, 2, 3]))
        db = error.sum(axis=(0, 2, 3))
        padded = np.pad(error, ((0, 0), (0, 0), (k - 1, k - 1), (k - 1, k - 1)))
        w2 = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(2, 3))
        dX = np.tensordot(w2, self.W[:, :, ::-1, ::-1], axes=([1, 4, 5], [0, 2, 3])).transpose(0, 3, 1, 2)
        self.W = self.optimizer.update(self.W, dW)
        self.b = self.optimizer.update(self.b, db)
        return dX
