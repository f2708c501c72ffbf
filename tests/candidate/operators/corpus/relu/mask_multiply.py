import numpy as np


class RectifiedLinear(object):
    def forward(self, bottom):
        # the mask is kept as numbers so that backward is one product
        self.gate = np.zeros_like(bottom)
        self.gate[bottom > 0] = 1
        return np.multiply(self.gate, bottom)

    def backward(self, top_grad):
        bottom_grad = np.multiply(self.gate, top_grad)
        return bottom_grad
