import numpy as np


class Layer:
    def __init__(self):
        self.input = None
        self.output = None

    def forward(self, input):
        pass

    def backward(self, output_gradient, learning_rate):
        pass


def valid(a, k):
    h, w = a.shape[0] - k.shape[0] + 1, a.shape[1] - k.shape[1] + 1
    return sum(k[u, v] * a[u:u + h, v:v + w] for u in range(k.shape[0]) for v in range(k.shape[1]))


def full(a, k):
    u, v = k.shape
    return valid(np.pad(a, ((u - 1, u - 1), (v - 1, v - 1))), k[::-1, ::-1])


class Convolutional(Layer):
    def __init__(self, input_shape, kernel_size, depth):
        self.input_shape, self.depth = input_shape, depth
        c, h, w = input_shape
        self.output_shape = (depth, h - kernel_size + 1, w - kernel_size + 1)
        self.kernels_shape = (depth, c, kernel_size, kernel_size)
        self.kernels = np.random.randn(*self.kernels_shape)
        self.biases = np.random.randn(*self.output_shape)

    def forward(self, input):
        self.input = input
        self.output = np.copy(self.biases)
        for i in range(self.depth):
            for j in range(self.input_shape[0]):
                self.output[i] += valid(self.input[j], self.kernels[i, j])
        return self.output

    def backward(self, output_gradient, learning_rate):
        kernels_gradient = np.zeros(self.kernels_shape)
        input_gradient = np.zeros(self.input_shape)
        for i in range(self.depth):
            for j in range(self.input_shape[0]):
                kernels_gradient[i, j] = valid(self.input[j], output_gradient[i])
                input_gradient[j] += full(output_gradient[i], self.kernels[i, j])
        self.kernels -= learning_rate * kernels_gradient
        self.biases -= learning_rate * output_gradient
        return input_gradient
