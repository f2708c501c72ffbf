import numpy as np


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride = conv_param['stride']
    pad = conv_param['pad']
    F, C, HH, WW = w.shape
    N, _, H_out, W_out = dout.shape
    padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], mode='constant')
    dpadded = np.zeros(padded.shape)
    dw = np.zeros(w.shape)
    db = np.zeros(b.shape)
    for f in range(F):
        db[f] = np.sum(dout[:, f])
        for i in range(H_out):
            for j in range(W_out):
                g = dout[:, f, i, j][:, None, None, None]
                si, sj = i * stride, j * stride
                dw[f] += np.sum(padded[:, :, si:si + HH, sj:sj + WW] * g, axis=0)
                dpadded[:, :, si:si + HH, sj:sj + WW] += w[f] * g
    return dpadded[:, :, pad:-pad, pad:-pad], dw, db
