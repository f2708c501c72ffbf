import numpy as np
from conv_geometry import out_size, crop


def grad_conv(d_out, x, filters, bias, stride, pad):
    """NHWC, filters (F, kh, kw, C)"""
    F, kh, kw, C = filters.shape
    oh = out_size(x.shape[1], kh, stride, pad)
    ow = out_size(x.shape[2], kw, stride, pad)
    xp = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dxp = np.zeros(xp.shape)
    df = np.zeros(filters.shape)
    for i in range(oh):
        for j in range(ow):
            hs, ws = slice(i * stride, i * stride + kh), slice(j * stride, j * stride + kw)
            for f in range(F):
                g = d_out[:, i, j, f].reshape(-1, 1, 1, 1)
                df[f] += np.sum(g * xp[:, hs, ws, :], axis=0)
                dxp[:, hs, ws, :] += g * filters[f]
    dbias = np.array([d_out[..., f].sum() for f in range(F)])
    return crop(dxp, pad), df, dbias
