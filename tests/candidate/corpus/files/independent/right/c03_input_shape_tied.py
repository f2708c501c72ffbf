import numpy as np


class Convolutional:
    def __init__(self, input_shape, depth, kernel_size):
        """input_shape: (channels, height, width)"""
        c, h, w = input_shape
        self.input_shape = input_shape
        self.output_shape = (depth, h - kernel_size + 1, w - kernel_size + 1)
        self.kernels = np.random.normal(size=(depth, c, kernel_size, kernel_size))
        self.biases = np.random.normal(size=depth)
        self.depth = depth
        self.k = kernel_size

    def forward(self, input):
        assert input.shape == self.input_shape, "wrong input shape"
        self.input = input
        output = np.zeros(self.output_shape)
        for d in range(self.depth):
            for i in range(self.output_shape[1]):
                for j in range(self.output_shape[2]):
                    output[d, i, j] = np.vdot(input[:, i:i + self.k, j:j + self.k], self.kernels[d]) + self.biases[d]
        return output

    def backward(self, output_gradient, learning_rate):
        kernels_gradient = np.zeros_like(self.kernels)
        input_gradient = np.zeros(self.input_shape)
        for d, i, j in np.ndindex(*self.output_shape):
            g = output_gradient[d, i, j]
            kernels_gradient[d] += g * self.input[:, i:i + self.k, j:j + self.k]
            input_gradient[:, i:i + self.k, j:j + self.k] += g * self.kernels[d]
        self.kernels -= learning_rate * kernels_gradient
        self.biases -= learning_rate * output_gradient.sum(axis=(1, 2))
        return input_gradient
