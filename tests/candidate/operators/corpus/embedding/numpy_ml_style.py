import numpy as np


class Embedding:
    """
    Notes
    -----
    NB. This layer must be the first in a neural network as the gradients
    do not get passed back through to the inputs.
    """

    def __init__(self, n_out, vocab_size):
        self.n_out = n_out
        self.vocab_size = vocab_size
        self.parameters = {"W": np.random.randn(vocab_size, n_out)}
        self.gradients = {"W": np.zeros((vocab_size, n_out))}
        self.X = []

    def forward(self, X, retain_derived=True):
        """X : (n_ex, n_in) of ints  ->  Y : (n_ex, n_in, n_out)"""
        if retain_derived:
            self.X.append(X)
        return self.parameters["W"][X]

    def backward(self, dLdy, retain_grads=True):
        if not isinstance(dLdy, list):
            dLdy = [dLdy]
        for dy, x in zip(dLdy, self.X):
            dw = self._bwd(dy, x)
            if retain_grads:
                self.gradients["W"] += dw

    def _bwd(self, dLdy, X):
        dW = np.zeros_like(self.parameters["W"])
        dLdy = dLdy.reshape(-1, self.n_out)
        for ix, v_id in enumerate(X.flatten()):
            dW[v_id] += dLdy[ix]
        return dW
