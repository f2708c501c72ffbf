import numpy as np


class ConvFunction:
    @staticmethod
    def forward(ctx, x, w, stride=1, padding=0):
        ctx.x, ctx.w, ctx.stride, ctx.padding = x, w, stride, padding
        xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        v = np.lib.stride_tricks.sliding_window_view(xp, w.shape[2:], axis=(2, 3))
        return np.einsum("nchwij,fcij->nfhw", v[:, :, ::stride, ::stride], w)

    @staticmethod
    def backward(ctx, grad):
        x, w, s, p = ctx.x, ctx.w, ctx.stride, ctx.padding
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        dxp, dw = np.zeros_like(xp), np.zeros_like(w)
        kh, kw = w.shape[2:]
        for n in range(len(x)):
            for i in range(grad.shape[2]):
                for j in range(grad.shape[3]):
                    window = xp[n, :, i * s:i * s + kh, j * s:j * s + kw]
                    for f in range(len(w)):
                        dw[f] += window * grad[n, f, i, j]
                    dxp[n, :, i * s:i * s + kh, j * s:j * s + kw] += w[f] * grad[n, f, i, j]
        return dxp[:, :, p:p + x.shape[2], p:p + x.shape[3]], dw
