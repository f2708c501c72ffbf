import numpy as np


def conv_forward_im2col(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, hh, ww = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    oh, ow = (H + 2 * pad - hh) // stride + 1, (W + 2 * pad - ww) // stride + 1
    cols = np.zeros((C * hh * ww, oh * ow * N))
    k = 0
    for i in range(oh):
        for j in range(ow):
            cols[:, k:k + N] = xp[:, :, i * stride:i * stride + hh, j * stride:j * stride + ww].reshape(N, -1).T
            k += N
    out = (w.reshape(F, -1) @ cols + b.reshape(-1, 1)).reshape(F, oh, ow, N).transpose(3, 0, 1, 2)
    return out, (x.shape, cols, w, stride, pad)


def conv_backward_im2col(dout, cache):
    x_shape, cols, w, stride, pad = cache
    N, C, H, W = x_shape
    F, _, hh, ww = w.shape
    oh, ow = dout.shape[2:]
    d = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    dw = d.dot(cols.T).reshape(w.shape)
    db = d.sum(axis=1)
    dcols = w.reshape(F, -1).T.dot(d)
    dxp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    k = 0
    for i in range(oh):
        for j in range(ow):
            dxp[:, :, i * stride:i * stride + hh, j * stride:j * stride + ww] += dcols[:, k:k + N].T.reshape(N, C, hh, ww)
            k += N
    return dxp[:, :, pad:pad + H, pad:pad + W], dw, db
