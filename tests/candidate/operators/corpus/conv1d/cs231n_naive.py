import numpy as np


def conv1d_forward(x, w, b, conv_param):
    """
    - x: (N, C, L)   - w: (F, C, K)   - b: (F,)
    - conv_param: 'stride' and 'pad'
    """
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, L = x.shape
    F, _, K = w.shape
    L_out = 1 + (L + 2 * pad - K) // stride
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    out = np.zeros((N, F, L_out))
    for n in range(N):
        for f in range(F):
            for l in range(L_out):
                out[n, f, l] = np.sum(x_pad[n, :, l * stride:l * stride + K] * w[f]) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv1d_backward(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, L = x.shape
    F, _, K = w.shape
    L_out = dout.shape[2]

    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            db[f] += dout[n, f].sum()
            for l in range(L_out):
                start = l * stride
                dw[f] += x_pad[n, :, start:start + K] * dout[n, f, l]
                dx_pad[n, :, start:start + K] += w[f] * dout[n, f, l]
    dx = dx_pad[:, :, pad:pad + L]
    return dx, dw, db
