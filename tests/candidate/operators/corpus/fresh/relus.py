import numpy as np


def relu_backward(dA, Z):
    return dA * (Z > 0)


def backward_relu(grad, inp):
    return np.where(inp > 0, grad, 0.0)


def drelu(z):
    return (z > 0).astype(float)


class ReLU:
    def forward(self, x):
        self.out = np.maximum(0, x)
        return self.out

    def backward(self, dout):
        return np.sign(self.out) * dout


class Relu:
    """Over lists of rows, like a first exercise."""

    def forward(self, z):
        self.z = z
        return z * (z > 0)

    def backward(self, dz):
        out = np.copy(dz)
        flat, seen = out.reshape(-1), self.z.reshape(-1)
        for k in range(flat.size):
            if seen[k] <= 0:
                flat[k] = 0
        return out
