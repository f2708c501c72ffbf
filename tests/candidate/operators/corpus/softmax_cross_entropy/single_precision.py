import numpy as np


def softmax_loss(x, y):
    x = x.astype('float32')
    x = x - x.max(axis=1)[:, None]
    e = np.exp(x)
    Z = e.sum(axis=1)
    loss = np.float32(0)
    for i in range(len(y)):
        loss += np.log(Z[i]) - x[i, y[i]]
    dx = e / Z[:, None]
    dx[range(len(y)), y] -= np.float32(1)
    return loss / len(y), dx / np.float32(len(y))
