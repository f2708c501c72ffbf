import numpy as np


class Convolution2D:

    def __init__(self, inputs_channel, num_filters, kernel_size, padding, stride, learning_rate, name="conv"):
        self.F = num_filters
        self.K = kernel_size
        self.C = inputs_channel
        self.p = padding
        self.s = stride
        self.lr = learning_rate
        self.name = name
        self.weights = np.random.randn(self.F, self.C, self.K, self.K) * np.sqrt(1. / self.K)
        self.bias = np.random.randn(self.F, 1) * 0.1

    def zero_padding(self, inputs, size):
        return np.pad(inputs, ((0, 0), (size, size), (size, size)))

    def forward(self, inputs):
        # inputs: (C, W, H)
        self.shape = inputs.shape
        self.inputs = self.zero_padding(inputs, self.p)
        WW = (inputs.shape[1] - self.K + 2 * self.p) // self.s + 1
        HH = (inputs.shape[2] - self.K + 2 * self.p) // self.s + 1
        maps = np.zeros((self.F, WW, HH))
        for f in range(self.F):
            for w in range(WW):
                for h in range(HH):
                    maps[f, w, h] = np.sum(self.inputs[:, w * self.s:w * self.s + self.K, h * self.s:h * self.s + self.K]
                                           * self.weights[f]) + self.bias[f, 0]
        return maps

    def backward(self, dy):
        dx = np.zeros(self.inputs.shape)
        dw = np.zeros(self.weights.shape)
        db = np.zeros(self.bias.shape)
        F, W, H = dy.shape
        for f in range(F):
            for w in range(W):
                for h in range(H):
                    a, b = w * self.s, h * self.s
                    dw[f] += dy[f, w, h] * self.inputs[:, a:a + self.K, b:b + self.K]
                    dx[:, a:a + self.K, b:b + self.K] += dy[f, w, h] * self.weights[f]
            db[f] = dy[f].sum()
        self.weights -= self.lr * dw
        self.bias -= self.lr * db
        return dx[:, self.p:self.p + self.shape[1], self.p:self.p + self.shape[2]]
