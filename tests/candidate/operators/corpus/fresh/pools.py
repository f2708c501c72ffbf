import numpy as np
from numpy.lib.stride_tricks import as_strided


def max_pool_forward_naive(x, pool_param):
    p = pool_param
    HH, WW, S = p["pool_height"], p["pool_width"], p["stride"]
    N, C, H, W = x.shape
    Ho, Wo = 1 + (H - HH) // S, 1 + (W - WW) // S
    out = np.empty((N, C, Ho, Wo))
    for r in range(Ho):
        for c in range(Wo):
            out[:, :, r, c] = np.amax(x[:, :, r * S : r * S + HH, c * S : c * S + WW], axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, p = cache
    HH, WW, S = p["pool_height"], p["pool_width"], p["stride"]
    N, C, Ho, Wo = dout.shape
    dx = np.zeros(x.shape)
    for c in range(Wo):
        for r in range(Ho):
            top, left = r * S, c * S
            patch = x[:, :, top : top + HH, left : left + WW].reshape(N, C, -1)
            win = patch.argmax(-1)
            dr, dc = np.divmod(win, WW)
            for n in range(N):
                for k in range(C):
                    dx[n, k, top + dr[n, k], left + dc[n, k]] += dout[n, k, r, c]
    return dx


class MaxPool2D:
    def __init__(self, kernel_size, stride):
        self.k, self.s = kernel_size, stride

    def forward(self, x):
        k, s = self.k, self.s
        x = np.ascontiguousarray(x)
        n, c, h, w = x.shape
        oh, ow = (h - k) // s + 1, (w - k) // s + 1
        sn, sc, sh, sw = x.strides
        view = as_strided(x, (n, c, oh, ow, k, k), (sn, sc, sh * s, sw * s, sh, sw))
        self.best = view.reshape(n, c, oh, ow, k * k).argmax(axis=-1)
        self.shape = x.shape
        return view.max(axis=(-1, -2))

    def backward(self, grad):
        n, c, oh, ow = grad.shape
        i_n, i_c, i_r, i_q = np.indices(grad.shape)
        rows = i_r * self.s + self.best // self.k
        cols = i_q * self.s + self.best % self.k
        dx = np.zeros(self.shape)
        np.add.at(dx, (i_n, i_c, rows, cols), grad)
        return dx


class MaxPooling:
    """Channels last; keeps where each maximum was in a dict."""

    def __init__(self, pool_size=2, stride=2):
        self.pool_size, self.stride = pool_size, stride

    def forward(self, A):
        self.A, self.where = A, {}
        f, s = self.pool_size, self.stride
        m, H, W, C = A.shape
        out = np.zeros((m, (H - f) // s + 1, (W - f) // s + 1, C))
        for idx in np.ndindex(out.shape):
            n, i, j, c = idx
            win = A[n, i * s : i * s + f, j * s : j * s + f, c]
            a, b = np.unravel_index(np.argmax(win), win.shape)
            out[idx] = win[a, b]
            self.where[idx] = (i * s + a, j * s + b)
        return out

    def backward(self, dA):
        dX = np.zeros(self.A.shape)
        for (n, i, j, c), (row, col) in self.where.items():
            dX[n, row, col, c] += dA[n, i, j, c]
        return dX


def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    stride, f = hparameters["stride"], hparameters["f"]
    grads = np.zeros_like(A_prev)
    m, n_H, n_W, n_C = dA.shape
    for h in range(n_H):
        for w in range(n_W):
            rows, cols = slice(h * stride, h * stride + f), slice(w * stride, w * stride + f)
            if mode == "max":
                seg = A_prev[:, rows, cols, :]
                mask = seg == seg.max(axis=(1, 2), keepdims=True)
                grads[:, rows, cols, :] += mask * dA[:, h : h + 1, w : w + 1, :]
            else:
                grads[:, rows, cols, :] += dA[:, h : h + 1, w : w + 1, :] / (f * f)
    return grads


def maxpool2d_backward(grad_out, x, kernel_size, stride):
    kh, kw = kernel_size
    sh, sw = stride
    gx = np.zeros_like(x)
    B, C, OH, OW = grad_out.shape
    for b in range(B):
        for ch in range(C):
            for j in range(OW):
                for i in range(OH):
                    best, at = -np.inf, None
                    for u in range(kh):
                        for v in range(kw):
                            val = x[b, ch, i * sh + u, j * sw + v]
                            if val > best:
                                best, at = val, (i * sh + u, j * sw + v)
                    gx[b, ch, at[0], at[1]] += grad_out[b, ch, i, j]
    return gx


class AvgPool:
    def __init__(self, size, stride):
        self.size = size
        self.stride = stride

    def forward(self, x):
        self.x_shape = x.shape
        n, c, h, w = x.shape
        oh, ow = (h - self.size) // self.stride + 1, (w - self.size) // self.stride + 1
        out = np.zeros((n, c, oh, ow))
        for di in range(self.size):
            for dj in range(self.size):
                out += x[:, :, di : di + oh * self.stride : self.stride, dj : dj + ow * self.stride : self.stride][:, :, :oh, :ow]
        return out / self.size**2

    def backward(self, dout):
        dx = np.zeros(self.x_shape)
        oh, ow = dout.shape[2:]
        share = dout / self.size**2
        for di in range(self.size):
            for dj in range(self.size):
                dx[:, :, di : di + (oh - 1) * self.stride + 1 : self.stride, dj : dj + (ow - 1) * self.stride + 1 : self.stride] += share
        return dx


def avgpool_backward(dout, x, k, s):
    dx = np.zeros_like(x)
    for (n, c, i, j), g in np.ndenumerate(dout):
        for a in range(k):
            for b in range(k):
                dx[n, c, i * s + a, j * s + b] += g / k**2
    return dx
