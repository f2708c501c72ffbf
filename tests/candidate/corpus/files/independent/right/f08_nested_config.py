import numpy as np


def convolution_forward(X, W, b, cfg):
    s = cfg["conv"]["stride"]
    P = cfg["conv"]["padding"]
    Xp = np.pad(X, ((0, 0), (P, P), (P, P), (0, 0)), "constant")
    k = W.shape[1]
    Ho, Wo = (Xp.shape[1] - k) // s + 1, (Xp.shape[2] - k) // s + 1
    Z = np.zeros((X.shape[0], Ho, Wo, W.shape[0]))
    for u in range(Ho):
        for v in range(Wo):
            Z[:, u, v, :] = np.tensordot(Xp[:, u * s:u * s + k, v * s:v * s + k, :], W, axes=([1, 2, 3], [1, 2, 3])) + b
    return Z, (X, W, b, cfg)


def convolution_backward(dZ, cache):
    X, W, b, cfg = cache
    s = cfg["conv"]["stride"]
    P = cfg["conv"]["padding"]
    k = W.shape[1]
    Xp = np.pad(X, ((0, 0), (P, P), (P, P), (0, 0)), "constant")
    dXp, dW = np.zeros(Xp.shape), np.zeros(W.shape)
    for u in range(dZ.shape[1]):
        for v in range(dZ.shape[2]):
            sl = (slice(None), slice(u * s, u * s + k), slice(v * s, v * s + k))
            dW += np.einsum("nf,nijc->fijc", dZ[:, u, v], Xp[sl])
            dXp[sl] += np.einsum("nf,fijc->nijc", dZ[:, u, v], W)
    db = np.sum(dZ, axis=(0, 1, 2))
    dX = dXp[:, P:dXp.shape[1] - P, P:dXp.shape[2] - P, :]
    return {"dX": dX, "dW": dW, "db": db}
