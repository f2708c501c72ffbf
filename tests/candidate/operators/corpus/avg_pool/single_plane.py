import numpy as np


def mean_pool(img, size, step):
    rows = (img.shape[0] - size) // step + 1
    cols = (img.shape[1] - size) // step + 1
    res = np.zeros((rows, cols))
    for r in range(rows):
        for c in range(cols):
            res[r, c] = img[r * step:r * step + size, c * step:c * step + size].sum() / size ** 2
    return res


def mean_pool_backward(grad, img, size, step):
    back = np.zeros(img.shape)
    weight = 1.0 / (size * size)
    rows, cols = grad.shape
    for r in range(rows):
        for c in range(cols):
            back[r * step:r * step + size, c * step:c * step + size] += weight * grad[r, c]
    return back
