from abc import ABC, abstractmethod


class Layer(ABC):
    """Every layer of the network."""

    def __init__(self, in_channels, out_channels, kernel_size):
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size

    @abstractmethod
    def forward(self, x):
        """Output of the layer."""

    @abstractmethod
    def backward(self, dout):
        """Gradient with respect to the input."""


class Flatten(Layer):
    def __init__(self):
        pass

    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dout):
        return dout.reshape(self.shape)
