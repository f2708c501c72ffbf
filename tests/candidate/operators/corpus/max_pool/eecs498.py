"""
Implements convolutional networks in PyTorch.
WARNING: you SHOULD NOT use ".to()" or ".cuda()" in each implementation block.
"""
import torch


class MaxPool(object):

  @staticmethod
  def forward(x, pool_param):
    out = None
    N, C, H, W = x.shape
    stride = pool_param['stride']
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    H2 = 1 + (H - ph) // stride
    W2 = 1 + (W - pw) // stride
    out = torch.zeros((N, C, H2, W2), dtype=x.dtype, device=x.device)
    for i in range(H2):
      for j in range(W2):
        win = x[:, :, i * stride:i * stride + ph, j * stride:j * stride + pw]
        out[:, :, i, j] = win.reshape(N, C, -1).max(dim=2)[0]
    cache = (x, pool_param)
    return out, cache

  @staticmethod
  def backward(dout, cache):
    """
    Inputs:
    - dout: Upstream derivatives
    - cache: A tuple of (x, pool_param) as in the forward pass.
    Returns:
    - dx: Gradient with respect to x
    """
    dx = None
    x, pool_param = cache
    N, C, H, W = x.shape
    _, _, H2, W2 = dout.shape
    stride = pool_param['stride']
    ph, pw = pool_param['pool_height'], pool_param['pool_width']
    dx = torch.zeros_like(x)
    for n in range(N):
      for c in range(C):
        for i in range(H2):
          for j in range(W2):
            win = x[n, c, i * stride:i * stride + ph, j * stride:j * stride + pw]
            idx = torch.argmax(win).item()
            row, col = idx // pw, idx % pw
            dx[n, c, i * stride + row, j * stride + col] += dout[n, c, i, j]
    return dx
