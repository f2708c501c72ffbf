"""dx as the 'full' correlation of the dilated gradient with the flipped kernel."""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


class Conv1D:
    def __init__(self, weight, bias, stride=1, padding=0):
        self.weight, self.bias = weight, bias
        self.stride, self.padding = stride, padding
        self.grad_weight = self.grad_bias = None

    def forward(self, x):
        self.length = x.shape[2]
        self.xp = np.pad(x, ((0, 0), (0, 0), (self.padding, self.padding)))
        win = sliding_window_view(self.xp, self.weight.shape[2], axis=2)[:, :, :: self.stride]
        return np.einsum("nclk,ock->nol", win, self.weight) + self.bias[:, None]

    def backward(self, grad):
        n, o, l_out = grad.shape
        k = self.weight.shape[2]
        p, s = self.padding, self.stride
        # put the zeros back that the stride jumped over, the rest at the end included
        full = np.zeros((n, o, self.xp.shape[2] - k + 1))
        full[:, :, ::s] = grad

        win = sliding_window_view(self.xp, full.shape[2], axis=2)  # n c k l
        self.grad_weight = np.einsum("nckl,nol->ock", win, full)
        self.grad_bias = grad.sum(axis=(0, 2))

        wide = np.pad(full, ((0, 0), (0, 0), (k - 1, k - 1)))
        windows = sliding_window_view(wide, k, axis=2)
        dxp = np.einsum("nolk,ock->ncl", windows, self.weight[:, :, ::-1])
        return dxp[:, :, p : p + self.length]
