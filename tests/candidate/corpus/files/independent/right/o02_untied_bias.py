import numpy as np


class Convolutional:
    """Every output cell has a bias of its own, so the bias gradient is the output gradient."""

    def __init__(self, input_shape, kernel_size, depth):
        c, h, w = input_shape
        self.depth, self.input_shape = depth, input_shape
        self.output_shape = (depth, h - kernel_size + 1, w - kernel_size + 1)
        self.kernels_shape = (depth, c, kernel_size, kernel_size)
        self.kernels = np.random.randn(*self.kernels_shape)
        self.biases = np.random.randn(*self.output_shape)

    def forward(self, input):
        self.input = input
        k = self.kernels_shape[-1]
        win = np.lib.stride_tricks.sliding_window_view(input, (k, k), axis=(1, 2))
        return self.biases + np.einsum("chwij,fcij->fhw", win, self.kernels)

    def backward(self, output_gradient, learning_rate):
        k = self.kernels_shape[-1]
        _, oh, ow = self.output_shape
        grad_k, grad_in = np.zeros(self.kernels_shape), np.zeros(self.input_shape)
        for u in range(k):
            for v in range(k):
                grad_k[:, :, u, v] = np.einsum("fhw,chw->fc", output_gradient, self.input[:, u:u + oh, v:v + ow])
                grad_in[:, u:u + oh, v:v + ow] += np.einsum("fhw,fc->chw", output_gradient, self.kernels[:, :, u, v])
        self.kernels -= learning_rate * grad_k
        self.biases -= learning_rate * output_gradient
        return grad_in
