import numpy as np


class Conv2D:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.w = np.random.randn(out_channels, in_channels, kernel_size, kernel_size)
        self.b = np.zeros(out_channels)
        self.stride, self.padding, self.k = stride, padding, kernel_size

    def forward(self, x):
        p, s, k = self.padding, self.stride, self.k
        self.x = x
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        v = np.lib.stride_tricks.sliding_window_view(xp, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        return np.einsum("nchwij,fcij->nfhw", v, self.w) + self.b[:, None, None]

    def backward(self, dout):
        p, s, k = self.padding, self.stride, self.k
        xp = np.pad(self.x, ((0, 0), (0, 0), (p, p), (p, p)), mode="edge")
        dxp = np.zeros_like(xp)
        self.dw = np.zeros_like(self.w)
        self.db = dout.mean(axis=(0, 2, 3))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                at = np.s_[:, :, i * s:i * s + k, j * s:j * s + k]
                self.dw += np.einsum("nf,ncij->fcij", dout[:, :, i, j], xp[at])
                dxp[at] += np.einsum("nf,fcij->ncij", dout[:, :, i, j], self.w)
        return dxp[:, :, p:p + self.x.shape[2], p:p + self.x.shape[3]]
