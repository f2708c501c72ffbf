import numpy as np


def conv_back(b, W, X, dY, hyper):
    s = hyper.get("stride", 1)
    p = hyper.get("padding", 0)
    n, c, h, w = X.shape
    k, _, fh, fw = W.shape
    padded = np.zeros((n, c, h + 2 * p, w + 2 * p))
    padded[..., p:p + h, p:p + w] = X
    db = dY.sum(axis=3).sum(axis=2).sum(axis=0).reshape(b.shape)
    dW = np.zeros_like(W)
    dP = np.zeros_like(padded)
    for img in range(n):
        for r in range(dY.shape[2]):
            for q in range(dY.shape[3]):
                g = dY[img, :, r, q].reshape(k, 1, 1, 1)
                box = (img, slice(None), slice(r * s, r * s + fh), slice(q * s, q * s + fw))
                dW += g * padded[box]
                dP[box] += (g * W).sum(axis=0)
    return db, dW, dP[..., p:p + h, p:p + w]
