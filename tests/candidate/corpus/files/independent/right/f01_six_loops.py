import numpy as np


def conv_layer_backward(dout, x, w, b, stride, pad):
    """Gradients of a conv layer, the slow way. x: (N, C, H, W), w: (F, C, R, S)."""
    N, C, H, W = x.shape
    F, _, R, S = w.shape
    _, _, OH, OW = dout.shape
    xp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    xp[:, :, pad:pad + H, pad:pad + W] = x
    dxp = np.zeros_like(xp)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for n in range(N):
        for f in range(F):
            for i in range(OH):
                for j in range(OW):
                    g = dout[n, f, i, j]
                    db[f] += g
                    for r in range(R):
                        for s in range(S):
                            dw[f, :, r, s] += xp[n, :, i * stride + r, j * stride + s] * g
                            dxp[n, :, i * stride + r, j * stride + s] += w[f, :, r, s] * g
    return dxp[:, :, pad:pad + H, pad:pad + W], dw, db
