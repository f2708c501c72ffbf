import numpy as np


def softmax_cross_entropy_backward(logits, labels):
    N = labels.shape[0]
    ex = np.exp(logits - np.max(logits, axis=1)[:, np.newaxis])
    probs = ex / np.sum(ex, axis=1)[:, np.newaxis]
    target = np.eye(logits.shape[1])[labels]
    dlogits = (probs - target) / N
    return dlogits
