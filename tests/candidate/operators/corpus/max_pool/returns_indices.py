import numpy as np


def max_pool2d(x, kernel_size, stride):
    """-> (out, indices), indices into the flattened plane, like return_indices=True"""
    n, c, h, w = x.shape
    oh, ow = (h - kernel_size) // stride + 1, (w - kernel_size) // stride + 1
    out = np.zeros((n, c, oh, ow))
    indices = np.zeros((n, c, oh, ow), dtype=np.int64)
    for i in range(oh):
        for j in range(ow):
            flat = x[:, :, i * stride:i * stride + kernel_size, j * stride:j * stride + kernel_size].reshape(n, c, -1)
            arg = flat.argmax(-1)
            out[:, :, i, j] = np.take_along_axis(flat, arg[..., None], -1)[..., 0]
            indices[:, :, i, j] = (i * stride + arg // kernel_size) * w + j * stride + arg % kernel_size
    return out, indices


def max_pool2d_backward(grad_output, indices, input_shape):
    n, c, h, w = input_shape
    grad_input = np.zeros((n * c, h * w))
    rows = np.arange(n * c)[:, None]
    np.add.at(grad_input, (rows, indices.reshape(n * c, -1)), grad_output.reshape(n * c, -1))
    return grad_input.reshape(input_shape)
