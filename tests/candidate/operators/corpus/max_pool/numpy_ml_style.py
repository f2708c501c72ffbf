import numpy as np


class Pool2D:
    """A single two-dimensional max pooling layer.

    Parameters
    ----------
    kernel_shape : 2-tuple
        The dimension of a single 2D filter/kernel in the current layer
    stride : int
    pad : int
        Cells added on every side, filled with -inf.
    """

    def __init__(self, kernel_shape, stride=1, pad=0):
        self.kernel_shape = kernel_shape
        self.stride = stride
        self.pad = pad
        self.X = []

    def forward(self, X, retain_derived=True):
        """X : (n_ex, in_rows, in_cols, in_ch)  ->  Y : (n_ex, out_rows, out_cols, in_ch)"""
        n_ex, in_rows, in_cols, nc_in = X.shape
        (fr, fc), s, p = self.kernel_shape, self.stride, self.pad
        X_pad = np.pad(X, ((0, 0), (p, p), (p, p), (0, 0)), constant_values=-np.inf)
        out_rows = int(np.floor(1 + (in_rows + 2 * p - fr) / s))
        out_cols = int(np.floor(1 + (in_cols + 2 * p - fc) / s))
        Y = np.zeros((n_ex, out_rows, out_cols, nc_in))
        for i in range(out_rows):
            for j in range(out_cols):
                i0, j0 = i * s, j * s
                Y[:, i, j, :] = X_pad[:, i0:i0 + fr, j0:j0 + fc, :].max(axis=(1, 2))
        if retain_derived:
            self.X.append(X)
        return Y

    def backward(self, dLdY, retain_grads=True):
        X = self.X[-1]
        n_ex, in_rows, in_cols, nc_in = X.shape
        (fr, fc), s, p = self.kernel_shape, self.stride, self.pad
        X_pad = np.pad(X, ((0, 0), (p, p), (p, p), (0, 0)), constant_values=-np.inf)
        dX = np.zeros_like(X_pad)
        for m in range(n_ex):
            for i in range(dLdY.shape[1]):
                for j in range(dLdY.shape[2]):
                    for c in range(nc_in):
                        i0, i1 = i * s, i * s + fr
                        j0, j1 = j * s, j * s + fc
                        xi = X_pad[m, i0:i1, j0:j1, c]
                        # enforce that the mask can only consist of a single `True` entry
                        mask = np.zeros_like(xi).astype(bool)
                        x, y = np.argwhere(xi == np.max(xi))[0]
                        mask[x, y] = True
                        dX[m, i0:i1, j0:j1, c] += mask * dLdY[m, i, j, c]
        pr, pc = in_rows + p, in_cols + p
        return dX[:, p:pr, p:pc, :]
