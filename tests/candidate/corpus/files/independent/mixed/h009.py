import numpy as np


class Conv2D:
    def __init__(self, filters, kernel_size, in_channels, strides=1):
        self.strides = strides
        self.kernel = np.random.randn(kernel_size, kernel_size, in_channels, filters)
        self.bias = np.zeros(filters)

    def forward(self, inputs):
        self.inputs = inputs
        k, s = self.kernel.shape[0], self.strides
        v = np.lib.stride_tricks.sliding_window_view(inputs, (k, k), axis=(1, 2))[:, ::s, ::s]
        self.v = v
        return np.einsum("nhwcij,ijcf->nhwf", v, self.kernel) + self.bias

    def backward(self, grad):
        k, s = self.kernel.shape[0], self.strides
        self.dkernel = np.einsum("nhwcij,nhwf->ijcf", self.v, grad)
        self.dbias = np.sum(grad, axis=(0, 2, 3))
        dx = np.zeros_like(self.inputs)
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                dx[:, i * s:i * s + k, j * s:j * s + k] += np.einsum("nf,ijcf->nijc", grad[:, i, j], self.kernel)
        return dx
