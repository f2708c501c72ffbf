import torch
import torch.nn.functional as F


def conv_backward_fast(dout, cache):
    """dout, x, w, b are torch tensors, as in the EECS version of the homework."""
    x, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    nf, c, hh, ww = w.shape
    n = x.shape[0]
    cols = F.unfold(x, (hh, ww), padding=pad, stride=stride)          # n, c*hh*ww, L
    g = dout.flatten(2)                                                # n, nf, L
    dw = torch.matmul(g, cols.transpose(1, 2)).sum(0).view_as(w)
    db = g.sum(dim=(0, 2))
    dcols = torch.matmul(w.view(nf, -1).t(), g)
    dx = F.fold(dcols, x.shape[2:], (hh, ww), padding=pad, stride=stride)
    return dx, dw, db
