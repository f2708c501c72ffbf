#!/usr/bin/env python3
"""Back propagation over a convolutional layer"""
import numpy as np


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """Returns dA_prev, dW, db"""
    m, h_new, w_new, c_new = dZ.shape
    _, h_prev, w_prev, c_prev = A_prev.shape
    kh, kw, _, _ = W.shape
    sh, sw = stride
    if padding == 'same':
        ph = int(np.ceil(((h_prev - 1) * sh + kh - h_prev) / 2))
        pw = int(np.ceil(((w_prev - 1) * sw + kw - w_prev) / 2))
    else:
        ph, pw = 0, 0
    db = np.sum(dZ, axis=(0, 1, 2), keepdims=True)
    A_pad = np.pad(A_prev, ((0, 0), (ph, ph), (pw, pw), (0, 0)), 'constant')
    dA = np.zeros(A_pad.shape)
    dW = np.zeros(W.shape)
    for i in range(m):
        for h in range(h_new):
            for w in range(w_new):
                for c in range(c_new):
                    r0, c0 = h * sh, w * sw
                    dA[i, r0:r0 + kh, c0:c0 + kw, :] += W[:, :, :, c] * dZ[i, h, w, c]
                    dW[:, :, :, c] += A_pad[i, r0:r0 + kh, c0:c0 + kw, :] * dZ[i, h, w, c]
    return dA[:, ph:ph + h_prev, pw:pw + w_prev, :], dW, db
