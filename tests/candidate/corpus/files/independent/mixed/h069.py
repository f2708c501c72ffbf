import numpy as np


def backprop_conv(dZ, A_prev, W, b, stride, padding):
    H, Wd, _ = A_prev.shape
    n_f, k, _, _ = W.shape
    A = np.pad(A_prev, ((padding, padding), (padding, padding), (0, 0)))
    dA, dW, db = np.zeros(A.shape), np.zeros(W.shape), np.zeros(n_f)
    for i in range(dZ.shape[0]):
        for j in range(dZ.shape[1]):
            y, x = i * stride, j * stride
            dA[y:y + k, x:x + k] = np.tensordot(dZ[i, j], W, axes=1)
            for f in range(n_f):
                dW[f] += dZ[i, j, f] * A[y:y + k, x:x + k]
                db[f] = dZ[i, j, f]
    return dW, db, dA[padding:padding + H, padding:padding + Wd]
