import numpy as np


def conv1d_forward(x, w, b, stride, padding):
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    K = w.shape[2]
    L = (xp.shape[2] - K) // stride + 1
    out = np.zeros((x.shape[0], w.shape[0], L))
    for t in range(L):
        out[:, :, t] = np.tensordot(xp[:, :, t * stride : t * stride + K], w, ([1, 2], [1, 2])) + b
    return out


def conv1d_backward(dout, x, w, b, stride, padding):
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    K = w.shape[2]
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for t in range(dout.shape[2]):
        s = t * stride
        dxp[:, :, s : s + K] += np.tensordot(dout[:, :, t], w, 1)
        dw += np.tensordot(dout[:, :, t].T, xp[:, :, s : s + K], 1)
    db = dout.sum(axis=(0, 2))
    return dxp[:, :, padding : padding + x.shape[2]], dw, db


class Conv1D:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.W = np.random.randn(out_channels, in_channels, kernel_size)
        self.b = np.zeros(out_channels)
        self.stride, self.padding, self.k = stride, padding, kernel_size

    def forward(self, x):
        p, k, s = self.padding, self.k, self.stride
        self.L = x.shape[2]
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p)))
        self.starts = range(0, self.xp.shape[2] - k + 1, s)
        cols = np.stack([self.xp[:, :, a : a + k] for a in self.starts], axis=2)
        self.cols = cols
        return np.einsum("nctk,fck->nft", cols, self.W) + self.b[None, :, None]

    def backward(self, dout):
        self.dW = np.einsum("nft,nctk->fck", dout, self.cols)
        self.db = np.einsum("nft->f", dout)
        dcols = np.einsum("nft,fck->nctk", dout, self.W)
        dxp = np.zeros_like(self.xp)
        for t, a in enumerate(self.starts):
            dxp[:, :, a : a + self.k] += dcols[:, :, t]
        return dxp[:, :, self.padding : self.padding + self.L]


def conv_transpose2d_forward(x, w, b, stride, padding):
    N, C, H, W = x.shape
    _, F, kh, kw = w.shape
    out = np.zeros((N, F, (H - 1) * stride + kh, (W - 1) * stride + kw))
    for i in range(H):
        for j in range(W):
            out[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += np.einsum("nc,cfuv->nfuv", x[:, :, i, j], w)
    out = out[:, :, padding : out.shape[2] - padding, padding : out.shape[3] - padding]
    return out + b.reshape(1, -1, 1, 1)


def conv_transpose2d_backward(dout, x, w, b, stride, padding):
    N, C, H, W = x.shape
    _, F, kh, kw = w.shape
    padded = np.pad(dout, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(H):
        for j in range(W):
            region = padded[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            dx[:, :, i, j] = np.einsum("nfuv,cfuv->nc", region, w)
            dw += np.einsum("nc,nfuv->cfuv", x[:, :, i, j], region)
    return dx, dw, dout.sum((0, 2, 3))


class ConvTranspose2d:
    def __init__(self, in_channels, out_channels, kernel_size, stride):
        self.weight = np.random.randn(in_channels, out_channels, kernel_size, kernel_size)
        self.bias = np.zeros(out_channels)
        self.stride, self.k = stride, kernel_size

    def forward(self, x):
        self.x = x
        n, c, h, w = x.shape
        s, k = self.stride, self.k
        y = np.zeros((n, self.weight.shape[1], (h - 1) * s + k, (w - 1) * s + k))
        for u in range(k):
            for v in range(k):
                y[:, :, u : u + (h - 1) * s + 1 : s, v : v + (w - 1) * s + 1 : s] += np.einsum(
                    "nchw,cf->nfhw", x, self.weight[:, :, u, v]
                )
        return y + self.bias[:, None, None]

    def backward(self, grad):
        n, c, h, w = self.x.shape
        s, k = self.stride, self.k
        dx = np.zeros(self.x.shape)
        self.grad_weight = np.zeros(self.weight.shape)
        for u in range(k):
            for v in range(k):
                part = grad[:, :, u : u + (h - 1) * s + 1 : s, v : v + (w - 1) * s + 1 : s]
                dx += np.einsum("nfhw,cf->nchw", part, self.weight[:, :, u, v])
                self.grad_weight[:, :, u, v] = np.einsum("nchw,nfhw->cf", self.x, part)
        self.grad_bias = grad.sum((0, 2, 3))
        return dx
