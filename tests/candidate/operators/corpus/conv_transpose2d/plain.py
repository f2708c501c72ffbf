"""Transposed convolution on raw arguments, one slice for each offset of the kernel."""
import numpy as np


def conv_transpose2d(x, w, b, stride=1, padding=0, output_padding=0):
    n, c, h, wd = x.shape
    _, o, kh, kw = w.shape
    full = np.zeros((n, o, (h - 1) * stride + kh + output_padding, (wd - 1) * stride + kw + output_padding))
    for u in range(kh):
        for v in range(kw):
            full[:, :, u:u + h * stride - stride + 1:stride, v:v + wd * stride - stride + 1:stride] += np.einsum(
                'nchw,co->nohw', x, w[:, :, u, v])
    return full[:, :, padding:full.shape[2] - padding, padding:full.shape[3] - padding] + b.reshape(1, -1, 1, 1)


def conv_transpose2d_backward(dout, x, w, b, stride=1, padding=0, output_padding=0):
    n, c, h, wd = x.shape
    _, o, kh, kw = w.shape
    H = (h - 1) * stride + kh + output_padding
    W = (wd - 1) * stride + kw + output_padding
    dfull = np.zeros((n, o, H, W))
    dfull[:, :, padding:H - padding, padding:W - padding] = dout

    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    for u in range(kh):
        for v in range(kw):
            part = dfull[:, :, u:u + (h - 1) * stride + 1:stride, v:v + (wd - 1) * stride + 1:stride]
            dx += np.einsum('nohw,co->nchw', part, w[:, :, u, v])
            dw[:, :, u, v] = np.einsum('nohw,nchw->co', part, x)
    return {'dx': dx, 'dw': dw, 'db': dout.sum(axis=(0, 2, 3))}
