"""backward(problem) on sliding windows."""
import numpy as np


def backward(problem):
    batch = problem.A_prev.ndim == 4
    A = problem.A_prev if batch else problem.A_prev[np.newaxis]
    dZ = problem.dZ if batch else problem.dZ[np.newaxis]
    W = problem.W
    (top, bottom), (left, right) = problem.padding
    A_pad = np.pad(A, ((0, 0), (top, bottom), (left, right), (0, 0)))
    dA_pad, dW = np.zeros_like(A_pad), np.zeros_like(W)
    per_group, c_k = len(W) // problem.groups, W.shape[3]
    for i in range(dZ.shape[1]):
        for j in range(dZ.shape[2]):
            h = i * problem.stride[0] + np.arange(W.shape[1]) * problem.dilation[0]
            w = j * problem.stride[1] + np.arange(W.shape[2]) * problem.dilation[1]
            for c in range(len(W)):
                g = c // per_group
                window = np.ix_(range(len(A)), h, w, range(g * c_k, (g + 1) * c_k))
                dz = dZ[:, i, j, c].reshape(-1, 1, 1, 1)
                dW[c] += (A_pad[window] * dz).sum(axis=0)
                dA_pad[window] += W[c] * dz
    db = None if problem.b is None else dZ.sum(axis=(0, 1, 2))
    dA = dA_pad[:, top:top + A.shape[1], left:left + A.shape[2]]
    return dW, db, dA if batch else dA[0]
