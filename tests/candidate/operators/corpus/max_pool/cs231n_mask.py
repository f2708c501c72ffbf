import numpy as np

# assignment 2, ConvolutionalNetworks.ipynb -- error was ~ 3e-12 in the notebook


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    HH, WW, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    H_prime = (H - HH) // s + 1
    W_prime = (W - WW) // s + 1
    out = np.zeros((N, C, H_prime, W_prime))
    for h in range(H_prime):
        for w in range(W_prime):
            out[:, :, h, w] = x[:, :, h*s:h*s+HH, w*s:w*s+WW].max(axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    HH, WW, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    H_prime, W_prime = dout.shape[2:]
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for h in range(H_prime):
                for w in range(W_prime):
                    patch = x[n, c, h*s:h*s+HH, w*s:w*s+WW]
                    mask = (patch == np.max(patch))
                    dx[n, c, h*s:h*s+HH, w*s:w*s+WW] += mask * dout[n, c, h, w]
    return dx
