import numpy as np


def max_pool_forward(x, pool_param):
    ph, pw, st = (pool_param[k] for k in ('pool_height', 'pool_width', 'stride'))
    N, C, H, W = x.shape
    Ho, Wo = (H - ph) // st + 1, (W - pw) // st + 1
    out = np.empty((N, C, Ho, Wo), dtype=x.dtype)
    for i in range(Ho):
        for j in range(Wo):
            out[:, :, i, j] = np.amax(x[:, :, i * st:i * st + ph, j * st:j * st + pw], axis=(-1, -2))
    return out, (x, pool_param)


def max_pool_backward(dout, cache):
    """Only loops over the output plane; ties get an equal share so that a gradient check passes."""
    x, pool_param = cache
    ph, pw, st = (pool_param[k] for k in ('pool_height', 'pool_width', 'stride'))
    _, _, Ho, Wo = dout.shape
    dx = np.zeros_like(x)
    for i in range(Ho):
        for j in range(Wo):
            rows = slice(i * st, i * st + ph)
            cols = slice(j * st, j * st + pw)
            region = x[:, :, rows, cols]
            mask = (region == np.amax(region, axis=(2, 3), keepdims=True)).astype(x.dtype)
            mask /= mask.sum(axis=(2, 3), keepdims=True)
            dx[:, :, rows, cols] += mask * dout[:, :, i, j][:, :, None, None]
    return dx
