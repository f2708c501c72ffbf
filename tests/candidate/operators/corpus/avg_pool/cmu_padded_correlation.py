import numpy as np


class MeanPool2d_stride1:
    """backward as a full correlation of dLdZ with a window of ones"""

    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        k = self.kernel
        Ho, Wo = A.shape[2] - k + 1, A.shape[3] - k + 1
        Z = 0
        for a in range(k):
            for b in range(k):
                Z = Z + A[:, :, a:a + Ho, b:b + Wo]
        return Z / k ** 2

    def backward(self, dLdZ):
        k = self.kernel
        pad = np.pad(dLdZ, ((0, 0), (0, 0), (k - 1, k - 1), (k - 1, k - 1)))
        H, W = dLdZ.shape[2] + k - 1, dLdZ.shape[3] + k - 1
        dLdA = np.zeros(dLdZ.shape[:2] + (H, W))
        for r in range(H):
            for c in range(W):
                dLdA[:, :, r, c] = pad[:, :, r:r + k, c:c + k].sum(axis=(2, 3)) / k ** 2
        return dLdA
