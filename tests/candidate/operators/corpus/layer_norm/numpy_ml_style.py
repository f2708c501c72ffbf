import numpy as np


class LayerNorm1D:
    """Layer norm for (n_ex, n_in) inputs."""

    def __init__(self, epsilon=1e-5):
        self.n_in = None
        self.epsilon = epsilon
        self.parameters = {"scaler": None, "intercept": None}
        self.gradients = {}
        self.X = []
        self.is_initialized = False

    def _init_params(self, n_in):
        self.n_in = n_in
        self.parameters = {"scaler": np.ones(n_in), "intercept": np.zeros(n_in)}
        self.gradients = {"scaler": np.zeros(n_in), "intercept": np.zeros(n_in)}
        self.is_initialized = True

    def forward(self, X, retain_derived=True):
        if not self.is_initialized:
            self._init_params(X.shape[1])
        if retain_derived:
            self.X.append(X)
        N = (X - X.mean(axis=1, keepdims=True)) / np.sqrt(X.var(axis=1, keepdims=True) + self.epsilon)
        return self.parameters["scaler"] * N + self.parameters["intercept"]

    def backward(self, dLdy, retain_grads=True):
        if not isinstance(dLdy, list):
            dLdy = [dLdy]
        dX = []
        for dy, x in zip(dLdy, self.X):
            dx, dScaler, dIntercept = self._bwd(dy, x)
            dX.append(dx)
            if retain_grads:
                self.gradients["scaler"] += dScaler
                self.gradients["intercept"] += dIntercept
        return dX[0] if len(self.X) == 1 else dX

    def _bwd(self, dLdy, X):
        scaler = self.parameters["scaler"]
        n_ex, n_in = X.shape
        X_mean, X_var = X.mean(axis=1, keepdims=True), X.var(axis=1, keepdims=True)

        N = (X - X_mean) / np.sqrt(X_var + self.epsilon)
        dIntercept = dLdy.sum(axis=0)
        dScaler = np.sum(dLdy * N, axis=0)

        dN = dLdy * scaler
        dX = (n_in * dN - dN.sum(axis=1, keepdims=True) - N * (dN * N).sum(axis=1, keepdims=True)) / (
            n_in * np.sqrt(X_var + self.epsilon)
        )
        return dX, dScaler, dIntercept
