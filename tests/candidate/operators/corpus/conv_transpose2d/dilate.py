"""Zeros between the pixels, a border of k-1-p, then an ordinary convolution with the flipped kernel."""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def dilate(a, s, more):
    n, c, h, w = a.shape
    out = np.zeros((n, c, (h - 1) * s + 1 + more, (w - 1) * s + 1 + more))
    out[:, :, : (h - 1) * s + 1 : s, : (w - 1) * s + 1 : s] = a
    return out


class ConvTranspose2d:
    def __init__(self, weight, bias, stride=1, padding=0, output_padding=0):
        self.weight, self.bias = weight, bias  # weight (in, out, kh, kw)
        self.stride, self.padding, self.output_padding = stride, padding, output_padding

    def forward(self, x):
        self.x = x
        kh, kw = self.weight.shape[2:]
        big = dilate(x, self.stride, self.output_padding)
        big = np.pad(big, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
        p = self.padding
        big = big[:, :, p : big.shape[2] - p, p : big.shape[3] - p]
        win = sliding_window_view(big, (kh, kw), axis=(2, 3))
        return np.einsum("nchwuv,couv->nohw", win, self.weight[:, :, ::-1, ::-1]) + self.bias[:, None, None]

    def backward(self, grad):
        kh, kw = self.weight.shape[2:]
        h, w = self.x.shape[2:]
        s, p = self.stride, self.padding
        padded = np.pad(grad, ((0, 0), (0, 0), (p, p), (p, p)))
        windows = sliding_window_view(padded, (kh, kw), axis=(2, 3))[:, :, ::s, ::s][:, :, :h, :w]
        self.grad_weight = np.einsum("nohwuv,nchw->couv", windows, self.x)
        self.grad_bias = grad.sum(axis=(0, 2, 3))
        return np.einsum("nohwuv,couv->nchw", windows, self.weight)
