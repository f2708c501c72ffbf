import numpy as np


class Activation(object):

    def __init__(self):
        self.state = None

    def __call__(self, x):
        return self.forward(x)


class ReLU(Activation):
    """keeps its output; derivative() is multiplied by the caller, backward() does both"""

    def forward(self, x):
        self.state = np.clip(x, 0, None)
        return self.state

    def derivative(self):
        return np.sign(self.state)

    def backward(self, delta):
        return self.derivative() * delta
