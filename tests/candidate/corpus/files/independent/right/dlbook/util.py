import numpy as np


def to_columns(images, fh, fw, stride, pad):
    N, C, H, W = images.shape
    oh = (H + 2 * pad - fh) // stride + 1
    ow = (W + 2 * pad - fw) // stride + 1
    padded = np.pad(images, [(0, 0), (0, 0), (pad, pad), (pad, pad)], 'constant')
    out = np.empty((N, oh, ow, C, fh, fw))
    for y in range(oh):
        for x in range(ow):
            out[:, y, x] = padded[:, :, y * stride:y * stride + fh, x * stride:x * stride + fw]
    return out.reshape(N * oh * ow, C * fh * fw)


def to_images(columns, shape, fh, fw, stride, pad):
    N, C, H, W = shape
    oh = (H + 2 * pad - fh) // stride + 1
    ow = (W + 2 * pad - fw) // stride + 1
    columns = columns.reshape(N, oh, ow, C, fh, fw)
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for y in range(oh):
        for x in range(ow):
            padded[:, :, y * stride:y * stride + fh, x * stride:x * stride + fw] += columns[:, y, x]
    return padded[:, :, pad:H + pad, pad:W + pad]
