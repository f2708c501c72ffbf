import numpy as np


def iterate_regions(image, size=3):
    h, w = image.shape
    for i in range(h - size + 1):
        for j in range(w - size + 1):
            yield image[i:i + size, j:j + size], i, j


def filter_gradient(d_L_d_out, last_input, filters):
    """d_L_d_out is (h, w, num_filters)."""
    d_L_d_filters = np.zeros(filters.shape)
    for im_region, i, j in iterate_regions(last_input, filters.shape[1]):
        for f in range(filters.shape[0]):
            d_L_d_filters[f] += d_L_d_out[i, j, f] * im_region
    return d_L_d_filters
