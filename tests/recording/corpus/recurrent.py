import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H:2*H])
    o = sigmoid(a[:, 2*H:3*H])
    g = np.tanh(a[:, 3*H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = (x, prev_h, prev_c, Wx, Wh, b, i, f, o, g, next_c)
    return next_h, next_c, cache


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, b, i, f, o, g, next_c = cache
    tanh_c = np.tanh(next_c)
    dnext_c += dnext_h * o * (1 - tanh_c ** 2)     # yes, in place
    N, H = prev_h.shape
    da = np.zeros((N, 4 * H))
    da[:, :H] = dnext_c * g * i * (1 - i)
    da[:, H:2*H] = dnext_c * prev_c * f * (1 - f)
    da[:, 2*H:3*H] = dnext_h * tanh_c * o * (1 - o)
    da[:, 3*H:] = dnext_c * i * (1 - g ** 2)
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dprev_c = dnext_c * f
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dtanh = dnext_h * (1 - next_h ** 2)
    return dtanh.dot(Wx.T), dtanh.dot(Wh.T), x.T.dot(dtanh), prev_h.T.dot(dtanh), dtanh.sum(0)


def rnn_forward_backward(x, h0, Wx, Wh, b, dh):
    N, T, D = x.shape
    H = h0.shape[1]
    h, caches = np.zeros((N, T, H)), []
    prev_h = h0
    for t in range(T):
        next_h = np.tanh(x[:, t].dot(Wx) + prev_h.dot(Wh) + b)
        caches.append((x[:, t], prev_h, Wx, Wh, next_h))
        h[:, t, :] = next_h
        prev_h = next_h
    dx, dh0 = np.zeros((N, T, D)), np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    dprev = np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t, :], dprev, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dprev, caches[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev
    return h, dx, dh0, dWx, dWh, db


def lossFun(inputs, targets, hprev, model):
    """
    inputs,targets are both list of integers.
    hprev is Hx1 array of initial hidden state
    returns the loss, gradients on model parameters, and last hidden state
    """
    Wxh, Whh, Why, bh, by = (model[k] for k in ('Wxh', 'Whh', 'Why', 'bh', 'by'))
    vocab_size = Why.shape[0]
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    # forward pass
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size,1)) # encode in 1-of-k representation
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t-1]) + bh) # hidden state
        ys[t] = np.dot(Why, hs[t]) + by # unnormalized log probabilities for next chars
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t])) # probabilities for next chars
        loss += -np.log(ps[t][targets[t],0]) # softmax (cross-entropy loss)
    # backward pass: compute gradients going backwards
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1 # backprop into y
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext # backprop into h
        dhraw = (1 - hs[t] * hs[t]) * dh # backprop through tanh nonlinearity
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t-1].T)
        dhnext = np.dot(Whh.T, dhraw)
    for dparam in [dWxh, dWhh, dWhy, dbh, dby]:
        np.clip(dparam, -5, 5, out=dparam) # clip to mitigate exploding gradients
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs)-1]


def coursera_rnn_gradients(da, caches, parameters):
    (x_T, a_T) = caches
    n_a, m, T_x = da.shape
    n_x = x_T.shape[0]
    gradients = {'dWax': np.zeros((n_a, n_x)), 'dWaa': np.zeros((n_a, n_a)), 'dba': np.zeros((n_a, 1))}
    dx = np.zeros((n_x, m, T_x))
    da_prevt = np.zeros((n_a, m))
    for t in reversed(range(T_x)):
        dtanh = (1 - a_T[:, :, t + 1] ** 2) * (da[:, :, t] + da_prevt)
        gradients['dWax'] += dtanh @ x_T[:, :, t].T
        gradients['dWaa'] += dtanh @ a_T[:, :, t].T
        gradients['dba'] += np.sum(dtanh, 1, keepdims=True)
        dx[:, :, t] = parameters['Wax'].T @ dtanh
        da_prevt = parameters['Waa'].T @ dtanh
    gradients['dx'] = dx
    return gradients


def gru_cell(x, h, W, U, b):
    n = h.shape[-1]
    z, r, _ = np.split(x @ W + b, 3, axis=-1)
    z = sigmoid(z + h @ U[:, :n])
    r = sigmoid(r + h @ U[:, n:2 * n])
    cand = np.tanh((x @ W + b)[..., 2 * n:] + (r * h) @ U[:, -n:])
    return (1 - z) * h + z * cand


def lstm_sequence(xs, W, hidden):
    """gates in one array, written slice by slice"""
    T, D = xs.shape
    h, c = np.zeros(hidden), np.zeros(hidden)
    gates = np.empty((T, 4, hidden))
    for t, x in enumerate(xs):
        z = np.concatenate([x, h]) @ W
        I, F, O, G = gates[t]
        I[:], F[:], O[:], G[:] = z.reshape(4, -1)
        for gate in (I, F, O):
            gate[:] = sigmoid(gate)
        np.tanh(G, out=G)
        c = F * c + I * G
        h = O * np.tanh(c)
    return gates, h, c


def bptt_truncated(x, s, U, V, W, delta_o, bptt_truncate=2):
    T = len(x)
    dLdU, dLdV, dLdW = np.zeros(U.shape), np.zeros(V.shape), np.zeros(W.shape)
    for t in np.arange(T)[::-1]:
        dLdV += np.outer(delta_o[t], s[t].T)
        delta_t = V.T.dot(delta_o[t]) * (1 - (s[t] ** 2))
        for bptt_step in np.arange(max(0, t - bptt_truncate), t + 1)[::-1]:
            dLdW += np.outer(delta_t, s[bptt_step - 1])
            dLdU[:, x[bptt_step]] += delta_t
            delta_t = W.T.dot(delta_t) * (1 - s[bptt_step - 1] ** 2)
    return [dLdU, dLdV, dLdW]


def cases():
    np.random.seed(9)
    r = np.random.randn
    N, D, H = 2, 3, 4
    args = (r(N, D), r(N, H), r(N, H), r(D, 4 * H), r(H, 4 * H), r(4 * H))
    yield 'lstm forward', lstm_step_forward, args, {}
    yield 'lstm backward', lstm_step_backward, (r(N, H), r(N, H), args + (r(N, H), r(N, H), r(N, H), r(N, H), r(N, H))), {}
    yield 'rnn', rnn_forward_backward, (r(2, 3, 2), r(2, 3), r(2, 3), r(3, 3), r(3), r(2, 3, 3)), {}
    model = dict(Wxh=r(4, 5), Whh=r(4, 4), Why=r(5, 4), bh=r(4, 1), by=r(5, 1))
    yield 'char rnn', lossFun, ([0, 3, 2, 1], [3, 2, 1, 4], r(4, 1), model), {}
    yield 'coursera rnn', coursera_rnn_gradients, (r(3, 2, 3), (r(2, 2, 3), r(3, 2, 4)), {'Wax': r(3, 2), 'Waa': r(3, 3)}), {}
    yield 'gru', gru_cell, (r(2, 3), r(2, 4), r(3, 12), r(4, 12), r(12)), {}
    yield 'lstm sequence', lstm_sequence, (r(3, 2), r(5, 12), 3), {}
    yield 'bptt', bptt_truncated, ([1, 0, 3, 2], np.tanh(r(5, 3)), r(3, 4), r(4, 3), r(3, 3), r(4, 4)), {}
