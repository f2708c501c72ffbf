import numpy as np


def softmax_cross_entropy_with_logits(logits, Y):
    """Y is one-hot, (N, C); returns the mean loss and dlogits"""
    z = logits - logits.max(1, keepdims=True)
    log_softmax = z - np.log(np.exp(z).sum(1, keepdims=True))
    loss = -(Y * log_softmax).sum(1).mean(0)
    dlogits = np.exp(log_softmax) * Y.sum(1, keepdims=True) - Y
    return loss, dlogits / Y.shape[0]
