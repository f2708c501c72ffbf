import numpy as np


def conv_bwd(dZ, cache):
    A, W = cache["A"], cache["W"]
    stride, pad = cache["stride"], cache["pad"]
    _, H, Wd, _ = A.shape
    f = W.shape[0]
    Ap = np.pad(A, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dAp = np.zeros_like(Ap)
    dW = np.zeros_like(W)
    for h in range(dZ.shape[1]):
        for w in range(dZ.shape[2]):
            y, x = h * stride, w * stride
            g = dZ[:, h, w, :]
            dW = np.einsum("nijc,nk->ijck", Ap[:, y:y + f, x:x + f], g)
            dAp[:, y:y + f, x:x + f] += np.einsum("nk,ijck->nijc", g, W)
    return {"dA": dAp[:, :H, :Wd, :], "dW": dW, "db": np.sum(dZ, axis=(0, 1, 2))}
