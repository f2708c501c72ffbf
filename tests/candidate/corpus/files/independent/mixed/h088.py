import numpy as np


class Conv2DLayer(object):
    def __init__(self, input_channels, num_filters, filter_size, stride=1, pad=0):
        self.stride, self.pad = stride, pad
        self.weights = np.random.randn(filter_size, filter_size, input_channels, num_filters) * 0.1
        self.biases = np.zeros((1, num_filters))
        self._input = self._dW = self._db = None

    def forward(self, a_prev):
        self._input = a_prev
        f = self.weights.shape[0]
        p, s = self.pad, self.stride
        a = np.pad(a_prev, ((0, 0), (p, p), (p, p), (0, 0)))
        v = np.lib.stride_tricks.sliding_window_view(a, (f, f), (1, 2))[:, ::s, ::s]
        return np.tensordot(v, self.weights.transpose(2, 0, 1, 3), 3) + self.biases

    def backward(self, da_curr):
        n, h, w, _ = self._input.shape
        f = self.weights.shape[0]
        p, s = self.pad, self.stride
        a = np.pad(self._input, ((0, 0), (p, p), (p, p), (0, 0)))
        output = np.zeros_like(a)
        self._db = da_curr.sum(axis=(0, 1, 2))[None]
        self._dW = np.zeros_like(self.weights)
        for i in range(da_curr.shape[1]):
            for j in range(da_curr.shape[2]):
                h0, w0 = i * s, j * s
                g = da_curr[:, i, j, :]
                output[:, h0:h0 + f, w0:w0 + f, :] += (self.weights[None] * g[:, None, None, None, :]).sum(axis=4)
                self._dW += (a[:, h0:h0 + f, w0:w0 + f, :, None] * g[:, None, None, None, :]).sum(axis=0)
        return output[:, p:p + h, p:p + w, :]

    def update(self, lr):
        self.weights -= lr * self._dW
        self.biases -= lr * self._db
