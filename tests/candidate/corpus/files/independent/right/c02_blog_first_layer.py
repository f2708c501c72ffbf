import numpy as np


class ConvLayer:
    # First layer of a digit recogniser: grey images (28x28), 3x3 filters
    def __init__(self, num_filters, size=3):
        self.num_filters = num_filters
        self.size = size
        self.filters = np.random.randn(num_filters, size, size) / size ** 2

    def regions(self, image):
        h, w = image.shape
        for i in range(h - self.size + 1):
            for j in range(w - self.size + 1):
                yield image[i:i + self.size, j:j + self.size], i, j

    def forward(self, image):
        self.last = image
        h, w = image.shape
        out = np.zeros((h - self.size + 1, w - self.size + 1, self.num_filters))
        for region, i, j in self.regions(image):
            out[i, j] = np.sum(region * self.filters, axis=(1, 2))
        return out

    def backprop(self, d_out, lr):
        d_filters = np.zeros(self.filters.shape)
        for region, i, j in self.regions(self.last):
            for f in range(self.num_filters):
                d_filters[f] += d_out[i, j, f] * region
        # nothing in front of us, so no gradient for the image
        self.filters -= lr * d_filters
        return None
