import numpy as np


class CNNLayer:
    """Layers keep nothing: backward gets the layer's input again."""

    def __init__(self, n_channels, n_filters, size, padding=0):
        self.padding = padding
        self.W = np.random.randn(n_filters, n_channels, size, size) * .01
        self.b = np.zeros(n_filters)

    def forward(self, x):
        p = self.padding
        xp = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
        k = self.W.shape[2]
        H, W = xp.shape[2] - k + 1, xp.shape[3] - k + 1
        out = np.empty((len(x), len(self.W), H, W))
        for r in range(H):
            for c in range(W):
                out[:, :, r, c] = xp[:, :, r:r + k, c:c + k].reshape(len(x), -1) @ self.W.reshape(len(self.W), -1).T
        return out + self.b[:, None, None]

    def backward(self, x, dout):
        p, k = self.padding, self.W.shape[2]
        xp = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
        dxp = np.zeros(xp.shape)
        dW = np.zeros((len(self.W), self.W[0].size))
        for r in range(dout.shape[2]):
            for c in range(dout.shape[3]):
                g = dout[:, :, r, c]
                dW += g.T @ xp[:, :, r:r + k, c:c + k].reshape(len(x), -1)
                dxp[:, :, r:r + k, c:c + k] += (g @ self.W.reshape(len(self.W), -1)).reshape(len(x), -1, k, k)
        dx = dxp[:, :, p:p + x.shape[2], p:p + x.shape[3]]
        return dx, {"W": dW.reshape(self.W.shape), "b": dout.sum((0, 2, 3))}
