import torch


class AvgPool(object):

  @staticmethod
  def forward(x, pool_param):
    N, C, H, W = x.shape
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    windows = x.unfold(2, ph, stride).unfold(3, pw, stride)
    out = windows.mean(dim=(4, 5))
    return out, (x, pool_param)

  @staticmethod
  def backward(dout, cache):
    x, pool_param = cache
    ph, pw, stride = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = torch.zeros_like(x)
    H_out, W_out = dout.shape[2:]
    for i in range(H_out):
      for j in range(W_out):
        a, b = i * stride, j * stride
        dx[:, :, a:a + ph, b:b + pw] += dout[:, :, i:i + 1, j:j + 1] / (ph * pw)
    return dx
