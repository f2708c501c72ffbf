import numpy as np


def softmax_ce_forward(scores, labels):
    m = np.max(scores, axis=1, keepdims=True)
    logZ = m + np.log(np.sum(np.exp(scores - m), axis=1, keepdims=True))
    loss = np.mean(logZ.ravel() - scores[np.arange(len(labels)), labels])
    return loss, (scores, labels, logZ)


def softmax_ce_backward(dloss, cache):
    scores, labels, logZ = cache
    dscores = np.exp(scores - logZ)
    for i, k in enumerate(labels):
        dscores[i, k] -= 1
    return dloss * dscores / len(labels)
