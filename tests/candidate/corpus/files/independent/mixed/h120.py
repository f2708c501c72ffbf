import numpy as np

try:
    from nn_ext.im2col_cython import col2im_cython, im2col_cython
except ImportError:
    print("run: python setup.py build_ext --inplace")


def conv_backward_fast(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    F, _, HH, WW = w.shape
    cols = im2col_cython(x, HH, WW, pad, stride)
    d = dout.transpose(1, 2, 3, 0).reshape(F, -1)
    dw = d.dot(cols.T).reshape(w.shape)
    dx = col2im_cython(w.reshape(F, -1).T.dot(d), *x.shape, HH, WW, pad, stride)
    return dx, dw, d.sum(axis=1)
