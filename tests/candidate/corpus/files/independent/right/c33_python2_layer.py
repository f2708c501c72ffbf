import numpy as np


class ConvLayer(object):
    def __init__(self, n_filters, n_channels, filter_size, pad=0, stride=1):
        self.pad, self.stride = pad, stride
        self.filters = np.random.randn(n_filters, n_channels, filter_size, filter_size) * 0.1
        self.biases = np.zeros(n_filters)
        print "conv layer with", n_filters, "filters"

    def forward(self, X):
        p, s, k = self.pad, self.stride, self.filters.shape[2]
        self.X, self.Xp = X, np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)), mode='constant')
        oh = (X.shape[2] + 2 * p - k) / s + 1
        ow = (X.shape[3] + 2 * p - k) / s + 1
        out = np.zeros((X.shape[0], self.filters.shape[0], oh, ow))
        for i in xrange(oh):
            for j in xrange(ow):
                out[:, :, i, j] = np.tensordot(self.Xp[:, :, i*s:i*s+k, j*s:j*s+k], self.filters, ([1, 2, 3], [1, 2, 3])) + self.biases
        return out

    def backward(self, d):
        p, s, k = self.pad, self.stride, self.filters.shape[2]
        self.dfilters = np.zeros_like(self.filters)
        self.dbiases = d.sum(axis=(0, 2, 3))
        dXp = np.zeros_like(self.Xp)
        for i in xrange(d.shape[2]):
            for j in xrange(d.shape[3]):
                self.dfilters += np.tensordot(d[:, :, i, j], self.Xp[:, :, i*s:i*s+k, j*s:j*s+k], ([0], [0]))
                dXp[:, :, i*s:i*s+k, j*s:j*s+k] += np.tensordot(d[:, :, i, j], self.filters, ([1], [0]))
        return dXp[:, :, p:p + self.X.shape[2], p:p + self.X.shape[3]]
