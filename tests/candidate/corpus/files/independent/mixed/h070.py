import numpy as np


def same_pads(n, k, s):
    total = max((-(-n // s) - 1) * s + k - n, 0)
    return total // 2, total - total // 2


def pad_input(x, kh, kw, strides, padding):
    if padding == "VALID":
        return x, 0, 0
    (t, bt), (l, r) = same_pads(x.shape[1], kh, strides[0]), same_pads(x.shape[2], kw, strides[1])
    return np.pad(x, ((0, 0), (t, bt), (l, r), (0, 0))), t, l


def conv2d(input, filter, strides=(1, 1), padding="SAME"):
    kh, kw = filter.shape[:2]
    xp, _, _ = pad_input(input, kh, kw, strides, padding)
    v = np.lib.stride_tricks.sliding_window_view(xp, (kh, kw), axis=(1, 2))[:, ::strides[0], ::strides[1]]
    return np.einsum("nhwcij,ijco->nhwo", v, filter)


def conv2d_backprop(out_backprop, input, filter, strides=(1, 1), padding="SAME"):
    kh, kw = filter.shape[:2]
    xp, t, l = pad_input(input, kh, kw, strides, padding)
    d_in, d_filter = np.zeros_like(xp), np.zeros_like(filter)
    for i in range(out_backprop.shape[1]):
        for j in range(out_backprop.shape[2]):
            a, b = i * strides[0], j * strides[1]
            d_filter += np.einsum("nijc,no->ijco", xp[:, a:a + kh, b:b + kw], out_backprop[:, i, j])
            d_in[:, a:a + kh, b:b + kw] += np.einsum("no,ijco->nijc", out_backprop[:, i, j], filter)
    return d_in[:, t:t + input.shape[1], l:l + input.shape[2]], d_filter
