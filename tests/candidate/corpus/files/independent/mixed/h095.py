import numpy as np


def conv_forward(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    m, h, w, _ = A_prev.shape
    kh, kw = W.shape[:2]
    sh, sw = stride
    ph = pw = 0
    if padding == "same":
        ph = ((h - 1) * sh + kh - h + 1) // 2
        pw = ((w - 1) * sw + kw - w + 1) // 2
    A = np.pad(A_prev, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    v = np.lib.stride_tricks.sliding_window_view(A, (kh, kw), axis=(1, 2))[:, ::sh, ::sw]
    return activation(np.einsum("nhwcij,ijck->nhwk", v, W) + b)


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    m, h, w, _ = A_prev.shape
    kh, kw = W.shape[:2]
    sh, sw = stride
    ph = pw = 0
    if padding == "same":
        ph = ((h - 1) * sh + kh - h) // 2 + 1
        pw = ((w - 1) * sw + kw - w) // 2 + 1
    A = np.pad(A_prev, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    dA, dW = np.zeros_like(A), np.zeros_like(W)
    for i in range(dZ.shape[1]):
        for j in range(dZ.shape[2]):
            box = np.s_[:, i * sh:i * sh + kh, j * sw:j * sw + kw]
            dW += np.einsum("nijc,nk->ijck", A[box], dZ[:, i, j])
            dA[box] += np.einsum("nk,ijck->nijc", dZ[:, i, j], W)
    return dA[:, ph:ph + h, pw:pw + w], dW, dZ.sum(axis=(0, 1, 2), keepdims=True)
