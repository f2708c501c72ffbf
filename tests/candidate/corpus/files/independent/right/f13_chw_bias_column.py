import numpy as np


def convBackward(dConv, convIn, filt, s):
    '''
    Backpropagation through a convolutional layer (numpyCNN homework).
    convIn: (n_c, h, w)   filt: (n_f, n_c, f, f)   dConv: (n_f, oh, ow)
    '''
    (n_f, n_c, f, _) = filt.shape
    (_, orig_h, orig_w) = convIn.shape
    dOut = np.zeros(convIn.shape)
    dFilt = np.zeros(filt.shape)
    dBias = np.zeros((n_f, 1))
    for cur_f in range(n_f):
        cur_y = out_y = 0
        while cur_y + f <= orig_h:
            cur_x = out_x = 0
            while cur_x + f <= orig_w:
                dFilt[cur_f] += dConv[cur_f, out_y, out_x] * convIn[:, cur_y:cur_y + f, cur_x:cur_x + f]
                dOut[:, cur_y:cur_y + f, cur_x:cur_x + f] += dConv[cur_f, out_y, out_x] * filt[cur_f]
                cur_x += s
                out_x += 1
            cur_y += s
            out_y += 1
        dBias[cur_f] = np.sum(dConv[cur_f])
    return dOut, dFilt, dBias
