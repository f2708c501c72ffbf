import numpy as np


def softmax_crossentropy(scores, label):
    """One example: scores (C,), label an int.  -> loss, dscores"""
    scores = scores - scores.max()
    logsum = np.log(np.exp(scores).sum())
    loss = logsum - scores[label]
    dscores = np.exp(scores - logsum)
    dscores[label] -= 1.0
    return loss, dscores
