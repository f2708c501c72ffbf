import numpy as np
from resampling import *


class MeanPool2d_stride1():

    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        """
        Argument:
            A (np.array): (batch_size, in_channels, input_height, input_width)
        """
        self.A = A
        k = self.kernel
        N, C, H, W = A.shape
        Z = np.zeros((N, C, H - k + 1, W - k + 1))
        for i in range(H - k + 1):
            for j in range(W - k + 1):
                Z[:, :, i, j] = np.mean(A[:, :, i:i + k, j:j + k], axis=(2, 3))
        return Z

    def backward(self, dLdZ):
        N, C, Ho, Wo = dLdZ.shape
        k = self.kernel
        dLdA = np.zeros(self.A.shape)
        for i in range(Ho):
            for j in range(Wo):
                dLdA[:, :, i:i + k, j:j + k] += dLdZ[:, :, i, j][:, :, None, None] / (k * k)
        return dLdA


class MeanPool2d():

    def __init__(self, kernel, stride):
        self.kernel = kernel
        self.stride = stride

        # Create an instance of MeanPool2d_stride1
        self.meanpool2d_stride1 = MeanPool2d_stride1(kernel)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        out = self.meanpool2d_stride1.forward(A)
        return self.downsample2d.forward(out)

    def backward(self, dLdZ):
        up = self.downsample2d.backward(dLdZ)
        return self.meanpool2d_stride1.backward(up)
