import numpy as np


def affine_forward(x, w, b):
    x = np.asarray(x, dtype=np.float32)
    w = np.asarray(w, dtype=np.float32)
    b = np.asarray(b, dtype=np.float32)
    print('forward', x.shape, w.shape)
    return np.dot(x.reshape(len(x), -1), w) + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dout = np.asarray(dout, dtype=np.float32)
    print('backward', dout.shape)
    dx = np.dot(dout, w.T).reshape(x.shape)
    dw = np.dot(x.reshape(len(x), -1).T, dout)
    db = dout.sum(0)
    return dx, dw, db
