import numpy as np


def conv_backprop(delta, activation, W, stride):
    """One training example: activation (C, H, W), kernels (F, C, k, k), delta (F, H', W')."""
    n_f, n_c, k, _ = W.shape
    grads = {"W": np.zeros_like(W), "b": delta.sum(axis=(1, 2)), "activation": np.zeros_like(activation)}
    for f in range(n_f):
        y = 0
        for row in delta[f]:
            x = 0
            for value in row:
                grads["W"][f] += value * activation[:, y:y + k, x:x + k]
                grads["activation"][:, y:y + k, x:x + k] += value * W[f]
                x += stride
            y += stride
    return grads
