import numpy as np


def deconv2d_forward(x, w, b, stride, pad):
    N, C, H, W = x.shape
    K, L = w.shape[2:]
    canvas = np.zeros((N, w.shape[1], (H - 1) * stride + K, (W - 1) * stride + L))
    for i in range(H):
        for j in range(W):
            canvas[:, :, i * stride:i * stride + K, j * stride:j * stride + L] += np.tensordot(x[:, :, i, j], w, 1)
    y = canvas[:, :, pad:canvas.shape[2] - pad, pad:canvas.shape[3] - pad] + b[None, :, None, None]
    return y, (x, w, b, stride, pad)


def deconv2d_backward(dy, cache):
    x, w, b, stride, pad = cache
    N, C, H, W = x.shape
    K, L = w.shape[2:]
    dcanvas = np.zeros((N, w.shape[1], (H - 1) * stride + K, (W - 1) * stride + L))
    dcanvas[:, :, pad:pad + dy.shape[2], pad:pad + dy.shape[3]] = dy
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    for i in range(H):
        for j in range(W):
            part = dcanvas[:, :, i * stride:i * stride + K, j * stride:j * stride + L]
            dx[:, :, i, j] = np.tensordot(part, w, axes=([1, 2, 3], [1, 2, 3]))
            dw += np.tensordot(x[:, :, i, j], part, axes=(0, 0))
    db = dy.sum((0, 2, 3))
    return dx, dw, db


class UpConv2d:
    """U-Net decoder block, half of it."""

    def __init__(self, weight, bias, stride=2, padding=0):
        self.params = {"w": weight, "b": bias}
        self.grads = {}
        self.stride, self.padding = stride, padding

    def forward(self, x):
        y, self.cache = deconv2d_forward(x, self.params["w"], self.params["b"], self.stride, self.padding)
        return y

    def backward(self, dy):
        dx, self.grads["w"], self.grads["b"] = deconv2d_backward(dy, self.cache)
        return dx
