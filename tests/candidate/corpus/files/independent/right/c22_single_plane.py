import numpy as np


class ConvPlane:
    """One grey image, one filter, one bias."""

    def __init__(self, kernel_height, kernel_width):
        self.kernel = np.random.rand(kernel_height, kernel_width) - 0.5
        self.bias = 0.0

    def forward(self, img):
        self.img = img
        kh, kw = self.kernel.shape
        out = np.empty((img.shape[0] - kh + 1, img.shape[1] - kw + 1))
        for y, x in np.ndindex(*out.shape):
            out[y, x] = (img[y:y + kh, x:x + kw] * self.kernel).sum() + self.bias
        return out

    def backward(self, grad):
        kh, kw = self.kernel.shape
        self.kernel_grad = np.zeros((kh, kw))
        for y in range(kh):
            for x in range(kw):
                self.kernel_grad[y, x] = (self.img[y:y + grad.shape[0], x:x + grad.shape[1]] * grad).sum()
        self.bias_grad = grad.sum()
        img_grad = np.zeros(self.img.shape)
        for y, x in np.ndindex(*grad.shape):
            img_grad[y:y + kh, x:x + kw] += grad[y, x] * self.kernel
        return img_grad
