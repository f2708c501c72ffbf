import numpy as np


class ConvNxN:
    """A bank of square filters over one grey picture."""

    def __init__(self, num_filters, size=3):
        self.num_filters, self.size = num_filters, size
        self.filters = np.random.randn(num_filters, size, size) / size ** 2

    def regions(self, image):
        h, w = image.shape
        for i in range(h - self.size + 1):
            for j in range(w - self.size + 1):
                yield image[i:i + self.size, j:j + self.size], i, j

    def forward(self, input):
        self.last_input = input
        h, w = input.shape
        output = np.zeros((h - self.size + 1, w - self.size + 1, self.num_filters))
        for region, i, j in self.regions(input):
            output[i, j] = np.sum(region * self.filters, axis=(1, 2))
        return output

    def backprop(self, d_L_d_out, learn_rate):
        d_L_d_filters = np.zeros(self.filters.shape)
        for region, i, j in self.regions(self.last_input):
            for f in range(self.num_filters):
                d_L_d_filters[f] += d_L_d_out[i, j, f] * region
        self.filters -= learn_rate * d_L_d_filters
        return None
