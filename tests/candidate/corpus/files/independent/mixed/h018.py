from collections import namedtuple

import numpy as np

ConvCache = namedtuple("ConvCache", "inp kernel stride padding")
ConvGrads = namedtuple("ConvGrads", "inp kernel")


def forward_conv(inp, kernel, stride=1, padding=0):
    padded = np.pad(inp, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    win = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(2, 3))
    win = win[:, :, ::stride, ::stride]
    return np.einsum("bcyxuv,ocuv->boyx", win, kernel), ConvCache(inp, kernel, stride, padding)


def backward_conv(cache, grad):
    st, pd = cache.stride, cache.padding
    _, _, rows, cols = cache.inp.shape
    padded = np.pad(cache.inp, [(0, 0), (0, 0), (pd, pd), (pd, pd)])
    g_pad = np.zeros_like(padded)
    g_ker = np.zeros_like(cache.kernel)
    oh, ow = grad.shape[2:]
    for u in range(cache.kernel.shape[2]):
        for v in range(cache.kernel.shape[3]):
            sl = np.s_[:, :, u:u + oh * st:st, v:v + ow * st:st]
            g_ker[:, :, u, v] = np.einsum("boyx,bcyx->oc", grad, padded[sl])
            g_pad[sl] += np.einsum("boyx,oc->bcyx", grad, cache.kernel[:, :, u, v])
    return ConvGrads(g_pad[:, :, pd:pd + rows, pd:pd + cols], g_ker)
