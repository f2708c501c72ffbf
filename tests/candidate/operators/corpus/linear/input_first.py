import numpy as np


def linear_forward(x, w, b):
    return np.dot(x, w) + b


def linear_backward(x, w, b, grad_out):
    """-> [grad_x, grad_w, grad_b]"""
    grad_b = np.zeros(b.shape)
    for g in grad_out:
        grad_b += g
    return [np.dot(grad_out, w.T), np.dot(x.T, grad_out), grad_b]
