from __future__ import annotations

import numpy as np
from numpy import einsum, newaxis as na


def softmax(x, axis=-1):
    x = x - x.max(axis=axis, keepdims=True)
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def attention_forward(q, k, v, causal: bool = True):
    T, d = q.shape
    scores = q @ k.T / np.sqrt(d)
    if causal:
        scores[np.triu_indices(T, 1)] = -np.inf
    p = softmax(scores)
    return p @ v, (q, k, v, p)


def attention_backward(dout, cache):
    q, k, v, p = cache
    dv = p.T @ dout
    dp = dout @ v.T
    ds = p * (dp - (dp * p).sum(-1, keepdims=True))
    ds /= np.sqrt(q.shape[-1])
    return ds @ k, ds.T @ q, dv


def attention_loops(Q, K, V):
    """one query after the other (llm.c's way)"""
    T, C = Q.shape
    NH = 2
    hs = C // NH
    scale = 1.0 / np.sqrt(hs)
    out = np.zeros_like(V)
    att = np.zeros((NH, T, T), Q.dtype)
    for t in range(T):
        for h in range(NH):
            query_t = Q[t, h * hs:(h + 1) * hs]
            att_bth = att[h, t]
            maxval = -10000.0
            for t2 in range(t + 1):
                key_t2 = K[t2, h * hs:(h + 1) * hs]
                val = 0.0
                for i in range(hs):
                    val += query_t[i] * key_t2[i]
                val *= scale
                if val > maxval:
                    maxval = val
                att_bth[t2] = val
            expsum = 0.0
            for t2 in range(t + 1):
                expv = np.exp(att_bth[t2] - maxval)
                expsum += expv
                att_bth[t2] = expv
            expsum_inv = 0.0 if expsum == 0.0 else 1.0 / expsum
            for t2 in range(T):
                if t2 <= t:
                    att_bth[t2] *= expsum_inv
                else:
                    att_bth[t2] = 0.0
            out_bth = out[t, h * hs:(h + 1) * hs]
            for i in range(hs):
                out_bth[i] = 0.0
            for t2 in range(t + 1):
                value_t2 = V[t2, h * hs:(h + 1) * hs]
                for i in range(hs):
                    out_bth[i] += att_bth[t2] * value_t2[i]
    return out, att


def multi_head(x, Wq, Wk, Wv, Wo, heads):
    B, T, C = x.shape

    def split(t):
        return t.reshape(B, T, heads, C // heads).transpose(0, 2, 1, 3)

    q, k, v = (split(x @ w) for w in (Wq, Wk, Wv))
    s = einsum('bhid,bhjd->bhij', q, k) * (C // heads) ** -0.5
    mask = np.tril(np.ones((T, T), dtype=bool))
    s = np.where(mask[na, na], s, -1e9)
    a = softmax(s)
    o = einsum('bhij,bhjd->bhid', a, v)
    merged = o.transpose(0, 2, 1, 3).reshape(B, T, C)
    return merged @ Wo


def flash_attention(Q, K, V, block=2):
    N, d = Q.shape
    O = np.zeros((N, d))
    l = np.zeros(N)
    m = np.full(N, -np.inf)
    for j in range(0, N, block):
        Kj, Vj = K[j:j + block], V[j:j + block]
        for i in range(0, N, block):
            rows = slice(i, i + block)
            S = Q[rows] @ Kj.T
            m_ij = S.max(1)
            P = np.exp(S - m_ij[:, None])
            l_ij = P.sum(1)
            m_new = np.maximum(m[rows], m_ij)
            alpha, beta = np.exp(m[rows] - m_new), np.exp(m_ij - m_new)
            l_new = alpha * l[rows] + beta * l_ij
            O[rows] = ((l[rows] * alpha)[:, None] * O[rows] + beta[:, None] * (P @ Vj)) / l_new[:, None]
            l[rows], m[rows] = l_new, m_new
    return O, l, m


def positional_encoding(T, d):
    pe = np.zeros((T, d))
    for pos in range(T):
        for i in range(0, d, 2):
            pe[pos, i] = np.sin(pos / (10000 ** ((2 * i) / d)))
            if i + 1 < d:
                pe[pos, i + 1] = np.cos(pos / (10000 ** ((2 * (i + 1)) / d)))
    return pe


def rope(x):
    """rotates pairs, in place on two interleaved views"""
    T, d = x.shape
    x = x.copy()
    theta = np.outer(np.arange(T), 1.0 / 10 ** (np.arange(0, d, 2) / d))
    even, odd = x[:, ::2], x[:, 1::2]
    c, s = np.cos(theta), np.sin(theta)
    even[...], odd[...] = even * c - odd * s, even * s + odd * c
    return x


def cases():
    rng = np.random.default_rng(3)
    r = lambda *s: rng.standard_normal(s)  # noqa: E731
    q, k, v = r(4, 6), r(4, 6), r(4, 6)
    yield 'forward', attention_forward, (q, k, v), {}
    yield 'backward', attention_backward, (r(4, 6), (q, k, v, softmax(r(4, 4)))), {}
    yield 'loops', attention_loops, (q[:3, :4], k[:3, :4], v[:3, :4]), {}
    yield 'loops float32', attention_loops, tuple(a[:2, :4].astype(np.float32) for a in (q, k, v)), {}
    yield 'multi head', multi_head, (r(2, 3, 4), r(4, 4), r(4, 4), r(4, 4), r(4, 4)), {'heads': 2}
    yield 'flash', flash_attention, (q, k, v), {}
    yield 'positional', positional_encoding, (3, 5), {}
    yield 'rope', rope, (r(3, 6),), {}
