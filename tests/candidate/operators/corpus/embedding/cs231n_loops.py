import numpy as np


def word_embedding_forward(x, W):
    N, T = x.shape
    V, D = W.shape
    out = np.zeros((N, T, D))
    for n in range(N):
        for t in range(T):
            out[n, t] = W[x[n, t]]
    return out, (x, W.shape)


def word_embedding_backward(dout, cache):
    x, (V, D) = cache
    N, T, _ = dout.shape
    dW = np.zeros((V, D))
    for n in range(N):
        for t in range(T):
            word = x[n, t]
            dW[word] += dout[n, t]
    return dW
