# Do not import any additional 3rd party external libraries as they will not
# be available to AutoLab and are not needed (or allowed)

import numpy as np
from resampling import *


class Conv1d_stride1():
    def __init__(self, in_channels, out_channels, kernel_size,
                 weight_init_fn=None, bias_init_fn=None):
        # Do not modify this method
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size

        if weight_init_fn is None:
            self.W = np.random.normal(
                0, 1.0, (out_channels, in_channels, kernel_size))
        else:
            self.W = weight_init_fn(out_channels, in_channels, kernel_size)

        if bias_init_fn is None:
            self.b = np.zeros(out_channels)
        else:
            self.b = bias_init_fn(out_channels)

        self.dLdW = np.zeros(self.W.shape)
        self.dLdb = np.zeros(self.b.shape)

    def forward(self, A):
        """
        Argument:
            A (np.array): (batch_size, in_channels, input_size)
        Return:
            Z (np.array): (batch_size, out_channels, output_size)
        """
        self.A = A
        output_size = A.shape[2] - self.kernel_size + 1
        Z = np.zeros((A.shape[0], self.out_channels, output_size))
        for i in range(output_size):
            Z[:, :, i] = np.tensordot(A[:, :, i:i + self.kernel_size], self.W, axes=([1, 2], [1, 2])) + self.b
        return Z

    def backward(self, dLdZ):
        """
        Argument:
            dLdZ (np.array): (batch_size, out_channels, output_size)
        Return:
            dLdA (np.array): (batch_size, in_channels, input_size)
        """
        output_size = dLdZ.shape[2]
        input_size = self.A.shape[2]
        K = self.kernel_size

        self.dLdb = dLdZ.sum(axis=(0, 2))
        self.dLdW = np.zeros(self.W.shape)
        for k in range(K):
            self.dLdW[:, :, k] = np.tensordot(dLdZ, self.A[:, :, k:k + output_size], axes=([0, 2], [0, 2]))

        # convolve the padded dLdZ with the flipped filters
        padded = np.pad(dLdZ, ((0, 0), (0, 0), (K - 1, K - 1)), mode='constant')
        flipped = self.W[:, :, ::-1]
        dLdA = np.zeros(self.A.shape)
        for i in range(input_size):
            dLdA[:, :, i] = np.tensordot(padded[:, :, i:i + K], flipped, axes=([1, 2], [0, 2]))
        return dLdA


class Conv1d():
    def __init__(self, in_channels, out_channels, kernel_size, stride, padding=0,
                 weight_init_fn=None, bias_init_fn=None):
        self.stride = stride
        self.pad = padding
        self.conv1d_stride1 = Conv1d_stride1(in_channels, out_channels, kernel_size, weight_init_fn, bias_init_fn)
        self.downsample1d = Downsample1d(stride)

    def forward(self, A):
        A = np.pad(A, ((0, 0), (0, 0), (self.pad, self.pad)), mode='constant')
        Z = self.conv1d_stride1.forward(A)
        return self.downsample1d.forward(Z)

    def backward(self, dLdZ):
        delta_out = self.downsample1d.backward(dLdZ)
        dLdA = self.conv1d_stride1.backward(delta_out)
        if self.pad > 0:
            dLdA = dLdA[:, :, self.pad:-self.pad]
        return dLdA
