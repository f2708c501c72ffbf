import numpy as np


class ConvolutionLayer:
    def __init__(self, kernel_num, kernel_size, channels, stride=1):
        self.kernel_num, self.kernel_size, self.stride = kernel_num, kernel_size, stride
        self.kernels = np.random.randn(kernel_num, kernel_size, kernel_size, channels) / kernel_size ** 2

    def patches(self, image):
        h, w, _ = image.shape
        k, s = self.kernel_size, self.stride
        for i, y in enumerate(range(0, h - k + 1, s)):
            for j, x in enumerate(range(0, w - k + 1, s)):
                yield image[y:y + k, x:x + k], i, j

    def forward(self, image):
        self.image = image
        k, s = self.kernel_size, self.stride
        out = np.zeros(((image.shape[0] - k) // s + 1, (image.shape[1] - k) // s + 1, self.kernel_num))
        for patch, i, j in self.patches(image):
            out[i, j] = np.sum(patch * self.kernels, axis=(1, 2, 3))
        return out

    def backward(self, dE_dY):
        k, s = self.kernel_size, self.stride
        dE_dk = np.zeros(self.kernels.shape)
        dE_dX = np.zeros(self.image.shape)
        for patch, i, j in self.patches(self.image):
            for f in range(self.kernel_num):
                dE_dk[f] += patch * dE_dY[i, j, f]
                dE_dX[i * s:i * s + k, j * s:j * s + k] += self.kernels[f] * dE_dY[i, j, f]
        return {"input": dE_dX, "kernels": dE_dk}
