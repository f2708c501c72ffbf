import numpy as np


def conv_bprop(delta, x, w, stride):
    # Python 2: / on integers
    N, C, H, W = x.shape
    F, C, k, k = w.shape
    oh = (H - k) / stride + 1
    ow = (W - k) / stride + 1
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(F)
    for i in range(oh):
        for j in range(ow):
            r, c = i * stride, j * stride
            for f in range(F):
                d = delta[:, f, i, j].reshape(N, 1, 1, 1)
                dw[f] += (x[:, :, r:r + k, c:c + k] * d).sum(axis=0)
                dx[:, :, r:r + k, c:c + k] += w[f] * d
                db[f] += d.sum()
    return dx, dw, db
