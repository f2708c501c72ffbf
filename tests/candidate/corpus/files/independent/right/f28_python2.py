import numpy as np

def conv_backward(dout, cache):
  """
  Inputs: dout (N, F, H', W'); cache: (x, w, b, conv_param) with stride and pad
  Returns dx, dw, db
  """
  x, w, b, conv_param = cache
  s = conv_param['stride']
  p = conv_param['pad']
  N, C, H, W = x.shape
  F, C, HH, WW = w.shape
  OH = (H + 2 * p - HH) / s + 1
  OW = (W + 2 * p - WW) / s + 1
  xpad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), 'constant')
  dxpad = np.zeros(xpad.shape)
  dw = np.zeros(w.shape)
  db = np.zeros(b.shape)
  for n in xrange(N):
    for f in xrange(F):
      db[f] += dout[n, f].sum()
      for i in xrange(OH):
        for j in xrange(OW):
          dw[f] += xpad[n, :, i*s:i*s+HH, j*s:j*s+WW] * dout[n, f, i, j]
          dxpad[n, :, i*s:i*s+HH, j*s:j*s+WW] += w[f] * dout[n, f, i, j]
  dx = dxpad[:, :, p:p+H, p:p+W]
  return dx, dw, db


if __name__ == '__main__':
  print 'testing conv_backward'
  x = np.random.randn(2, 3, 5, 5)
  print conv_backward(np.ones((2, 2, 3, 3)), (x, np.ones((2, 3, 3, 3)), np.zeros(2), {'stride': 1, 'pad': 0}))[1].shape
