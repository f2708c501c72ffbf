"""conv1d by hand. x (N, C, L), w (O, C, K), b (O,). Everything is passed in, a dict comes out."""
import numpy as np


def conv1d(x, w, b, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    n_out = (x.shape[2] - w.shape[2]) // stride + 1
    return np.stack(
        [np.einsum('nck,ock->no', x[:, :, i * stride:i * stride + w.shape[2]], w) + b for i in range(n_out)], axis=2
    )


def conv1d_backward(dout, x, w, b, stride=1, padding=0):
    K = w.shape[2]
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    for i in range(dout.shape[2]):
        here = slice(i * stride, i * stride + K)
        dw += np.einsum('no,nck->ock', dout[:, :, i], xp[:, :, here])
        dxp[:, :, here] += np.einsum('no,ock->nck', dout[:, :, i], w)
    return {'dx': dxp[:, :, padding:xp.shape[2] - padding], 'dw': dw, 'db': dout.sum(axis=(0, 2))}
