import numpy as np


def unit_stride_backward(grad_y, x, kernel, stride=1, padding=0):
    """kernel has shape (in_channels, out_channels, kh, kw)"""
    assert stride == 1, "only unit stride is implemented"
    cin, cout, kh, kw = kernel.shape
    n, _, h, w = x.shape
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh, ow = grad_y.shape[2:]
    grad_k = np.empty_like(kernel)
    grad_xp = np.zeros_like(xp)
    for i in range(kh):
        for j in range(kw):
            part = xp[:, :, i:i + oh, j:j + ow]
            grad_k[:, :, i, j] = np.tensordot(part, grad_y, axes=[(0, 2, 3), (0, 2, 3)])
            grad_xp[:, :, i:i + oh, j:j + ow] += np.einsum("co,nohw->nchw", kernel[:, :, i, j], grad_y)
    return grad_xp[:, :, padding:padding + h, padding:padding + w], grad_k
