import numpy as np


class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        k = kernel_size
        self.weight = np.random.randn(out_channels, in_channels, k, k) / k
        self.bias = np.zeros(out_channels)
        self.weight_grad = np.zeros(self.weight.shape)
        self.bias_grad = np.zeros(self.bias.shape)
        self.k, self.stride, self.padding = k, stride, padding

    def forward(self, x):
        p, s = self.padding, self.stride
        self.x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        v = np.lib.stride_tricks.sliding_window_view(self.x, (self.k, self.k), axis=(2, 3))[:, :, ::s, ::s]
        return np.einsum("nchwij,fcij->nfhw", v, self.weight) + self.bias[:, None, None]

    def backward(self, grad):
        p, s, k = self.padding, self.stride, self.k
        dx = np.zeros_like(self.x)
        for i, j in np.ndindex(grad.shape[2:]):
            at = np.s_[:, :, i * s:i * s + k, j * s:j * s + k]
            self.weight_grad += np.einsum("nf,ncij->fcij", grad[:, :, i, j], self.x[at])
            dx[at] += np.einsum("nf,fcij->ncij", grad[:, :, i, j], self.weight)
        self.bias_grad += grad.sum(axis=(0, 2, 3))
        return dx[:, :, p:dx.shape[2] - p, p:dx.shape[3] - p]

    def step(self, lr):
        self.weight -= lr * self.weight_grad
        self.bias -= lr * self.bias_grad
