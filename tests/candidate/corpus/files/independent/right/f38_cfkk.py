import numpy as np


def convolve_backward(x, weights, grad):
    """weights[c, f, i, j]: from input map c to output map f. No padding, no stride."""
    C, F, R, S = weights.shape
    _, _, h, w = grad.shape
    gw = np.zeros((C, F, R, S))
    gx = np.zeros(x.shape)
    for i in range(R):
        for j in range(S):
            gw[:, :, i, j] = np.einsum('ncyx,nfyx->cf', x[:, :, i:i + h, j:j + w], grad)
            gx[:, :, i:i + h, j:j + w] += np.einsum('nfyx,cf->ncyx', grad, weights[:, :, i, j])
    return gx, gw, grad.sum(axis=(0, 2, 3))
