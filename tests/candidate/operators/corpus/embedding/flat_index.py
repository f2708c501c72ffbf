import numpy as np


def emb_fwd(x, W):
    out = W[x]
    cache = {'x': x, 'V': len(W), 'D': W.shape[1]}
    return out, cache


def emb_bwd(dout, cache):
    x, V, D = cache['x'], cache['V'], cache['D']
    # position of every number in a flat dW
    pos = (x[..., None] * D + np.arange(D)).ravel()
    dW = np.bincount(pos, weights=dout.ravel(), minlength=V * D)
    return dW.reshape(V, D)
