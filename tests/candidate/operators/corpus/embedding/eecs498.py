import torch


class WordEmbedding(object):
  """Simplified version of torch.nn.Embedding, with its backward by hand."""

  @staticmethod
  def forward(x, w):
    out = w[x]
    return out, (x, w.shape)

  @staticmethod
  def backward(dout, cache):
    x, shape = cache
    dw = torch.zeros(shape, dtype=dout.dtype)
    dw.index_add_(0, x.reshape(-1), dout.reshape(-1, shape[1]))
    return dw
