import numpy as np


class ConvLayer:
    def __init__(self, in_channels, num_filters, filter_height, filter_width, stride=1, padding=0, activation=None):
        self.fh, self.fw, self.stride, self.padding, self.activation = filter_height, filter_width, stride, padding, activation
        self.w = np.random.randn(num_filters, in_channels, filter_height, filter_width) * 0.01
        self.b = np.zeros(num_filters)

    def forward(self, x):
        self.x = x
        n, c, h, w = x.shape
        p, s = self.padding, self.stride
        self.oh, self.ow = (h + 2 * p - self.fh) // s + 1, (w + 2 * p - self.fw) // s + 1
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        cols = np.empty((n, c, self.fh, self.fw, self.oh, self.ow))
        for i in range(self.fh):
            for j in range(self.fw):
                cols[:, :, i, j] = xp[:, :, i:i + s * self.oh:s, j:j + s * self.ow:s]
        self.cols = cols.transpose(1, 2, 3, 0, 4, 5).reshape(c * self.fh * self.fw, -1)
        z = self.w.reshape(len(self.w), -1) @ self.cols + self.b[:, None]
        self.z = z.reshape(-1, n, self.oh, self.ow).transpose(1, 0, 2, 3)
        return np.maximum(self.z, 0) if self.activation == "relu" else self.z

    def backward(self, dout):
        if self.activation == "relu":
            dout = dout * (self.z > 0)
        n, c, h, w = self.x.shape
        p, s = self.padding, self.stride
        d = dout.transpose(1, 0, 2, 3).reshape(len(self.w), -1)
        self.dw, self.db = (d @ self.cols.T).reshape(self.w.shape), d.sum(axis=1)
        back = (self.w.reshape(len(self.w), -1).T @ d).reshape(c, self.fh, self.fw, n, self.oh, self.ow)
        dxp = np.zeros((c, n, h + 2 * p, w + 2 * p))
        for i in range(self.fh):
            for j in range(self.fw):
                dxp[:, :, i:i + s * self.oh:s, j:j + s * self.ow:s] += back[:, i, j]
        self.dx = dxp.transpose(1, 0, 2, 3)[:, :, p:p + h, p:p + w]
        return self.dx
