import numpy as np


class ConvLayer:
    def __init__(self, kernel_size, in_channels, out_channels, stride=1, padding=0):
        self.kernel = np.random.randn(kernel_size, kernel_size, in_channels, out_channels) * 0.05
        self.bias = np.zeros((1, 1, 1, out_channels))
        self.stride, self.padding = stride, padding

    def forward(self, A):
        self.A = A
        k, s, p = self.kernel.shape[0], self.stride, self.padding
        P = np.pad(A, ((0, 0), (p, p), (p, p), (0, 0)))
        h, w = (P.shape[1] - k) // s + 1, (P.shape[2] - k) // s + 1
        Z = np.zeros((len(A), h, w, self.kernel.shape[3]))
        for i in range(h):
            for j in range(w):
                Z[:, i, j] = np.tensordot(P[:, i * s:i * s + k, j * s:j * s + k], self.kernel, 3)
        return Z + self.bias

    def backward(self, dZ):
        k, s, p = self.kernel.shape[0], self.stride, self.padding
        m, H, W, C = self.A.shape
        dP = np.zeros((m, H + 2 * p, W + 2 * p, C))
        dK = np.zeros_like(self.kernel)
        for n in range(m):
            for i in range(dZ.shape[1]):
                for j in range(dZ.shape[2]):
                    a, b = i * s, j * s
                    for c in range(dZ.shape[3]):
                        dK[..., c] += self.A[n, a:a + k, b:b + k] * dZ[n, i, j, c]
                        dP[n, a:a + k, b:b + k] += self.kernel[..., c] * dZ[n, i, j, c]
        return {"dA": dP[:, p:p + H, p:p + W], "dK": dK, "db": dZ.sum((0, 1, 2), keepdims=True)}
