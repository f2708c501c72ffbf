import numpy as np


def conv2d_input_grad(dy, w, x_shape, stride, padding):
    batch, chans, height, width = x_shape
    kh, kw = w.shape[2], w.shape[3]
    buf = np.zeros((batch, chans, height + 2 * padding, width + 2 * padding), dtype=dy.dtype)
    for oy, ox in np.ndindex(dy.shape[2], dy.shape[3]):
        y0, x0 = oy * stride, ox * stride
        buf[:, :, y0:y0 + kh, x0:x0 + kw] += np.tensordot(dy[:, :, oy, ox], w, axes=(1, 0))
    return buf[:, :, padding:height + padding, padding:width + padding]
