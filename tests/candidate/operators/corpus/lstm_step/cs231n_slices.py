import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    A = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    gates = np.empty_like(A)
    gates[:, :3 * H] = sigmoid(A[:, :3 * H])
    gates[:, 3 * H:] = np.tanh(A[:, 3 * H:])
    i, f, o, g = gates[:, 0:H], gates[:, H:2 * H], gates[:, 2 * H:3 * H], gates[:, 3 * H:4 * H]
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = {'x': x, 'prev_h': prev_h, 'prev_c': prev_c, 'Wx': Wx, 'Wh': Wh, 'gates': gates, 'next_c': next_c}
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    gates, prev_c, next_c = cache['gates'], cache['prev_c'], cache['next_c']
    H = prev_c.shape[1]
    i, f, o, g = gates[:, 0:H], gates[:, H:2 * H], gates[:, 2 * H:3 * H], gates[:, 3 * H:4 * H]

    dc_total = dnext_c.copy()
    dc_total += dnext_h * o * (1.0 - np.tanh(next_c) ** 2)

    dA = np.zeros_like(gates)
    dA[:, 0:H] = dc_total * g
    dA[:, H:2 * H] = dc_total * prev_c
    dA[:, 2 * H:3 * H] = dnext_h * np.tanh(next_c)
    dA[:, 3 * H:] = dc_total * i
    # through the nonlinearities, all three sigmoids at once
    s = gates[:, :3 * H]
    dA[:, :3 * H] *= s * (1 - s)
    dA[:, 3 * H:] *= 1 - g ** 2

    dprev_c = dc_total * f
    db = dA.sum(0)
    dWx = np.dot(cache['x'].T, dA)
    dWh = np.dot(cache['prev_h'].T, dA)
    dx = np.dot(dA, cache['Wx'].T)
    dprev_h = np.dot(dA, cache['Wh'].T)
    return dx, dprev_h, dprev_c, dWx, dWh, db
