import numpy as np
from resampling import *


class MaxPool2d_stride1():

    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        """
        Argument:
            A (np.array): (batch_size, in_channels, input_height, input_width)
        Return:
            Z (np.array): (batch_size, out_channels, output_height, output_width)
        """
        self.A = A
        N, C, H, W = A.shape
        Ho, Wo = H - self.kernel + 1, W - self.kernel + 1
        Z = np.zeros((N, C, Ho, Wo))
        self.maxind = np.zeros((N, C, Ho, Wo), dtype=int)
        for i in range(Ho):
            for j in range(Wo):
                seg = A[:, :, i:i + self.kernel, j:j + self.kernel].reshape(N, C, -1)
                Z[:, :, i, j] = seg.max(axis=-1)
                self.maxind[:, :, i, j] = seg.argmax(axis=-1)
        return Z

    def backward(self, dLdZ):
        """
        Argument:
            dLdZ (np.array): (batch_size, out_channels, output_height, output_width)
        Return:
            dLdA (np.array): (batch_size, in_channels, input_height, input_width)
        """
        N, C, Ho, Wo = dLdZ.shape
        dLdA = np.zeros(self.A.shape)
        for n in range(N):
            for c in range(C):
                for i in range(Ho):
                    for j in range(Wo):
                        r, s = divmod(self.maxind[n, c, i, j], self.kernel)
                        dLdA[n, c, i + r, j + s] += dLdZ[n, c, i, j]
        return dLdA


class MaxPool2d():

    def __init__(self, kernel, stride):
        self.kernel = kernel
        self.stride = stride
        self.maxpool2d_stride1 = MaxPool2d_stride1(kernel)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        return self.downsample2d.forward(self.maxpool2d_stride1.forward(A))

    def backward(self, dLdZ):
        return self.maxpool2d_stride1.backward(self.downsample2d.backward(dLdZ))
