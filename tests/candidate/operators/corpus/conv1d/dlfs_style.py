# coding: utf-8
import numpy as np


class Convolution1D:
    def __init__(self, W, b, stride=1, pad=0):
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad
        # 中間データ（backward時に使用）
        self.x = None
        self.col = None
        self.col_W = None
        # 重み・バイアスパラメータの勾配
        self.dW = None
        self.db = None

    def forward(self, x):
        FN, C, FW = self.W.shape
        N, C, W = x.shape
        out_w = 1 + int((W + 2 * self.pad - FW) / self.stride)
        img = np.pad(x, [(0, 0), (0, 0), (self.pad, self.pad)], 'constant')
        col = np.zeros((N, C, FW, out_w))
        for i in range(FW):
            col[:, :, i, :] = img[:, :, i:i + self.stride * out_w:self.stride]
        col = col.transpose(0, 3, 1, 2).reshape(N * out_w, -1)
        col_W = self.W.reshape(FN, -1).T

        out = np.dot(col, col_W) + self.b
        out = out.reshape(N, out_w, -1).transpose(0, 2, 1)
        self.x = x
        self.col = col
        self.col_W = col_W
        return out

    def backward(self, dout):
        FN, C, FW = self.W.shape
        N, _, W = self.x.shape
        out_w = dout.shape[2]
        dout = dout.transpose(0, 2, 1).reshape(-1, FN)

        self.db = np.sum(dout, axis=0)
        self.dW = np.dot(self.col.T, dout)
        self.dW = self.dW.transpose(1, 0).reshape(FN, C, FW)

        dcol = np.dot(dout, self.col_W.T)
        dcol = dcol.reshape(N, out_w, C, FW).transpose(0, 2, 3, 1)
        img = np.zeros((N, C, W + 2 * self.pad + self.stride - 1))
        for i in range(FW):
            img[:, :, i:i + self.stride * out_w:self.stride] += dcol[:, :, i, :]
        return img[:, :, self.pad:W + self.pad]
