import numpy as np


def backward_conv(dA, inputs, kernels, mode="valid"):
    # stride is 1; 'same' only for odd kernels; inputs: C x H x W
    n_out, n_in, kh, kw = kernels.shape
    if mode == "same":
        if kh % 2 == 0 or kw % 2 == 0:
            raise ValueError("same convolution needs odd kernels")
        ph, pw = kh // 2, kw // 2
    elif mode == "valid":
        ph = pw = 0
    else:
        raise ValueError(mode)
    _, H, W = inputs.shape
    x = np.pad(inputs, ((0, 0), (ph, ph), (pw, pw)))
    dx = np.zeros(x.shape)
    dk = np.zeros(kernels.shape)
    _, h, w = dA.shape
    for o in range(n_out):
        for c in range(n_in):
            for u in range(kh):
                for v in range(kw):
                    dk[o, c, u, v] = (x[c, u:u + h, v:v + w] * dA[o]).sum()
                    dx[c, u:u + h, v:v + w] += kernels[o, c, u, v] * dA[o]
    return dk, dA.sum(axis=(1, 2)), dx[:, ph:ph + H, pw:pw + W]
