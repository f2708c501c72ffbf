import numpy as np


def correlate_valid(a, k):
    r, c = a.shape[0] - k.shape[0] + 1, a.shape[1] - k.shape[1] + 1
    return np.array([[np.sum(a[y:y + k.shape[0], x:x + k.shape[1]] * k) for x in range(c)] for y in range(r)])


def conv2d_grad(image, kernel, d_output):
    d_kernel = correlate_valid(image, d_output)
    ky, kx = kernel.shape
    framed = np.pad(d_output, ((ky - 1, ky - 1), (kx - 1, kx - 1)))
    d_image = correlate_valid(framed, np.rot90(kernel, 2))
    return d_kernel, d_image
