import numpy as np


class Embedding:
    def __init__(self, vocab_size, dim):
        self.weight = np.random.randn(vocab_size, dim)
        self.grad = None

    def forward(self, ids):
        self.ids = ids
        return self.weight[ids]

    def backward(self, dout):
        self.grad = np.zeros_like(self.weight)
        flat = dout.reshape(-1, dout.shape[-1])
        for row, word in zip(flat, self.ids.ravel()):
            self.grad[word] += row


def embedding_backward(dout, ids, vocab_size):
    D = dout.shape[-1]
    table = np.zeros((vocab_size, D))
    for d in range(D):
        table[:, d] = np.bincount(ids.ravel(), weights=dout[..., d].ravel(), minlength=vocab_size)
    return table


def word_embedding_forward(x, W):
    return W[x], {"words": x, "rows": W.shape[0]}


def word_embedding_backward(dout, cache):
    x, V = cache["words"], cache["rows"]
    hot = (x.reshape(-1, 1) == np.arange(V)).astype(dout.dtype)
    return hot.T @ dout.reshape(-1, dout.shape[-1])
