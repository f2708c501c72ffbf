import numpy as np


class Convolutional:
    def __init__(self, input_shape, kernel_size, depth):
        self.depth, self.input_depth, self.k = depth, input_shape[0], kernel_size
        self.kernels = np.random.randn(depth, input_shape[0], kernel_size, kernel_size)
        self.biases = np.zeros(depth)

    def forward(self, input):
        self.input = input
        v = np.lib.stride_tricks.sliding_window_view(input, (self.k, self.k), axis=(1, 2))
        return np.einsum("chwij,dcij->dhw", v, self.kernels) + self.biases[:, None, None]

    def backward(self, output_gradient, learning_rate):
        k = self.k
        v = np.lib.stride_tricks.sliding_window_view(self.input, (k, k), axis=(1, 2))
        kernels_gradient = np.einsum("chwij,dhw->dcij", v, output_gradient)
        self.kernels -= learning_rate * kernels_gradient
        self.biases -= learning_rate * output_gradient.sum(axis=(1, 2))
        input_gradient = np.zeros(self.input.shape)
        for i in range(output_gradient.shape[1]):
            for j in range(output_gradient.shape[2]):
                input_gradient[:, i:i + k, j:j + k] += np.tensordot(output_gradient[:, i, j], self.kernels, 1)
        return input_gradient
