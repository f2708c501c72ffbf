#!/usr/bin/env python3
"""Pooling back prop"""
import numpy as np


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """
    performs back propagation over a pooling layer of a neural network
    - dA (m, h_new, w_new, c_new)
    - A_prev (m, h_prev, w_prev, c)
    - kernel_shape (kh, kw)
    - stride (sh, sw)
    Returns: dA_prev
    """
    m, h_new, w_new, c_new = dA.shape
    kh, kw = kernel_shape
    sh, sw = stride
    dA_prev = np.zeros(A_prev.shape)
    for i in range(m):
        for x in range(h_new):
            for y in range(w_new):
                for k in range(c_new):
                    a, b = x * sh, y * sw
                    if mode == 'max':
                        box = A_prev[i, a:a + kh, b:b + kw, k]
                        pos = np.argmax(box)
                        dA_prev[i, a + pos // kw, b + pos % kw, k] += dA[i, x, y, k]
                    else:
                        dA_prev[i, a:a + kh, b:b + kw, k] += dA[i, x, y, k] / (kh * kw)
    return dA_prev
