from abc import ABC, abstractmethod


class Layer(ABC):
    """Everything that can stand in a network."""
    trainable = True

    @abstractmethod
    def forward(self, x, training=True):
        ...

    @abstractmethod
    def backward(self, grad):
        ...

    def __call__(self, x, training=True):
        return self.forward(x, training)

    @property
    def n_params(self):
        return sum(v.size for v in getattr(self, "params", {}).values())
