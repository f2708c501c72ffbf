import numpy as np


def grad_augmented(Waug, X, D, hw, k):
    """
    Waug: (F, C*k*k + 1), the last column is the bias.
    X: (C*H*W, N) one picture per column, hw = (H, W). D: (F*oh*ow, N).
    returns dWaug, dX in the same flat forms
    """
    F = Waug.shape[0]
    H, W = hw
    C, N = X.shape[0] // (H * W), X.shape[1]
    oh, ow = H - k + 1, W - k + 1
    x = X.T.reshape(N, C, H, W)
    d = D.T.reshape(N, F, oh, ow)
    dWaug, dx = np.zeros_like(Waug), np.zeros_like(x)
    for i in range(oh):
        for j in range(ow):
            col = x[:, :, i:i + k, j:j + k].reshape(N, -1)
            dWaug[:, :-1] += d[:, :, i, j].T @ col
            dx[:, :, i:i + k, j:j + k] += (d[:, :, i, j] @ Waug[:, :-1]).reshape(N, C, k, k)
    dWaug[:, -1] = d.sum(axis=(0, 2, 3))
    return dWaug, dx.reshape(N, -1).T
