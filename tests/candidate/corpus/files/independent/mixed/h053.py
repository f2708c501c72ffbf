import numpy as np
import matplotlib.pyplot as plt
import seaborn as sns
sns.set()


def conv2d_backward(dZ, cache, stride, padding):
    A_prev, W = cache['A_prev'], cache['W']
    H, Wd, C_in = A_prev.shape
    C_out, k, k2, _ = W.shape
    Ap = np.zeros((H + 2 * padding, Wd + 2 * padding, C_in))
    Ap[padding:H + padding, padding:Wd + padding] = A_prev
    dW = np.zeros(W.shape)
    dAp = np.zeros(Ap.shape)
    for i in range(dZ.shape[0]):
        for j in range(dZ.shape[1]):
            h, w = i * stride, j * stride
            dW += dZ[i, j][:, None, None, None] * Ap[None, h:h + k, w:w + k2]
            dAp[h:h + k, w:w + k2] += np.tensordot(dZ[i, j], W, axes=1)
    db = dZ.sum(axis=(0, 1))
    return dW, db, dAp[padding:H + padding, padding:Wd + padding]


history = [2.3, 1.9, 1.2, 0.8]
plt.plot(history)
plt.title('loss')
plt.show()
