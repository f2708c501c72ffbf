import numpy as np


def word_embedding_forward(x, W):
    V = W.shape[0]
    onehot = np.zeros(x.shape + (V,))
    np.put_along_axis(onehot, x[..., None], 1, axis=-1)
    return onehot.dot(W), onehot


def word_embedding_backward(dout, cache):
    onehot = cache
    V = onehot.shape[-1]
    dW = onehot.reshape(-1, V).T.dot(dout.reshape(-1, dout.shape[-1]))
    return dW
