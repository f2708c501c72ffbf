import numpy as np
from dlbook.util import to_columns, to_images


class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W, self.b = W, b
        self.stride, self.pad = stride, pad
        self.x = self.col = self.col_W = None
        self.dW = self.db = None

    def forward(self, x):
        FN, C, FH, FW = self.W.shape
        N, C, H, W = x.shape
        oh = 1 + (H + 2 * self.pad - FH) // self.stride
        col = to_columns(x, FH, FW, self.stride, self.pad)
        col_W = self.W.reshape(FN, -1).T
        self.x, self.col, self.col_W = x, col, col_W
        return (col @ col_W + self.b).reshape(N, oh, -1, FN).transpose(0, 3, 1, 2)

    def backward(self, dout):
        FN, C, FH, FW = self.W.shape
        d = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = d.sum(axis=0)
        self.dW = (self.col.T @ d).T.reshape(FN, C, FH, FW)
        return to_images(d @ self.col_W.T, self.x.shape, FH, FW, self.stride, self.pad)
