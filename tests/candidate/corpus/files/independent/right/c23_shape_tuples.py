import numpy as np


class Convolve:
    def __init__(self, input_shape, filter_shape, stride=1, padding=0):
        """
        input_shape: (batch, channels, rows, cols)
        filter_shape: (n_filters, channels, f_rows, f_cols)
        """
        self.input_shape = input_shape
        self.filter_shape = filter_shape
        self.stride = stride
        self.padding = padding
        self.filters = np.random.normal(0, 0.1, filter_shape)
        self.biases = np.zeros(filter_shape[0])
        _, _, r, c = input_shape
        out_r, mod_r = divmod(r + 2 * padding - filter_shape[2], stride)
        out_c, mod_c = divmod(c + 2 * padding - filter_shape[3], stride)
        if mod_r or mod_c:
            raise ValueError("filter and stride do not cover the input")
        self.output_shape = (input_shape[0], filter_shape[0], out_r + 1, out_c + 1)

    def _window(self, i, j):
        s = self.stride
        return np.s_[:, :, i * s:i * s + self.filter_shape[2], j * s:j * s + self.filter_shape[3]]

    def forward(self, X):
        p = self.padding
        self.Xp = np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))
        out = np.zeros(self.output_shape)
        for i in range(self.output_shape[2]):
            for j in range(self.output_shape[3]):
                out[:, :, i, j] = np.einsum("ncij,fcij->nf", self.Xp[self._window(i, j)], self.filters)
        return out + self.biases[:, None, None]

    def backward(self, grad):
        grad = grad.reshape(self.output_shape)
        self.d_filters = np.zeros(self.filter_shape)
        self.d_biases = grad.sum(axis=(0, 2, 3))
        dXp = np.zeros(self.Xp.shape)
        for i in range(self.output_shape[2]):
            for j in range(self.output_shape[3]):
                self.d_filters += np.einsum("ncij,nf->fcij", self.Xp[self._window(i, j)], grad[:, :, i, j])
                dXp[self._window(i, j)] += np.einsum("nf,fcij->ncij", grad[:, :, i, j], self.filters)
        p = self.padding
        return dXp[:, :, p:p + self.input_shape[2], p:p + self.input_shape[3]]
