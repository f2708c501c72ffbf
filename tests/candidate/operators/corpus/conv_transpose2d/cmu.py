import numpy as np
from resampling import *


class Conv2d_stride1():
    def __init__(self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None):
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        if weight_init_fn is None:
            self.W = np.random.normal(0, 1.0, (out_channels, in_channels, kernel_size, kernel_size))
        else:
            self.W = weight_init_fn(out_channels, in_channels, kernel_size, kernel_size)
        if bias_init_fn is None:
            self.b = np.zeros(out_channels)
        else:
            self.b = bias_init_fn(out_channels)
        self.dLdW = np.zeros(self.W.shape)
        self.dLdb = np.zeros(self.b.shape)

    def forward(self, A):
        self.A = A
        K = self.kernel_size
        H, W = A.shape[2] - K + 1, A.shape[3] - K + 1
        Z = np.zeros((A.shape[0], self.out_channels, H, W))
        for i in range(H):
            for j in range(W):
                Z[:, :, i, j] = np.tensordot(A[:, :, i:i + K, j:j + K], self.W, axes=([1, 2, 3], [1, 2, 3])) + self.b
        return Z

    def backward(self, dLdZ):
        K = self.kernel_size
        H, W = dLdZ.shape[2:]
        self.dLdb = np.sum(dLdZ, axis=(0, 2, 3))
        self.dLdW = np.zeros(self.W.shape)
        dLdA = np.zeros(self.A.shape)
        for i in range(H):
            for j in range(W):
                grad = dLdZ[:, :, i, j]
                self.dLdW += np.tensordot(grad, self.A[:, :, i:i + K, j:j + K], axes=([0], [0]))
                dLdA[:, :, i:i + K, j:j + K] += np.tensordot(grad, self.W, axes=([1], [0]))
        return dLdA


class ConvTranspose2d():
    def __init__(self, in_channels, out_channels, kernel_size, upsampling_factor,
                 weight_init_fn=None, bias_init_fn=None):
        # Do not modify the variable names
        self.upsampling_factor = upsampling_factor
        self.conv2d_stride1 = Conv2d_stride1(in_channels, out_channels, kernel_size, weight_init_fn, bias_init_fn)
        self.upsample2d = Upsample2d(upsampling_factor)

    def forward(self, A):
        A_upsampled = self.upsample2d.forward(A)
        Z = self.conv2d_stride1.forward(A_upsampled)
        return Z

    def backward(self, dLdZ):
        delta_out = self.conv2d_stride1.backward(dLdZ)
        dLdA = self.upsample2d.backward(delta_out)
        return dLdA
