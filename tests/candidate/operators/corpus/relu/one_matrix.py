import numpy as np


def relu_bwd(dy, y):
    """from the output alone: y > 0 exactly where x > 0"""
    out = np.empty_like(dy)
    for idx in np.ndindex(*dy.shape):
        out[idx] = dy[idx] if y[idx] > 0 else 0
    return out


def relu_fwd(x):
    return np.fmax(x, 0)
