import numpy as np


def get_im2col_indices(shape, fh, fw, pad, stride):
    _, C, H, W = shape
    oh, ow = (H + 2 * pad - fh) // stride + 1, (W + 2 * pad - fw) // stride + 1
    i0 = np.tile(np.repeat(np.arange(fh), fw), C)
    j0 = np.tile(np.arange(fw), fh * C)
    i = i0.reshape(-1, 1) + stride * np.repeat(np.arange(oh), ow).reshape(1, -1)
    j = j0.reshape(-1, 1) + stride * np.tile(np.arange(ow), oh).reshape(1, -1)
    return np.repeat(np.arange(C), fh * fw).reshape(-1, 1), i, j, oh, ow


def conv_forward_im2col(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    k, i, j, oh, ow = get_im2col_indices(x.shape, w.shape[2], w.shape[3], pad, stride)
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    cols = xp[:, k, i, j]                       # N, C*fh*fw, oh*ow
    res = np.einsum('fk,nkp->nfp', w.reshape(len(w), -1), cols) + b.reshape(1, -1, 1)
    return res.reshape(len(x), len(w), oh, ow), (x, w, b, conv_param, cols)


def conv_backward_im2col(dout, cache):
    x, w, b, conv_param, cols = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    d = dout.reshape(N, len(w), -1)
    dw = np.einsum('nfp,nkp->fk', d, cols).reshape(w.shape)
    dcols = np.einsum('fk,nfp->nkp', w.reshape(len(w), -1), d)
    k, i, j, _, _ = get_im2col_indices(x.shape, w.shape[2], w.shape[3], pad, stride)
    dxp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    np.add.at(dxp, (slice(None), k, i, j), dcols)
    dx = dxp if pad == 0 else dxp[:, :, pad:-pad, pad:-pad]
    return dx, dw, d.sum(axis=(0, 2))
