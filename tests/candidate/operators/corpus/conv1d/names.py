"""Two spellings of the same layer from my notes."""
import numpy as np


def conv1d_fwd(x, kernel, bias, stride=1, pad=0):
    B, C_in, T = x.shape
    C_out, _, K = kernel.shape
    xp = np.pad(x, [(0, 0), (0, 0), (pad, pad)])
    T_out = (T + 2 * pad - K) // stride + 1
    y = np.empty((B, C_out, T_out))
    for t in range(T_out):
        y[:, :, t] = xp[:, :, t * stride:t * stride + K].reshape(B, -1) @ kernel.reshape(C_out, -1).T + bias
    return y, (xp, kernel, stride, pad)


def conv1d_bwd(dy, cache):
    xp, kernel, stride, pad = cache
    B, C_out, T_out = dy.shape
    K = kernel.shape[-1]
    dxp = np.zeros(xp.shape)
    dkernel = np.zeros(kernel.shape)
    dbias = dy.sum(axis=(0, 2))
    for t in reversed(range(T_out)):
        lo, hi = t * stride, t * stride + K
        g = dy[:, :, t]
        dkernel += (g.T @ xp[:, :, lo:hi].reshape(B, -1)).reshape(kernel.shape)
        dxp[:, :, lo:hi] += (g @ kernel.reshape(C_out, -1)).reshape(B, -1, K)
    return dxp[:, :, pad:xp.shape[2] - pad], dkernel, dbias


class TemporalConv:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.weight = np.random.randn(out_channels, in_channels, kernel_size)
        self.bias = np.zeros(out_channels)
        self.stride, self.padding = stride, padding

    def forward(self, x):
        y, self.cache = conv1d_fwd(x, self.weight, self.bias, self.stride, self.padding)
        return y

    def backward(self, grad_output):
        grad_input, self.weight_grad, self.bias_grad = conv1d_bwd(grad_output, self.cache)
        return grad_input
