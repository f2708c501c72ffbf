"""im2col forward and backward."""
import numpy as np


def im2col(x, f, stride):
    out_h = (x.shape[0] - f) // stride + 1
    out_w = (x.shape[1] - f) // stride + 1
    cols = []
    for i in range(out_h):
        for j in range(out_w):
            cols.append(x[i * stride:i * stride + f, j:j + f].ravel())
    return np.array(cols), out_h, out_w


def conv2d_forward(A_prev, W, b, stride, padding):
    f = W.shape[1]
    x = np.pad(A_prev, ((padding, padding), (padding, padding), (0, 0)))
    cols, out_h, out_w = im2col(x, f, stride)
    Z = (cols @ W.reshape(len(W), -1).T + b).reshape(out_h, out_w, -1)
    return {'Z': Z, 'W': W, 'b': b, 'A_prev': A_prev, 'cols': cols}


def conv2d_backward(dZ, cache, stride, padding):
    W, A_prev, cols = cache['W'], cache['A_prev'], cache['cols']
    h_out, w_out, c_out = dZ.shape
    f = W.shape[1]
    flat = dZ.reshape(-1, c_out)
    dW = (flat.T @ cols).reshape(W.shape)
    db = flat.sum(0)
    dcols = flat @ W.reshape(c_out, -1)
    h, w, c = A_prev.shape
    dx = np.zeros((h + 2 * padding, w + 2 * padding, c))
    k = 0
    for i in range(h_out):
        for j in range(w_out):
            dx[i * stride:i * stride + f, j * stride:j * stride + f] += dcols[k].reshape(f, f, c)
            k += 1
    return dW, db, dx[padding:h + padding, padding:w + padding]
