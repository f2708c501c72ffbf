import numpy as np


class ConvolutionalLayer:
    def __init__(self, num_filters, filter_size, input_depth, learning_rate=0.01, padding=1):
        self.filter_size, self.lr, self.padding = filter_size, learning_rate, padding
        self.filters = np.random.randn(filter_size, filter_size, input_depth, num_filters) * np.sqrt(2 / (filter_size ** 2 * input_depth))
        self.biases = np.zeros((num_filters, 1))
        self.weight_gradient = np.zeros_like(self.filters)
        self.bias_gradient = np.zeros_like(self.biases)

    def forward(self, image):
        p, k = self.padding, self.filter_size
        self.padded = np.pad(image, ((p, p), (p, p), (0, 0)))
        self.h, self.w = self.padded.shape[0] - k + 1, self.padded.shape[1] - k + 1
        output = np.zeros((self.h, self.w, self.filters.shape[3]))
        for y in range(self.h):
            for x in range(self.w):
                output[y, x] = np.einsum('ijc,ijcf->f', self.padded[y:y + k, x:x + k], self.filters) + self.biases[:, 0]
        return output

    def backward(self, output_gradient):
        p, k = self.padding, self.filter_size
        dw, dx = np.zeros_like(self.filters), np.zeros_like(self.padded)
        for y in range(self.h):
            for x in range(self.w):
                dw += self.padded[y:y + k, x:x + k, :, None] * output_gradient[y, x]
                dx[y:y + k, x:x + k] += self.filters @ output_gradient[y, x]
        self.weight_gradient = dw
        self.bias_gradient = output_gradient.sum(axis=(0, 1)).reshape(-1, 1)
        return dx[p:self.padded.shape[0] - p, p:self.padded.shape[1] - p]

    def step(self):
        self.filters -= self.lr * self.weight_gradient
        self.biases -= self.lr * self.bias_gradient
