#!/usr/bin/env python3
"""Back propagation over a pooling layer"""
import numpy as np


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """mode: max or avg"""
    m, h_new, w_new, c_new = dA.shape
    kh, kw = kernel_shape
    sh, sw = stride
    dA_prev = np.zeros(A_prev.shape, dtype=dA.dtype)
    for img in range(m):
        for row in range(h_new):
            for col in range(w_new):
                top, left = row * sh, col * sw
                for ch in range(c_new):
                    if mode == 'max':
                        box = A_prev[img, top:top + kh, left:left + kw, ch]
                        r, s = np.unravel_index(box.argmax(), box.shape)
                        dA_prev[img, top + r, left + s, ch] += dA[img, row, col, ch]
                    if mode == 'avg':
                        avg = dA[img, row, col, ch] / kh / kw
                        dA_prev[img, top:top + kh, left:left + kw, ch] += avg
    return dA_prev
