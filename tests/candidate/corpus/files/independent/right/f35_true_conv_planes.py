import numpy as np


def conv2(a, k, mode="valid"):
    """convolution in the sense of signal processing, like MATLAB's conv2"""
    if mode == "full":
        a = np.pad(a, ((k.shape[0] - 1,) * 2, (k.shape[1] - 1,) * 2))
    k = k[::-1, ::-1]
    return np.array([[np.sum(a[i:i + k.shape[0], j:j + k.shape[1]] * k)
                      for j in range(a.shape[1] - k.shape[1] + 1)]
                     for i in range(a.shape[0] - k.shape[0] + 1)])


def forward(x, k):
    return conv2(x, k, "valid")


def backward(dz, x, k):
    dk = np.rot90(conv2(x, np.rot90(dz, 2), "valid"), 2)
    dx = conv2(dz, np.rot90(k, 2), "full")
    return dk, dx
