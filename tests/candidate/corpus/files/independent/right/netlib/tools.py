import numpy as np


def pair(v):
    return (v, v) if np.isscalar(v) else tuple(v)


def pad2d(x, pad):
    return np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))
