import numpy as np


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    np.add.at(dW, x, dout)
    return dW


def embedding_backward_loop(dout, x, V):
    N, T = x.shape
    dW = np.zeros((V, dout.shape[-1]), dout.dtype)
    for n, row in enumerate(x):
        for t, token in enumerate(row):
            dW[token] += dout[n, t]
    return dW


def embedding_sorted(dout, ids, V):
    order = np.argsort(ids, kind='stable')
    ids, dout = ids[order], dout[order]
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    dW = np.zeros((V, dout.shape[1]))
    dW[ids[starts]] = np.add.reduceat(dout, starts, axis=0)
    return dW


def embedding_bincount(dout, ids, V):
    return np.stack([np.bincount(ids, weights=dout[:, d], minlength=V) for d in range(dout.shape[1])], axis=1)


def count_ngrams(tokens, V):
    counts = np.zeros((V, V), int)
    for a, b in zip(tokens, tokens[1:]):
        counts[a, b] += 1
    return counts


def skipgram_negative(center, context, negatives, Win, Wout, lr):
    h = Win[center]                      # a view!
    grad_h = np.zeros_like(h)
    for word, label in [(context, 1)] + [(n, 0) for n in negatives]:
        u = Wout[word]
        score = 1 / (1 + np.exp(-h.dot(u)))
        g = lr * (label - score)
        grad_h += g * u
        Wout[word] += g * h
    h += grad_h


def scatter_many(dst, idx, src):
    np.subtract.at(dst, idx, 1)
    np.maximum.at(dst, idx, src)
    np.multiply.at(dst, (idx[::-1], 0), 2.0)
    return dst


def pad_idx_zero(dW, pad=0, max_norm=None):
    dW[pad] = 0
    if max_norm:
        norms = np.linalg.norm(dW, axis=1)
        big = norms > max_norm
        dW[big] *= (max_norm / norms[big])[:, None]
    return dW


def cooccurrence(corpus, V, window=1):
    M = np.zeros((V, V), dtype=np.int32)
    for idx, w in enumerate(corpus):
        for i in range(1, window + 1):
            left, right = idx - i, idx + i
            if left >= 0:
                M[w, corpus[left]] += 1
            if right < len(corpus):
                M[w, corpus[right]] += 1
    return M


def ppmi(C, eps=1e-8):
    M = np.zeros_like(C, dtype=np.float32)
    N = np.sum(C)
    S = np.sum(C, axis=0)
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            pmi = np.log2(C[i, j] * N / (S[j] * S[i]) + eps)
            M[i, j] = max(0, pmi)
    return M


def cases():
    rng = np.random.RandomState(2)
    x = np.array([[0, 3, 3], [1, 0, 2]])
    yield 'add.at', word_embedding_backward, (rng.randn(2, 3, 2), (x, rng.randn(5, 2))), {}
    yield 'loop', embedding_backward_loop, (rng.randn(2, 3, 2).astype(np.float32), x, 5), {}
    yield 'sorted', embedding_sorted, (rng.randn(6, 2), x.ravel(), 5), {}
    yield 'bincount', embedding_bincount, (rng.randn(6, 2), x.ravel(), 5), {}
    yield 'ngrams', count_ngrams, ([0, 1, 2, 1, 2, 0], 3), {}
    yield 'skipgram', skipgram_negative, (1, 2, [0, 3, 0], rng.randn(4, 3), rng.randn(4, 3), .1), {}
    yield 'scatter', scatter_many, (rng.randn(4, 2), np.array([3, 0, 3]), rng.randn(3, 1)), {}
    yield 'pad', pad_idx_zero, (rng.randn(4, 3),), {'max_norm': 1.}
    yield 'cooccurrence', cooccurrence, ([0, 1, 2, 3, 1, 0], 4), {}
    yield 'ppmi', ppmi, (np.array([[1, 2, 0], [2, 1, 1], [1, 1, 3]]),), {}
