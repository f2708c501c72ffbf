import numpy as np


def conv_backward(dout, cache):
    """x (N, C, H, W), w (F, C, HH, WW)"""
    x, w, b, conv_param = cache
    S, P = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    assert (H + 2 * P - HH) % S == 0, 'Sanity Check Status: Conv Layer Failed in Height'
    assert (W + 2 * P - WW) % S == 0, 'Sanity Check Status: Conv Layer Failed in Width'
    H_out = 1 + (H + 2 * P - HH) // S
    W_out = 1 + (W + 2 * P - WW) // S
    x_p = np.pad(x, [(0, 0), (0, 0), (P, P), (P, P)], mode='constant', constant_values=0)
    dx_p = np.zeros_like(x_p, dtype=np.float64)
    dw = np.zeros_like(w, dtype=np.float64)
    for n in range(N):
        for h in range(H_out):
            for v in range(W_out):
                window = x_p[n, :, h * S:h * S + HH, v * S:v * S + WW]
                for f in range(F):
                    dw[f] += dout[n, f, h, v] * window
                    dx_p[n, :, h * S:h * S + HH, v * S:v * S + WW] += dout[n, f, h, v] * w[f]
    db = dout.sum(axis=3).sum(axis=2).sum(axis=0)
    dx = dx_p[:, :, P:P + H, P:P + W]
    return dx, dw, db
