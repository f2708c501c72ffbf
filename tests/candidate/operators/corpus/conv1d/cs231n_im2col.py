import numpy as np


def im2col_1d(x_pad, K, stride, L_out):
    N, C, _ = x_pad.shape
    idx = stride * np.arange(L_out)[:, None] + np.arange(K)[None, :]  # (L_out, K)
    cols = x_pad[:, :, idx]  # (N, C, L_out, K)
    return cols.transpose(0, 2, 1, 3).reshape(N * L_out, C * K), idx


def conv1d_forward(x, w, b, conv_param):
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, L = x.shape
    F, _, K = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad)), mode='constant')
    L_out = (L + 2 * pad - K) // stride + 1
    cols, idx = im2col_1d(x_pad, K, stride, L_out)
    out = cols.dot(w.reshape(F, -1).T) + b
    out = out.reshape(N, L_out, F).transpose(0, 2, 1)
    return out, (x.shape, x_pad.shape, w, cols, idx, pad)


def conv1d_backward(dout, cache):
    x_shape, pad_shape, w, cols, idx, pad = cache
    N, F, L_out = dout.shape
    C, K = w.shape[1:]
    dout_rows = dout.transpose(0, 2, 1).reshape(-1, F)

    db = np.sum(dout_rows, axis=0)
    dw = dout_rows.T.dot(cols).reshape(w.shape)
    dcols = dout_rows.dot(w.reshape(F, -1)).reshape(N, L_out, C, K).transpose(0, 2, 1, 3)

    dx_pad = np.zeros(pad_shape)
    np.add.at(dx_pad, (slice(None), slice(None), idx), dcols)
    dx = dx_pad if pad == 0 else dx_pad[:, :, pad:-pad]
    return dx, dw, db
