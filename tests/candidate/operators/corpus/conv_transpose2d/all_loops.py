import numpy as np


def deconv_forward(x, w, b, stride=1, pad=0, output_pad=0):
    N, Ci, H, W = x.shape
    Co, kh, kw = w.shape[1:]
    OH = (H - 1) * stride - 2 * pad + kh + output_pad
    OW = (W - 1) * stride - 2 * pad + kw + output_pad
    y = np.zeros((N, Co, OH, OW))
    for n in range(N):
        for o in range(Co):
            y[n, o] += b[o]
            for c in range(Ci):
                for i in range(H):
                    for j in range(W):
                        for u in range(kh):
                            for v in range(kw):
                                yy, xx = i * stride + u - pad, j * stride + v - pad
                                if 0 <= yy < OH and 0 <= xx < OW:
                                    y[n, o, yy, xx] += x[n, c, i, j] * w[c, o, u, v]
    return y, (x, w, b, stride, pad, output_pad)


def deconv_backward(dy, cache):
    x, w, b, stride, pad, output_pad = cache
    N, Ci, H, W = x.shape
    Co, kh, kw = w.shape[1:]
    OH = (H - 1) * stride - 2 * pad + kh + output_pad
    OW = (W - 1) * stride - 2 * pad + kw + output_pad
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    for n in range(N):
        for o in range(Co):
            for i in range(OH):
                for j in range(OW):
                    db[o] += dy[n, o, i, j]
            for c in range(Ci):
                for i in range(H):
                    for j in range(W):
                        for u in range(kh):
                            for v in range(kw):
                                yy, xx = i * stride + u - pad, j * stride + v - pad
                                if 0 <= yy < OH and 0 <= xx < OW:
                                    dx[n, c, i, j] += dy[n, o, yy, xx] * w[c, o, u, v]
                                    dw[c, o, u, v] += dy[n, o, yy, xx] * x[n, c, i, j]
    return dx, dw, db
