import numpy as np


class Downsample2d():

    def __init__(self, downsampling_factor):
        self.downsampling_factor = downsampling_factor

    def forward(self, A):
        self.h, self.w = A.shape[2], A.shape[3]
        k = self.downsampling_factor
        return A[:, :, ::k, ::k]

    def backward(self, dLdZ):
        k = self.downsampling_factor
        dLdA = np.zeros((dLdZ.shape[0], dLdZ.shape[1], self.h, self.w))
        dLdA[:, :, ::k, ::k] = dLdZ
        return dLdA
