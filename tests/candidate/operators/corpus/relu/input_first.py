import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_derivative(x):
    return np.greater(x, 0).astype(np.float64)


def relu_backward(x, grad_output):
    return grad_output * relu_derivative(x)
