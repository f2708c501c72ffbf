import numpy as np


def avg_pool_forward_fast(x, pool_param):
    N, C, H, W = x.shape
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    assert ph == pw == stride and H % ph == 0 and W % pw == 0
    out = x.reshape(N, C, H // ph, ph, W // pw, pw).mean(axis=(3, 5))
    return out, (x.shape, pool_param)


def avg_pool_backward_fast(dout, cache):
    """windows that tile the input: each gradient is repeated over its window"""
    shape, pool_param = cache
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    dx = np.repeat(np.repeat(dout, ph, axis=2), pw, axis=3)
    dx = dx / (ph * pw)
    return dx.reshape(shape)
