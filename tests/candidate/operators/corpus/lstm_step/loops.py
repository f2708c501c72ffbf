import math
import numpy as np


def sigmoid(t):
    return 1.0 / (1.0 + math.exp(-t))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    next_h, next_c = np.zeros((N, H)), np.zeros((N, H))
    gates = np.zeros((N, 4, H))
    for n in range(N):
        a = x[n] @ Wx + prev_h[n] @ Wh + b
        for j in range(H):
            i, f, o = sigmoid(a[j]), sigmoid(a[H + j]), sigmoid(a[2 * H + j])
            g = math.tanh(a[3 * H + j])
            gates[n, :, j] = i, f, o, g
            next_c[n, j] = f * prev_c[n, j] + i * g
            next_h[n, j] = o * math.tanh(next_c[n, j])
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, b, gates, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, b, gates, next_c = cache
    N, H = prev_h.shape
    dx, dprev_h, dprev_c = np.zeros_like(x), np.zeros_like(prev_h), np.zeros_like(prev_c)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    for n in range(N):
        da = np.zeros(4 * H)
        for j in range(H):
            i, f, o, g = gates[n, :, j]
            t = math.tanh(next_c[n, j])
            dc = dnext_c[n, j]
            dc += dnext_h[n, j] * o * (1 - t * t)
            da[j] = dc * g * i * (1 - i)
            da[H + j] = dc * prev_c[n, j] * f * (1 - f)
            da[2 * H + j] = dnext_h[n, j] * t * o * (1 - o)
            da[3 * H + j] = dc * i * (1 - g * g)
            dprev_c[n, j] = dc * f
        dx[n] = Wx @ da
        dprev_h[n] = Wh @ da
        dWx += np.outer(x[n], da)
        dWh += np.outer(prev_h[n], da)
        db += da
    return dx, dprev_h, dprev_c, dWx, dWh, db
