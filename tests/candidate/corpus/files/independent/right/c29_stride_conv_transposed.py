import numpy as np


class StridedConv:
    '''
    Convolution, written with the "transposed convolution" picture for the way back.
    '''
    def __init__(self, in_chan, out_chan, kernel, stride):
        self.stride = stride
        self.kernels = np.random.randn(out_chan, in_chan, kernel, kernel) * 0.1
        self.bias = np.random.randn(out_chan) * 0.1

    @staticmethod
    def _corr(x, k):
        win = np.lib.stride_tricks.sliding_window_view(x, k.shape[2:], axis=(2, 3))
        return np.einsum("nchwij,fcij->nfhw", win, k)

    def forward(self, x):
        self.x = x
        s = self.stride
        return self._corr(x, self.kernels)[:, :, ::s, ::s] + self.bias.reshape(1, -1, 1, 1)

    def backward(self, dz):
        s, k = self.stride, self.kernels.shape[2]
        n, f = dz.shape[:2]
        H, W = self.x.shape[2:]
        # undo the stride: put dz on the grid of the stride-1 output
        full = np.zeros((n, f, H - k + 1, W - k + 1))
        full[:, :, ::s, ::s] = dz
        self.dkernels = self._corr(self.x.transpose(1, 0, 2, 3), full.transpose(1, 0, 2, 3)).transpose(1, 0, 2, 3)
        self.dbias = dz.sum((0, 2, 3))
        q = k - 1
        return self._corr(np.pad(full, ((0, 0), (0, 0), (q, q), (q, q))),
                          self.kernels[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))
