import numpy as np


def avgpool_bwd(g, x, window, step):
    (kh, kw), (sh, sw) = window, step
    n, c, oh, ow = g.shape
    rows = (np.arange(oh) * sh)[:, None] + np.arange(kh)[None, :]      # (oh, kh)
    cols = (np.arange(ow) * sw)[:, None] + np.arange(kw)[None, :]      # (ow, kw)
    dx = np.zeros(x.shape)
    spread = np.broadcast_to(g[:, :, :, None, :, None] / (kh * kw), (n, c, oh, kh, ow, kw))
    np.add.at(dx, (slice(None), slice(None), rows[:, :, None, None], cols[None, None, :, :]), spread)
    return dx
