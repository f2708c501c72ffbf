import numpy as np


def avgpoolBackward(dpool, orig, f, s):
    '''one picture (channels, height, width)'''
    (n_c, h_orig, w_orig) = orig.shape
    dout = np.zeros(orig.shape)
    for curr_c in range(n_c):
        curr_y = out_y = 0
        while curr_y + f <= h_orig:
            curr_x = out_x = 0
            while curr_x + f <= w_orig:
                dout[curr_c, curr_y:curr_y + f, curr_x:curr_x + f] += dpool[curr_c, out_y, out_x] / (f * f)
                curr_x += s
                out_x += 1
            curr_y += s
            out_y += 1
    return dout
