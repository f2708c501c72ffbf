import numpy as np


def softmax(Z):
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    A = E / E.sum(axis=0, keepdims=True)
    return A, Z


def compute_cost(AL, Y):
    m = Y.shape[1]
    cost = -1. / m * np.sum(Y * np.log(AL))
    return np.squeeze(cost)


def softmax_backward(Y, cache):
    """
    Arguments:
    Y -- one-hot labels, (number of classes, number of examples)
    cache -- Z, what softmax() has kept

    Returns:
    dZ -- A - Y; the 1/m comes with dW and db in linear_backward
    """
    Z = cache
    A, _ = softmax(Z)
    dZ = A - Y
    assert (dZ.shape == Z.shape)
    return dZ
