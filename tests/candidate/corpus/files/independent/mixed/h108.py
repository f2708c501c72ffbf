import numpy as np


def conv2d_weight_grad(x, dy, kernel_size, stride=1, padding=0):
    kh, kw = kernel_size
    xp = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    out = np.zeros((dy.shape[1], x.shape[1], kh, kw))
    oh, ow = dy.shape[2:]
    for i in range(kh):
        for j in range(kw):
            sub = xp[:, :, i:i + stride * (oh - 1) + 1:stride, j:j + stride * (ow - 1) + 1:stride]
            out[:, :, i, j] = np.einsum('nfhw,nchw->fc', dy, sub)
    return out
