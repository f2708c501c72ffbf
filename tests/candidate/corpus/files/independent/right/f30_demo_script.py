import os
import sys
import numpy as np
import matplotlib.pyplot as plt
from tqdm import tqdm

np.random.seed(1)
LR = 0.01


def conv_bw(dZ, cache):
    A, K, bias, s = cache
    fh, fw, nin, nout = K.shape
    dA = np.zeros_like(A)
    dK = np.zeros_like(K)
    db = np.zeros((1, 1, nout))
    H, W = dZ.shape[0], dZ.shape[1]
    for h in range(H):
        for w in range(W):
            for c in range(nout):
                dA[h * s:h * s + fh, w * s:w * s + fw, :] += K[:, :, :, c] * dZ[h, w, c]
                dK[:, :, :, c] += A[h * s:h * s + fh, w * s:w * s + fw, :] * dZ[h, w, c]
                db[:, :, c] += dZ[h, w, c]
    return dA, dK, db


A = np.random.randn(9, 9, 3)
K = np.random.randn(3, 3, 3, 4)
dA, dK, db = conv_bw(np.random.randn(4, 4, 4), (A, K, np.zeros((1, 1, 4)), 2))
print("dA mean:", dA.mean())
plt.plot(dK.ravel())
plt.savefig(os.path.join(os.path.dirname(sys.argv[0]), "dk.png"))
