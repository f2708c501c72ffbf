import numpy as np


class Conv1D:
    """Input (n_ex, l_in, in_ch), channels last. W: (kernel_width, in_ch, out_ch), b: (1, out_ch)."""

    def __init__(self, out_ch, kernel_width, pad=0, stride=1):
        self.pad = pad
        self.stride = stride
        self.out_ch = out_ch
        self.kernel_width = kernel_width
        self.parameters = {"W": None, "b": None}
        self.gradients = {}
        self.X = []
        self.is_initialized = False

    def _init_params(self, in_ch):
        self.in_ch = in_ch
        self.parameters = {
            "W": np.random.randn(self.kernel_width, in_ch, self.out_ch),
            "b": np.zeros((1, self.out_ch)),
        }
        self.gradients = {"W": np.zeros_like(self.parameters["W"]), "b": np.zeros((1, self.out_ch))}
        self.is_initialized = True

    def _pad(self, X):
        return np.pad(X, ((0, 0), (self.pad, self.pad), (0, 0)))

    def forward(self, X, retain_derived=True):
        if not self.is_initialized:
            self._init_params(X.shape[2])
        W, b = self.parameters["W"], self.parameters["b"]
        n_ex, l_in, in_ch = X.shape
        s, fw = self.stride, self.kernel_width
        X_pad = self._pad(X)
        l_out = (l_in + 2 * self.pad - fw) // s + 1
        Y = np.zeros((n_ex, l_out, self.out_ch))
        for k in range(fw):
            Y += X_pad[:, k:k + s * l_out:s, :][:, :l_out] @ W[k]
        if retain_derived:
            self.X.append(X)
        return Y + b

    def backward(self, dLdy, retain_grads=True):
        X = self.X[-1]
        dX, dW, db = self._bwd(dLdy, X)
        if retain_grads:
            self.gradients["W"] += dW
            self.gradients["b"] += db
        return dX

    def _bwd(self, dLdy, X):
        W = self.parameters["W"]
        s, p, fw = self.stride, self.pad, self.kernel_width
        n_ex, l_in, in_ch = X.shape
        l_out = dLdy.shape[1]
        X_pad = self._pad(X)
        dX_pad = np.zeros_like(X_pad)
        dW = np.zeros_like(W)
        db = dLdy.sum(axis=(0, 1), keepdims=True).reshape(1, -1)
        for m in range(n_ex):
            for i in range(l_out):
                i0, i1 = i * s, i * s + fw
                for c in range(self.out_ch):
                    dW[:, :, c] += X_pad[m, i0:i1, :] * dLdy[m, i, c]
                    dX_pad[m, i0:i1, :] += W[:, :, c] * dLdy[m, i, c]
        dX = dX_pad[:, p:p + l_in, :]
        return dX, dW, db
