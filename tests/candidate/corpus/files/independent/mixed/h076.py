import numpy as np


def conv_backward(dout, cache):
    """
    TODO: gradients of the convolution with respect to x, w and b.
    """
    x, w, b, conv_param = cache
    dx, dw, db = None, None, None
    ###########################################################################
    # *****START OF YOUR CODE*****
    pass
    # *****END OF YOUR CODE*****
    ###########################################################################
    return dx, dw, db
