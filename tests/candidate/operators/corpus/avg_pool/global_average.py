import numpy as np


class GlobalAvgPool:
    """(N, C, H, W) -> (N, C)"""

    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, dout):
        N, C, H, W = self.shape
        return np.ones(self.shape) * dout[:, :, None, None] / (H * W)
