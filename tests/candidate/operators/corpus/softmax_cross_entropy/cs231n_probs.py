from builtins import range
import numpy as np


def softmax_loss(x, y):
    loss, dx = 0.0, None
    num_train = x.shape[0]
    scores = x - x.max(axis=1, keepdims=True)      # numeric stability
    exp_scores = np.exp(scores)
    p = exp_scores / exp_scores.sum(axis=1, keepdims=True)
    loss = np.sum(-np.log(p[range(num_train), y])) / num_train
    p[range(num_train), y] -= 1
    dx = p / num_train
    return loss, dx
