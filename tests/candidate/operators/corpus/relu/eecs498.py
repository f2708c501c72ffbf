import torch


class ReLU(object):

  @staticmethod
  def forward(x):
    """
    - x: Input; a tensor of any shape
    """
    out = None
    out = x.clamp(min=0)
    cache = x
    return out, cache

  @staticmethod
  def backward(dout, cache):
    dx, x = None, cache
    dx = dout.clone()
    dx[x <= 0] = 0
    return dx
