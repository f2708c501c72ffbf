import numpy as np


class Conv1d_stride1:
    def __init__(self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None):
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        if weight_init_fn is None:
            self.W = np.random.normal(0, 1.0, (out_channels, in_channels, kernel_size))
        else:
            self.W = weight_init_fn(out_channels, in_channels, kernel_size)
        self.b = np.zeros(out_channels) if bias_init_fn is None else bias_init_fn(out_channels)
        self.dLdW = np.zeros(self.W.shape)
        self.dLdb = np.zeros(self.b.shape)

    def forward(self, A):
        self.A = A
        self.batch_size, _, self.input_size = A.shape
        self.output_size = self.input_size - self.kernel_size + 1
        Z = np.zeros((self.batch_size, self.out_channels, self.output_size))
        for b in range(self.batch_size):
            for c in range(self.out_channels):
                for i in range(self.output_size):
                    Z[b, c, i] = np.sum(A[b, :, i:i + self.kernel_size] * self.W[c]) + self.b[c]
        return Z

    def backward(self, dLdZ):
        self.dLdW = np.zeros(self.W.shape)
        self.dLdb = np.sum(dLdZ, axis=(0, 2))
        dLdA = np.zeros(self.A.shape)
        for b in range(self.batch_size):
            for c in range(self.out_channels):
                for i in range(self.output_size):
                    window = self.A[b, :, i:i + self.kernel_size]
                    self.dLdW[c] += window * dLdZ[b, c, i]
                    dLdA[b, :, i:i + self.kernel_size] += self.W[c] * dLdZ[b, c, i]
        return dLdA
