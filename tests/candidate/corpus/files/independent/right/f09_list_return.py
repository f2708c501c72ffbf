from itertools import product

import numpy as np


def d_conv(upstream, image, filters, biases, step=1):
    """No zero padding. image (C, H, W); filters (F, C, k, k).

    Returns [d_filters, d_biases, d_image].
    """
    F, C, k, _ = filters.shape
    d_filters, d_biases, d_image = np.zeros(filters.shape), np.zeros(biases.shape), np.zeros(image.shape)
    _, oh, ow = upstream.shape
    for f, y, x in product(range(F), range(oh), range(ow)):
        y0, x0 = step * y, step * x
        d_filters[f] += upstream[f, y, x] * image[:, y0:y0 + k, x0:x0 + k]
        d_image[:, y0:y0 + k, x0:x0 + k] += upstream[f, y, x] * filters[f]
    for f in range(F):
        d_biases[f] = np.sum(upstream[f])
    return [d_filters, d_biases, d_image]
