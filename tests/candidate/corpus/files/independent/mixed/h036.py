import numpy as np


def conv2(a, k, mode="valid"):
    """Mathematical 2-D convolution of two planes."""
    kr, kc = k.shape
    if mode == "full":
        a = np.pad(a, ((kr - 1, kr - 1), (kc - 1, kc - 1)))
    rows, cols = a.shape[0] - kr + 1, a.shape[1] - kc + 1
    turned = k[::-1, ::-1]
    return sum(turned[i, j] * a[i:i + rows, j:j + cols] for i in range(kr) for j in range(kc))


def conv_forward(x, w, b):
    out = np.stack([[sum(conv2(img[c], f[c]) for c in range(len(f))) + bias for f, bias in zip(w, b)] for img in x])
    return out, (x, w, b)


def conv_backward(dout, cache):
    x, w, b = cache
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for n in range(len(x)):
        for f in range(len(w)):
            for c in range(x.shape[1]):
                dx[n, c] += conv2(dout[n, f], w[f, c][::-1, ::-1], "full")
                dw[f, c] += conv2(x[n, c][::-1, ::-1], dout[n, f])
    return dx, dw, dout.sum(axis=(0, 2, 3))
