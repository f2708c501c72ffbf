import numpy as np


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    F, C, HH, WW = w.shape
    N, _, OH, OW = dout.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows = []
    for i in range(OH):
        for j in range(OW):
            for n in range(N):
                rows.append(x_pad[n, :, i * stride:i * stride + HH, j * stride:j * stride + WW].ravel())
    d = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    dw = (d.T @ np.array(rows)).reshape(w.shape)
    dx_pad = np.zeros_like(x_pad)
    for i in range(OH):
        for j in range(OW):
            dx_pad[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW] += np.tensordot(dout[:, :, i, j], w, 1)
    return dx_pad[:, :, 1:-1, 1:-1], dw, d.sum(axis=0)
