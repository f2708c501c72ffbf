import numpy as np


def cnn_conv_grad(theta, data, num_filters, filter_dim, delta):
    """UFLDL style. theta: all kernels, then all biases, in one vector.
    data: (H, W, M) grey images; delta: (oh, ow, num_filters, M). Returns the gradient as one vector."""
    n_w = num_filters * filter_dim ** 2
    W = theta[:n_w].reshape(filter_dim, filter_dim, num_filters)
    gW = np.zeros_like(W)
    oh, ow = delta.shape[:2]
    for a in range(filter_dim):
        for b in range(filter_dim):
            gW[a, b] = np.einsum('ijm,ijfm->f', data[a:a + oh, b:b + ow], delta)
    return np.concatenate([gW.ravel(), delta.sum(axis=(0, 1, 3))])
