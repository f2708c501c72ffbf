"""Convolution layer from the article, retyped."""
import numpy as np


def conv2d_forward(A_prev, W, b, stride, padding):
    H, Wd, C = A_prev.shape
    C_out, f, _, _ = W.shape
    H_out = (H + 2 * padding - f) // stride + 1
    W_out = (Wd + 2 * padding - f) // stride + 1
    A_pad = np.pad(A_prev, ((padding, padding), (padding, padding), (0, 0)))
    Z = np.zeros((H_out, W_out, C_out))
    for h in range(H_out):
        for w in range(W_out):
            patch = A_pad[h * stride:h * stride + f, w * stride:w * stride + f]
            for c in range(C_out):
                Z[h, w, c] = np.sum(patch * W[c]) + b[c]
    return {'Z': Z, 'W': W, 'b': b, 'A_prev': A_prev}


def conv2d_backward(dZ, cache, stride, padding):
    W, A_prev = cache['W'], cache['A_prev']
    C_out, f, _, C_in = W.shape
    H_out, W_out, _ = dZ.shape
    A_pad = np.pad(A_prev, ((padding, padding), (padding, padding), (0, 0)))
    dA_pad = np.zeros(A_pad.shape)
    dW = np.zeros(W.shape)
    db = np.sum(dZ, axis=(0, 1))
    for h in range(H_out):
        for w in range(W_out):
            h0, w0 = h * stride, w * stride
            patch = A_pad[h0:h0 + f, w0:w0 + f]
            dW += dZ[h, w][:, None, None, None] * patch[None]
            dA_pad[h0:h0 + f, w0:w0 + f] += np.tensordot(dZ[h, w], W, axes=1)
    H, Wd = A_prev.shape[:2]
    return dW, db, dA_pad[padding:padding + H, padding:padding + Wd]


if __name__ == '__main__':
    cache = conv2d_forward(np.random.randn(6, 6, 3), np.random.randn(2, 3, 3, 3), np.zeros(2), 1, 1)
    dW, db, dA = conv2d_backward(np.ones(cache['Z'].shape), cache, 1, 1)
    print(dW.shape, db.shape, dA.shape)
