import numpy as np

REG = 0.05


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param['stride'], conv_param['pad']
    kh, kw = w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            at = np.s_[:, :, i * s:i * s + kh, j * s:j * s + kw]
            dw += np.einsum('nf,ncuv->fcuv', dout[:, :, i, j], xp[at])
            dxp[at] += np.einsum('nf,fcuv->ncuv', dout[:, :, i, j], w)
    dw += REG * w
    db = dout.sum(axis=(0, 2, 3))
    return dxp[:, :, p:p + x.shape[2], p:p + x.shape[3]], dw, db
