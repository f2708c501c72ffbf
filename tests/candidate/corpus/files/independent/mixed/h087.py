import numpy as np


class MultiFilterConv:
    def __init__(self, n_filters, n_channels, size):
        self.size = size
        self.filters = [np.random.randn(n_channels, size, size) * 0.1 for _ in range(n_filters)]
        self.biases = [0.0 for _ in range(n_filters)]

    def forward(self, volume):
        self.volume = volume
        _, rows, cols = volume.shape
        k = self.size
        maps = []
        for f, b in zip(self.filters, self.biases):
            maps.append([[np.sum(volume[:, r:r + k, c:c + k] * f) + b for c in range(cols - k + 1)] for r in range(rows - k + 1)])
        return np.array(maps)

    def backward(self, d_maps, lr):
        k = self.size
        d_volume = np.zeros(self.volume.shape)
        for index, d_map in enumerate(d_maps):
            d_filter = np.zeros(self.filters[index].shape)
            for (r, c), g in np.ndenumerate(d_map):
                d_filter += g * self.volume[:, r:r + k, c:c + k]
                d_volume[:, r:r + k, c:c + k] += g * self.filters[index]
            self.filters[index] = self.filters[index] - lr * d_filter
            self.biases[index] -= lr * d_map.sum()
        return d_volume
