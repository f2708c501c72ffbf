import numpy as np


class ConvLayer:
    def __init__(self, num_channels, num_kernels, kernel_size, padding="SAME"):
        if padding not in ("SAME", "VALID"):
            raise ValueError("padding must be SAME or VALID")
        self.size = kernel_size
        self.pad = (kernel_size - 1) // 2 if padding == "SAME" else 0
        if padding == "SAME" and kernel_size % 2 == 0:
            raise ValueError("SAME needs an odd kernel")
        self.weight = np.random.randn(kernel_size, kernel_size, num_channels, num_kernels) * 0.1
        self.bias = np.zeros((1, num_kernels))

    def forward(self, x):
        p, k = self.pad, self.size
        n, h, w, c = x.shape
        self.xp = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
        oh, ow = h + 2 * p - k + 1, w + 2 * p - k + 1
        self.cols = np.stack([self.xp[:, i:i + oh, j:j + ow, :] for i in range(k) for j in range(k)], axis=3)
        flat = self.cols.reshape(n, oh, ow, k * k * c)
        return flat @ self.weight.reshape(k * k * c, -1) + self.bias

    def backward(self, dy):
        p, k = self.pad, self.size
        n, oh, ow, f = dy.shape
        c = self.weight.shape[2]
        flat = self.cols.reshape(-1, k * k * c)
        self.weight_grad = (flat.T @ dy.reshape(-1, f)).reshape(self.weight.shape)
        self.bias_grad = dy.reshape(-1, f).sum(axis=0, keepdims=True)
        dcols = (dy @ self.weight.reshape(-1, f).T).reshape(n, oh, ow, k * k, c)
        dxp = np.zeros_like(self.xp)
        for t in range(k * k):
            i, j = t // k, t % k
            dxp[:, i:i + oh, j:j + ow, :] += dcols[:, :, :, t, :]
        return dxp[:, p:dxp.shape[1] - p, p:dxp.shape[2] - p, :]
