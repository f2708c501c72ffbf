import numpy as np


def convolve_valid(a, k):
    kh, kw = k.shape
    kr = k[::-1, ::-1]
    oh, ow = a.shape[0] - kh + 1, a.shape[1] - kw + 1
    return sum(kr[i, j] * a[i:i + oh, j:j + ow] for i in range(kh) for j in range(kw))


def correlate_full(a, k):
    a = np.pad(a, ((k.shape[0] - 1,) * 2, (k.shape[1] - 1,) * 2))
    return convolve_valid(a, k[::-1, ::-1])


class ConvolutionLayer:
    """uses genuine convolution (flipped kernels)"""

    def __init__(self, in_maps, out_maps, ksize):
        self.K = np.random.randn(out_maps, in_maps, ksize, ksize) * 0.1
        self.b = np.zeros(out_maps)

    def forward(self, x):
        self.x = x
        return np.array([sum(convolve_valid(m, k) for m, k in zip(x, ks)) + b for ks, b in zip(self.K, self.b)])

    def backward(self, delta):
        self.dK = np.zeros_like(self.K)
        dx = np.zeros_like(self.x)
        for o, d in enumerate(delta):
            for i, m in enumerate(self.x):
                # the flipped gradient of a correlation
                self.dK[o, i] = convolve_valid(m, d[::-1, ::-1])[::-1, ::-1]
                dx[i] += correlate_full(d, self.K[o, i])
        self.db = delta.sum(axis=(1, 2))
        return dx
