import numpy as np


def temporal_softmax_loss(x, y, mask, verbose=False):
    """
    x: (N, T, V) scores, y: (N, T) ground truth, mask: (N, T) whether x[n, t] contributes.
    The losses are summed over time and averaged over the minibatch.
    """
    N, T, V = x.shape

    x_flat = x.reshape(N * T, V)
    y_flat = y.reshape(N * T)
    mask_flat = mask.reshape(N * T)

    shift = x_flat - np.max(x_flat, axis=1, keepdims=True)
    logp = shift - np.log(np.exp(shift).sum(axis=1, keepdims=True))
    loss = -np.sum(mask_flat * logp[np.arange(N * T), y_flat]) / N
    dx_flat = np.exp(logp)
    dx_flat[np.arange(N * T), y_flat] -= 1
    dx_flat /= N
    dx_flat *= mask_flat[:, None]

    if verbose:
        print('dx_flat: ', dx_flat.shape)

    dx = dx_flat.reshape(N, T, V)
    return loss, dx
