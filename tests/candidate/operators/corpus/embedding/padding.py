import numpy as np


class PadEmbedding:
    """index 0 is padding: its row never learns"""
    def __init__(self, vocab_size, dim):
        self.W = np.random.randn(vocab_size, dim)
        self.padding_idx = 0
    def forward(self, x):
        self.x = x
        return self.W[x]
    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.x, dout)
        self.dW[self.padding_idx] = 0
        return None


def word_embedding_forward(x, W):
    return W[x], (x, W)


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    for i in np.ndindex(x.shape):
        if x[i] != 0:
            dW[x[i]] += dout[i]
    return dW
