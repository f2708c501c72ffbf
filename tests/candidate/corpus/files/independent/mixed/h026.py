import numpy as np


def conv_backward(d_out, image, filters, stride=1):
    """image (H, W, C), filters (f, f, C, K), d_out (H', W', K)"""
    f, _, _, n_filters = filters.shape
    d_filters = np.zeros(filters.shape)
    d_image = np.zeros(image.shape)
    for r in range(d_out.shape[0]):
        for c in range(d_out.shape[1]):
            y, x = r * stride, c * stride
            for k in range(n_filters):
                d_filters[..., k] += d_out[r, c, k] * image[y:y + f, x:x + f]
            d_image[y:y + f, x:x + f] = filters @ d_out[r, c]
    return d_image, d_filters
