# coding: utf-8
import numpy as np


def im2col(img, filter_h, filter_w, stride, out_h, out_w):
    N, C, H, W = img.shape
    col = np.zeros((N, C, filter_h, filter_w, out_h, out_w))
    for y in range(filter_h):
        y_max = y + stride * out_h
        for x in range(filter_w):
            x_max = x + stride * out_w
            col[:, :, y, x, :, :] = img[:, :, y:y_max:stride, x:x_max:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)


def col2im(col, shape, filter_h, filter_w, stride, out_h, out_w):
    N, C, H, W = shape
    col = col.reshape(N, out_h, out_w, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros(shape)
    for y in range(filter_h):
        y_max = y + stride * out_h
        for x in range(filter_w):
            x_max = x + stride * out_w
            img[:, :, y:y_max:stride, x:x_max:stride] += col[:, :, y, x, :, :]
    return img


class Deconvolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W = W  # (C, FN, FH, FW)
        self.b = b
        self.stride = stride
        self.pad = pad
        self.x = None
        self.dW = None
        self.db = None

    def forward(self, x):
        C, FN, FH, FW = self.W.shape
        N, C, H, W = x.shape
        # stride - 1 の余白をつけてから切り取る
        shape = (N, FN, self.stride * H + FH - 1, self.stride * W + FW - 1)
        x_row = x.transpose(0, 2, 3, 1).reshape(-1, C)
        img = col2im(np.dot(x_row, self.W.reshape(C, -1)), shape, FH, FW, self.stride, H, W)
        self.out_h = (H - 1) * self.stride + FH - 2 * self.pad
        self.out_w = (W - 1) * self.stride + FW - 2 * self.pad
        self.x = x
        self.x_row = x_row
        self.shape = shape
        p = self.pad
        return img[:, :, p:p + self.out_h, p:p + self.out_w] + self.b.reshape(1, -1, 1, 1)

    def backward(self, dout):
        C, FN, FH, FW = self.W.shape
        N, C, H, W = self.x.shape
        p = self.pad
        dimg = np.zeros(self.shape)
        dimg[:, :, p:p + self.out_h, p:p + self.out_w] = dout
        dcol = im2col(dimg, FH, FW, self.stride, H, W)

        self.db = np.sum(dout, axis=(0, 2, 3))
        self.dW = np.dot(self.x_row.T, dcol).reshape(C, FN, FH, FW)
        dx = np.dot(dcol, self.W.reshape(C, -1).T)
        return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
