import numpy as np


class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.kernel_size = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
        self.stride, self.padding = stride, padding
        scale = np.sqrt(2.0 / (in_channels * self.kernel_size[0] * self.kernel_size[1]))
        self.weight = np.random.randn(out_channels, in_channels, *self.kernel_size) * scale
        self.bias = np.zeros(out_channels)
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, x):
        p, s, (kh, kw) = self.padding, self.stride, self.kernel_size
        self.in_shape = x.shape
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh = (self.xp.shape[2] - kh) // s + 1
        ow = (self.xp.shape[3] - kw) // s + 1
        y = np.zeros((x.shape[0], self.weight.shape[0], oh, ow))
        for i in range(oh):
            for j in range(ow):
                y[:, :, i, j] = np.tensordot(self.xp[:, :, i * s:i * s + kh, j * s:j * s + kw], self.weight, ([1, 2, 3], [1, 2, 3]))
        return y + self.bias[:, None, None]

    def backward(self, grad_output):
        p, s, (kh, kw) = self.padding, self.stride, self.kernel_size
        self.grad_weight = np.zeros_like(self.weight)
        gx = np.zeros_like(self.xp)
        for i in range(grad_output.shape[2]):
            for j in range(grad_output.shape[3]):
                g = grad_output[:, :, i, j]
                self.grad_weight += np.tensordot(g, self.xp[:, :, i * s:i * s + kh, j * s:j * s + kw], (0, 0))
                gx[:, :, i * s:i * s + kh, j * s:j * s + kw] += np.tensordot(g, self.weight, (1, 0))
        self.grad_bias = grad_output.sum(axis=(0, 2, 3))
        return gx[:, :, p:p + self.in_shape[2], p:p + self.in_shape[3]]
