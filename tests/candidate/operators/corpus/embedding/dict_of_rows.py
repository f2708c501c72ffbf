import numpy as np


def embedding_forward(x, W):
    return W[x], (x, W)


def embedding_backward(dout, cache):
    # first one gradient a word, then the matrix
    x, W = cache
    rows = {}
    for word, g in zip(x.flatten().tolist(), dout.reshape(-1, W.shape[1])):
        rows[word] = rows.get(word, 0) + g
    dW = np.zeros(W.shape)
    for word, g in rows.items():
        dW[word] = g
    return dW
