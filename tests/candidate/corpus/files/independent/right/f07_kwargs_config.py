import numpy as np

DEFAULTS = dict(stride=1, pad=0)


def back_conv(delta, a_prev, theta, **kwargs):
    """delta: (m, c_out, h, w); theta: (c_out, c_in, k, k)"""
    opts = dict(DEFAULTS)
    opts.update(kwargs)
    s = opts["stride"]
    p = opts["pad"]
    k1, k2 = theta.shape[2], theta.shape[3]
    m, c, h, w = a_prev.shape
    padded = np.zeros((m, c, h + 2 * p, w + 2 * p))
    padded[:, :, p:h + p, p:w + p] = a_prev
    grad_theta = np.zeros(theta.shape)
    grad_padded = np.zeros(padded.shape)
    for row in range(delta.shape[2]):
        for col in range(delta.shape[3]):
            y0, x0 = row * s, col * s
            d = delta[:, :, row, col]                                   # (m, c_out)
            region = padded[:, :, y0:y0 + k1, x0:x0 + k2]
            grad_theta += np.tensordot(d, region, axes=(0, 0))
            grad_padded[:, :, y0:y0 + k1, x0:x0 + k2] += np.tensordot(d, theta, axes=(1, 0))
    grad_b = delta.sum(axis=0).sum(axis=-1).sum(axis=-1)
    return grad_theta, grad_b, grad_padded[:, :, p:h + p, p:w + p]
