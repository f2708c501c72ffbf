import numpy as np


def conv_transpose2d_forward(x, w, b, conv_param):
    """
    Every input pixel stamps its kernel onto the output.

    - x: (N, C, H, W)
    - w: (C, F, HH, WW)      <- (in, out), as in torch
    - b: (F,)
    - conv_param: 'stride', 'pad', 'output_pad'
    """
    s, p, op = conv_param['stride'], conv_param['pad'], conv_param.get('output_pad', 0)
    N, C, H, W = x.shape
    _, F, HH, WW = w.shape
    full = np.zeros((N, F, (H - 1) * s + HH + op, (W - 1) * s + WW + op))
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    full[n, :, i * s:i * s + HH, j * s:j * s + WW] += x[n, c, i, j] * w[c]
    out = full[:, :, p:full.shape[2] - p, p:full.shape[3] - p] + b[:, None, None]
    return out, (x, w, b, conv_param)


def conv_transpose2d_backward(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    _, F, HH, WW = w.shape

    # undo the crop
    dfull = np.pad(dout, ((0, 0), (0, 0), (p, p), (p, p)))
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.sum(dout, axis=(0, 2, 3))
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    window = dfull[n, :, i * s:i * s + HH, j * s:j * s + WW]
                    dx[n, c, i, j] = np.sum(window * w[c])
                    dw[c] += window * x[n, c, i, j]
    return dx, dw, db
