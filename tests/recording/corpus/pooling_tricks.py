"""Max pooling and its friends without (so many) loops."""
import itertools

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def maxpool_backward_argmax(dout, x, size, stride):
    n, c, h, w = x.shape
    _, _, oh, ow = dout.shape
    dx = np.zeros_like(x)
    for b in range(n):
        for ch in range(c):
            for i in range(oh):
                for j in range(ow):
                    patch = x[b, ch, i * stride:i * stride + size, j * stride:j * stride + size]
                    idx = np.argmax(patch)
                    di, dj = np.unravel_index(idx, patch.shape)
                    dx[b, ch, i * stride + di, j * stride + dj] += dout[b, ch, i, j]
    return dx


def maxpool_nanargmax(delta, X, K, S):
    out = np.zeros(X.shape)
    for im, i, j, k in np.ndindex(*delta.shape):
        a = X[im, i * S:i * S + K[0], j * S:j * S + K[1], k]
        p = np.where(np.nanmax(a) == a)
        (x, y) = p[0][0], p[1][0]
        out[im, i * S:i * S + K[0], j * S:j * S + K[1], k][x, y] += delta[im, i, j, k]
    return out


def maxpool_strided(x, k, s):
    m, n = x.shape
    oh, ow = (m - k) // s + 1, (n - k) // s + 1
    sh, sw = x.strides
    windows = as_strided(x, shape=(oh, ow, k, k), strides=(sh * s, sw * s, sh, sw))
    flat = windows.reshape(oh, ow, k * k)
    pos = flat.argmax(axis=2)
    return flat.max(2), pos


def maxpool_backward_strided(dout, x, k, s):
    """writes through the windows"""
    dx = np.zeros_like(x)
    sh, sw = dx.strides
    oh, ow = dout.shape
    dwin = as_strided(dx, shape=(oh, ow, k, k), strides=(sh * s, sw * s, sh, sw))
    xwin = sliding_window_view(x, (k, k))[::s, ::s]
    for i in range(oh):
        for j in range(ow):
            best = xwin[i, j] == xwin[i, j].max()
            dwin[i, j][best] += dout[i, j]
    return dx


def pool_reshape_forward_backward(x, dout, ph, pw):
    N, C, H, W = x.shape
    x_reshaped = x.reshape(N, C, H // ph, ph, W // pw, pw)
    out = x_reshaped.max(axis=3).max(axis=4)
    dx_reshaped = np.zeros_like(x_reshaped)
    out_newaxis = out[:, :, :, np.newaxis, :, np.newaxis]
    mask = (x_reshaped == out_newaxis)
    dout_newaxis = dout[:, :, :, np.newaxis, :, np.newaxis]
    dout_broadcast, _ = np.broadcast_arrays(dout_newaxis, dx_reshaped)
    dx_reshaped[mask] = dout_broadcast[mask]
    dx_reshaped /= np.sum(mask, axis=(3, 5), keepdims=True)
    dx = dx_reshaped.reshape(x.shape)
    return out, dx


def avgpool_backward(dout, x_shape, k):
    dx = np.zeros(x_shape, dtype=np.float32)
    view = dx.reshape(x_shape[0] // k, k, x_shape[1] // k, k)
    view[...] = dout[:, None, :, None] / (k * k)
    return dx


def global_avg_pool_backward(dout, h, w):
    return np.broadcast_to(dout[:, :, None, None] / (h * w), dout.shape + (h, w)).copy()


def maxpool_product(x, dout):
    """2x2, one position of the window after the other"""
    dx = np.zeros_like(x)
    done = np.zeros(dout.shape, bool)
    best = np.full(dout.shape, -np.inf)
    for i, j in itertools.product(range(2), repeat=2):
        np.maximum(best, x[i::2, j::2], out=best)
    for i, j in itertools.product(range(2), repeat=2):
        hit = (x[i::2, j::2] == best) & ~done
        dx[i::2, j::2][hit] = dout[hit]
        done |= hit
    return dx, done


def unpool(values, switches, shape):
    up = np.zeros(shape)
    up.ravel()[switches.ravel()] = values.ravel()
    return up


def unpool_put(values, switches, shape):
    up = np.zeros(shape)
    np.put(up, switches, values)
    taken = np.take(up, switches)
    return up, taken


def maxpool_along(x, dout):
    idx = np.expand_dims(x.argmax(axis=-1), -1)
    dx = np.zeros_like(x)
    np.put_along_axis(dx, idx, dout[..., None], axis=-1)
    return dx


def adaptive_pool(x, oh, ow):
    H, W = x.shape
    rows = [(int(np.floor(i * H / oh)), int(np.ceil((i + 1) * H / oh))) for i in range(oh)]
    cols = [(int(np.floor(j * W / ow)), int(np.ceil((j + 1) * W / ow))) for j in range(ow)]
    return np.array([[x[r0:r1, c0:c1].mean() for c0, c1 in cols] for r0, r1 in rows])


def cases():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((1, 2, 4, 6))
    d = rng.standard_normal((1, 2, 2, 3))
    yield 'argmax', maxpool_backward_argmax, (d, x, 2, 2), {}
    last = rng.standard_normal((2, 3, 4, 2))
    last[0, 0, 0, 0] = np.nan
    yield 'nanargmax', maxpool_nanargmax, (rng.standard_normal((2, 2, 3, 2)), last, (2, 2), 1), {}
    yield 'strided', maxpool_strided, (x[0, 0], 2, 1), {}
    yield 'strided backward', maxpool_backward_strided, (rng.standard_normal((3, 5)), x[0, 0], 2, 1), {}
    yield 'strided backward 2', maxpool_backward_strided, (rng.standard_normal((2, 3)), x[0, 1], 2, 2), {}
    yield 'reshape', pool_reshape_forward_backward, (x, rng.standard_normal((1, 2, 2, 2)), 2, 3), {}
    yield 'avg', avgpool_backward, (rng.standard_normal((2, 3)).astype('f4'), (4, 6), 2), {}
    yield 'global avg', global_avg_pool_backward, (rng.standard_normal((2, 3)), 2, 4), {}
    yield 'product', maxpool_product, (x[0, 0], d[0, 0]), {}
    yield 'unpool', unpool, (d[0, 0], np.array([[0, 2, 5], [13, 20, 22]]), (4, 6)), {}
    yield 'unpool put', unpool_put, (d[0, 0], np.array([[0, 2, 5], [13, 20, 22]]), (4, 6)), {}
    yield 'along', maxpool_along, (x[0], rng.standard_normal((2, 4))), {}
    yield 'adaptive', adaptive_pool, (rng.standard_normal((5, 7)), 2, 3), {}
