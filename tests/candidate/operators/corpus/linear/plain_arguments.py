import numpy as np


def linear_backward(dout, x, w):
    """y = x w + b on the last axis, whatever stands before it"""
    dx = dout @ w.T
    lead = tuple(range(x.ndim - 1))
    dw = np.tensordot(x, dout, axes=(lead, lead))
    db = dout.sum(axis=lead)
    return dx, dw, db


def linear(x, w, b):
    return x @ w + b
