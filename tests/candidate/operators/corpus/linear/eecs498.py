"""
Implements fully connected networks in PyTorch.
WARNING: you SHOULD NOT use ".to()" or ".cuda()" in each implementation block.
"""
import torch


class Linear(object):

  @staticmethod
  def forward(x, w, b):
    """
    - x: A tensor containing input data, of shape (N, d_1, ..., d_k)
    - w: A tensor of weights, of shape (D, M)
    - b: A tensor of biases, of shape (M,)
    """
    out = x.view(x.shape[0], -1).mm(w) + b
    cache = (x, w, b)
    return out, cache

  @staticmethod
  def backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    dx = dout.mm(w.t()).view(x.shape)
    dw = x.view(x.shape[0], -1).t().mm(dout)
    db = dout.sum(dim=0)
    return dx, dw, db
