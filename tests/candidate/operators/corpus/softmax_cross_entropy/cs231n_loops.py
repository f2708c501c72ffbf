import numpy as np


def softmax_loss(x, y):
    """naive version with explicit loops"""
    N, C = x.shape
    loss = 0.0
    dx = np.zeros_like(x)
    for i in range(N):
        s = x[i] - np.max(x[i])
        log_sum = np.log(np.sum(np.exp(s)))
        loss += log_sum - s[y[i]]
        for j in range(C):
            p = np.exp(s[j] - log_sum)
            if j == y[i]:
                dx[i, j] = p - 1
            else:
                dx[i, j] = p
    loss /= N
    dx /= N
    return loss, dx
