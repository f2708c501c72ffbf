# Backpropagation through a single 2D filter, as in my blog post (part 3)
import numpy as np


def correlate2d(img, ker):
    h = img.shape[0] - ker.shape[0] + 1
    w = img.shape[1] - ker.shape[1] + 1
    res = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            res[i, j] = np.sum(img[i:i + ker.shape[0], j:j + ker.shape[1]] * ker)
    return res


def filter_backward(img, ker, err):
    """returns the gradient of the filter and the error of the previous layer"""
    g_ker = correlate2d(img, err)
    a, b = ker.shape
    big = np.pad(err, ((a - 1, a - 1), (b - 1, b - 1)))
    g_img = correlate2d(big, np.flipud(np.fliplr(ker)))
    return g_ker, g_img


image = np.arange(30.0).reshape(5, 6)
sobel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
print(correlate2d(image, sobel))
print(filter_backward(image, sobel, np.ones((3, 4)))[0])
