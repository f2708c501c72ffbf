import numpy as np


class Pool2D:
    """mean pooling, (n_ex, rows, cols, channels)"""

    def __init__(self, kernel_shape, stride=1, pad=0, mode="average"):
        self.kernel_shape = kernel_shape
        self.stride = stride
        self.pad = pad
        self.mode = mode
        self.X = []

    def forward(self, X):
        (fr, fc), s, p = self.kernel_shape, self.stride, self.pad
        n_ex, in_rows, in_cols, nc_in = X.shape
        X_pad = np.pad(X, ((0, 0), (p, p), (p, p), (0, 0)))
        out_rows = int(np.floor(1 + (in_rows + 2 * p - fr) / s))
        out_cols = int(np.floor(1 + (in_cols + 2 * p - fc) / s))
        Y = np.zeros((n_ex, out_rows, out_cols, nc_in))
        for m in range(n_ex):
            for i in range(out_rows):
                for j in range(out_cols):
                    for c in range(nc_in):
                        Y[m, i, j, c] = np.mean(X_pad[m, i * s:i * s + fr, j * s:j * s + fc, c])
        self.X.append(X)
        return Y

    def backward(self, dLdY):
        X = self.X[-1]
        (fr, fc), s, p = self.kernel_shape, self.stride, self.pad
        n_ex, in_rows, in_cols, nc_in = X.shape
        dX = np.zeros((n_ex, in_rows + 2 * p, in_cols + 2 * p, nc_in))
        _, out_rows, out_cols, _ = dLdY.shape
        for m in range(n_ex):
            for i in range(out_rows):
                for j in range(out_cols):
                    for c in range(nc_in):
                        i0, i1 = i * s, (i * s) + fr
                        j0, j1 = j * s, (j * s) + fc
                        frame = np.ones((fr, fc)) * dLdY[m, i, j, c]
                        dX[m, i0:i1, j0:j1, c] += frame / np.prod((fr, fc))
        return dX[:, p:in_rows + p, p:in_cols + p, :]
