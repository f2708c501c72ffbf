import numpy as np


def batchnorm_backward(dout, cache):
    """the twelve lines of the blog post"""
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1. / (sqrtvar ** 2) * divar
    dvar = 0.5 * 1. / np.sqrt(var + eps) * dsqrtvar
    dsq = 1. / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx = dx1 + 1. / N * np.ones((N, D)) * dmu
    return dx, dgamma, dbeta


def layer_norm_forward(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    rstd = 1 / np.sqrt(var + eps)
    xhat = (x - mean) * rstd
    return xhat * gamma + beta, (xhat, rstd, gamma)


def layer_norm_backward_llm(dout, inp, weight, mean, rstd):
    """llm.c's loops, in Python"""
    B, T, C = inp.shape
    dinp = np.zeros_like(inp)
    dweight = np.zeros_like(weight)
    dbias = np.zeros_like(weight)
    for b in range(B):
        for t in range(T):
            dout_bt = dout[b, t]
            inp_bt = inp[b, t]
            dinp_bt = dinp[b, t]
            mean_bt = mean[b, t]
            rstd_bt = rstd[b, t]

            # first: two reduce operations
            dnorm_mean = 0.0
            dnorm_norm_mean = 0.0
            for i in range(C):
                norm_bti = (inp_bt[i] - mean_bt) * rstd_bt
                dnorm_i = weight[i] * dout_bt[i]
                dnorm_mean += dnorm_i
                dnorm_norm_mean += dnorm_i * norm_bti
            dnorm_mean = dnorm_mean / C
            dnorm_norm_mean = dnorm_norm_mean / C

            # now iterate again and accumulate all the gradients
            for i in range(C):
                norm_bti = (inp_bt[i] - mean_bt) * rstd_bt
                dnorm_i = weight[i] * dout_bt[i]
                dbias[i] += dout_bt[i]
                dweight[i] += norm_bti * dout_bt[i]
                dval = 0.0
                dval += dnorm_i
                dval -= dnorm_mean
                dval -= norm_bti * dnorm_norm_mean
                dval *= rstd_bt
                dinp_bt[i] += dval
    return dinp, dweight, dbias


def rms_norm(x, g, eps=1e-6):
    out = np.empty_like(x)
    for i, row in enumerate(x):
        out[i] = row / np.sqrt(np.mean(row * row) + eps) * g
    return out


def instance_norm_inplace(x, eps=1e-5):
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            plane = x[n, c]
            plane -= plane.mean()
            plane /= plane.std() + eps


def group_norm_backward(dout, x, gamma, G, eps=1e-5):
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    mu = xg.mean((2, 3, 4), keepdims=True)
    var = xg.var((2, 3, 4), keepdims=True)
    rstd = (var + eps) ** -.5
    xhat = (xg - mu) * rstd
    dgamma = (dout * xhat.reshape(x.shape)).sum((0, 2, 3))
    dxhat = (dout * gamma[None, :, None, None]).reshape(xg.shape)
    m = xg[0, 0].size
    dx = rstd / m * (m * dxhat - dxhat.sum((2, 3, 4), keepdims=True)
                     - xhat * (dxhat * xhat).sum((2, 3, 4), keepdims=True))
    return dx.reshape(x.shape), dgamma


def local_response_norm(x, n=3, k=2, alpha=1e-4, beta=.75):
    C = x.shape[0]
    scale = np.full(x.shape, float(k))
    sq = np.square(x)
    for c in range(C):
        lo, hi = max(0, c - n // 2), min(C, c + n // 2 + 1)
        for i in range(lo, hi):
            scale[c] += alpha * sq[i]
    y = x / scale ** beta
    return y, scale


def running_stats(batches, momentum=0.9):
    mean = var = None
    for batch in batches:
        m, v = batch.mean(0), batch.var(0)
        if mean is None:
            mean, var = m, v
        else:
            mean *= momentum
            mean += (1 - momentum) * m
            var *= momentum
            var += (1 - momentum) * v
    return mean, var


def welford(stream):
    count, mean, M2 = 0, 0.0, 0.0
    for value in stream:
        count += 1
        delta = value - mean
        mean += delta / count
        M2 += delta * (value - mean)
    return mean, M2 / count


def clip_by_norm(grads, limit):
    total = np.sqrt(sum((g ** 2).sum() for g in grads.values()))
    if total > limit:
        for g in grads.values():
            g *= limit / total
    return total


def standardize_columns(X):
    for col in X.T:
        col[:] = (col - col.mean()) / col.std()
    return X


def cases():
    rng = np.random.default_rng(11)
    r = rng.standard_normal
    var = rng.random(3) + .5
    cache = (r((5, 3)), r(3), r((5, 3)), 1 / np.sqrt(var), np.sqrt(var), var, 1e-5)
    yield 'batchnorm', batchnorm_backward, (r((5, 3)), cache), {}
    yield 'layer norm', layer_norm_forward, (r((2, 3, 4)), r(4), r(4)), {}
    x = r((2, 3, 4))
    yield 'layer norm llm', layer_norm_backward_llm, (
        r((2, 3, 4)), x, r(4), x.mean(-1), 1 / x.std(-1)), {}
    yield 'rms', rms_norm, (r((3, 5)), r(5)), {}
    yield 'instance', instance_norm_inplace, (r((2, 3, 2, 4)),), {}
    yield 'group', group_norm_backward, (r((2, 4, 2, 3)), r((2, 4, 2, 3)), r(4), 2), {}
    yield 'lrn', local_response_norm, (r((5, 2, 3)),), {}
    yield 'running', running_stats, ([r((4, 3)) for _ in range(3)],), {'momentum': .8}
    yield 'welford', welford, (r((4, 2, 3)),), {}
    yield 'clip', clip_by_norm, ({'W': r((2, 3)), 'b': r(3)}, 1.0), {}
    yield 'columns', standardize_columns, (r((4, 3)),), {}
