import numpy as np


def _indices(H, W, fh, fw, stride):
    oh = (H - fh) // stride + 1
    ow = (W - fw) // stride + 1
    i0 = np.repeat(np.arange(fh), fw)
    j0 = np.tile(np.arange(fw), fh)
    i1 = stride * np.repeat(np.arange(oh), ow)
    j1 = stride * np.tile(np.arange(ow), oh)
    return i0[:, None] + i1[None, :], j0[:, None] + j1[None, :], oh, ow


def max_pool_forward_im2col(x, pool_param):
    N, C, H, W = x.shape
    fh, fw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    i, j, oh, ow = _indices(H, W, fh, fw, stride)
    x_split = x.reshape(N * C, H, W)
    x_cols = x_split[:, i, j]                     # (N*C, fh*fw, oh*ow)
    arg = x_cols.argmax(axis=1)                   # (N*C, oh*ow)
    out = x_cols.max(axis=1).reshape(N, C, oh, ow)
    cache = (x, x_cols, arg, pool_param)
    return out, cache


def max_pool_backward_im2col(dout, cache):
    x, x_cols, arg, pool_param = cache
    N, C, H, W = x.shape
    fh, fw = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    i, j, oh, ow = _indices(H, W, fh, fw, stride)
    dx_cols = np.zeros_like(x_cols)
    d = dout.reshape(N * C, 1, oh * ow)
    np.put_along_axis(dx_cols, arg[:, None, :], d, axis=1)
    dx = np.zeros((N * C, H, W), dtype=x.dtype)
    np.add.at(dx, (slice(None), i, j), dx_cols)
    return dx.reshape(N, C, H, W)
