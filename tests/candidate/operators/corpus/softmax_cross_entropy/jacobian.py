import numpy as np


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()


def loss(z, y):
    return sum(np.log(np.exp(row - row.max()).sum()) + row.max() - row[k] for row, k in zip(z, y)) / len(y)


def cross_entropy_backward(z, y):
    """through the whole Jacobian of the softmax, one row at a time (slow, but I believe it)"""
    N, C = z.shape
    dz = np.zeros((N, C))
    for n in range(N):
        s = softmax(z[n])
        J = np.zeros((C, C))
        for i in range(C):
            for j in range(C):
                if i == j:
                    J[i, j] = s[i] * (1 - s[i])
                else:
                    J[i, j] = -s[i] * s[j]
        # dL/ds is -1/s at the label; J's row of the label has a factor s that cancels it
        k = y[n]
        if s[k] > 1e-30:
            dz[n] = -J[k] / s[k]
        else:
            dz[n] = s
            dz[n, k] -= 1
    dz = dz / N
    return dz
