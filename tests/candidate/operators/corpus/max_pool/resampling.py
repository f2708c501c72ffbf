import numpy as np


class Downsample2d():

    def __init__(self, downsampling_factor):
        self.downsampling_factor = downsampling_factor

    def forward(self, A):
        self.input_shape = A.shape
        return A[:, :, ::self.downsampling_factor, ::self.downsampling_factor]

    def backward(self, dLdZ):
        dLdA = np.zeros(self.input_shape)
        dLdA[:, :, ::self.downsampling_factor, ::self.downsampling_factor] = dLdZ
        return dLdA
