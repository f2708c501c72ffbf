import numpy as np

# every op returns its value and a function that does the backward


def linear(x, w, b):
    def backward(dout):
        return dout @ w.T, x.T @ dout, dout.sum(0)
    return x @ w + b, backward


def relu(x):
    on = x > 0

    def backward(dout):
        return dout * on
    return x * on, backward


def embed(ids, table):
    def backward(dout):
        d = np.zeros_like(table)
        np.add.at(d, ids, dout)
        return d
    return table[ids], backward
