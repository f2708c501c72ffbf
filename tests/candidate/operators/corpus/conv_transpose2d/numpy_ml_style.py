import numpy as np


class Deconv2D:
    """Channels last: X (n_ex, in_rows, in_cols, in_ch), W (fr, fc, in_ch, out_ch), b (1, 1, 1, out_ch)."""

    def __init__(self, out_ch, kernel_shape, pad=0, stride=1):
        self.pad = pad
        self.in_ch = None
        self.stride = stride
        self.out_ch = out_ch
        self.kernel_shape = kernel_shape
        self.parameters = {"W": None, "b": None}
        self.gradients = {}
        self.X = []
        self.is_initialized = False

    def _init_params(self, in_ch):
        self.in_ch = in_ch
        fr, fc = self.kernel_shape
        self.parameters = {"W": np.random.randn(fr, fc, in_ch, self.out_ch), "b": np.zeros((1, 1, 1, self.out_ch))}
        self.gradients = {"W": np.zeros((fr, fc, in_ch, self.out_ch)), "b": np.zeros((1, 1, 1, self.out_ch))}
        self.is_initialized = True

    def forward(self, X, retain_derived=True):
        if not self.is_initialized:
            self._init_params(X.shape[3])
        W, b = self.parameters["W"], self.parameters["b"]
        s, p = self.stride, self.pad
        n_ex, rows, cols, _ = X.shape
        fr, fc = self.kernel_shape
        Y = np.zeros((n_ex, (rows - 1) * s + fr, (cols - 1) * s + fc, self.out_ch))
        for i in range(rows):
            for j in range(cols):
                Y[:, i * s:i * s + fr, j * s:j * s + fc, :] += np.einsum("ni,rcio->nrco", X[:, i, j, :], W)
        if retain_derived:
            self.X.append(X)
        return Y[:, p:Y.shape[1] - p, p:Y.shape[2] - p, :] + b

    def backward(self, dLdY, retain_grads=True):
        X = self.X[-1]
        dX, dW, dB = self._bwd(dLdY, X)
        if retain_grads:
            self.gradients["W"] += dW
            self.gradients["b"] += dB
        return dX

    def _bwd(self, dLdY, X):
        W = self.parameters["W"]
        s, p = self.stride, self.pad
        n_ex, rows, cols, _ = X.shape
        fr, fc = self.kernel_shape
        dY_pad = np.pad(dLdY, ((0, 0), (p, p), (p, p), (0, 0)))
        dX = np.zeros_like(X)
        dW = np.zeros_like(W)
        dB = dLdY.sum(axis=(0, 1, 2)).reshape(1, 1, 1, -1)
        for i in range(rows):
            for j in range(cols):
                i0, j0 = i * s, j * s
                window = dY_pad[:, i0:i0 + fr, j0:j0 + fc, :]
                dX[:, i, j, :] = np.einsum("nrco,rcio->ni", window, W)
                dW += np.einsum("nrco,ni->rcio", window, X[:, i, j, :])
        return dX, dW, dB
