def inplace_relu(X):
    X[X < 0] = 0


def inplace_relu_derivative(Z, delta):
    """Apply the derivative of the relu function.

    Z : the data which was output from the rectified linear units during the forward pass.
    delta : the backpropagated error signal, modified in place.
    """
    delta[Z == 0] = 0
