import numpy as np

LEARNING_RATE = 0.05


class conv_layer:
    lr = LEARNING_RATE

    def __init__(self, n_kernels, height, width, channels):
        self.kernels = np.random.uniform(-1, 1, size=(n_kernels, height, width, channels)) / (height * width)

    def fprop(self, pic):
        self.pic = pic
        n, kh, kw, _ = self.kernels.shape
        out = np.zeros((pic.shape[0] - kh + 1, pic.shape[1] - kw + 1, n))
        for y in range(out.shape[0]):
            for x in range(out.shape[1]):
                out[y, x] = [(self.pic[y:y + kh, x:x + kw] * k).sum() for k in self.kernels]
        return out

    def bprop(self, dout):
        n, kh, kw, _ = self.kernels.shape
        dk = np.zeros(self.kernels.shape)
        dpic = np.zeros(self.pic.shape)
        for y in range(dout.shape[0]):
            for x in range(dout.shape[1]):
                for i in range(n):
                    dk[i] += dout[y, x, i] * self.pic[y:y + kh, x:x + kw]
                    dpic[y:y + kh, x:x + kw] += dout[y, x, i] * self.kernels[i]
        self.kernels = self.kernels - self.lr * dk
        return dpic
