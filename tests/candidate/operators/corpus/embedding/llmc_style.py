import numpy as np


def encoder_backward(dwte, dout, inp):
    """dwte (V, C) is accumulated into, as the C code does; dout (B, T, C), inp (B, T)"""
    B, T, C = dout.shape
    for b in range(B):
        for t in range(T):
            dout_bt = dout[b, t]
            ix = inp[b, t]
            for i in range(C):
                d = dout_bt[i]
                dwte[ix, i] += d
