import numpy as np


def conv_layer_bprop(dY, params, cache, hparams):
    """params: {'W': (kh, kw, C, F), 'b': (F,)}; cache: {'X': (N, H, W, C)}; hparams: {'stride', 'pad'}

    Returns dX and a dictionary with the gradients of params."""
    W, X = params["W"], cache["X"]
    stride, pad = hparams["stride"], hparams["pad"]
    kh, kw, C, F = W.shape
    N, H, Wd, _ = X.shape
    Xp = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dXp = np.zeros_like(Xp)
    grads = {"dW": np.zeros_like(W), "db": np.sum(dY, axis=(0, 1, 2))}
    Wmat = W.reshape(-1, F)
    for i in range(dY.shape[1]):
        for j in range(dY.shape[2]):
            y, x = i * stride, j * stride
            block = Xp[:, y:y + kh, x:x + kw].reshape(N, -1)
            grads["dW"] += (block.T @ dY[:, i, j]).reshape(W.shape)
            dXp[:, y:y + kh, x:x + kw] += (dY[:, i, j] @ Wmat.T).reshape(N, kh, kw, C)
    return dXp[:, pad:pad + H, pad:pad + Wd], grads
