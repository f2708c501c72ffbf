import numpy as np


class BatchNorm2D:
    """Batch norm over (n_ex, in_rows, in_cols, in_ch): channels last."""

    def __init__(self, momentum=0.9, epsilon=1e-5):
        self.in_ch = None
        self.momentum = momentum
        self.epsilon = epsilon
        self.parameters = {"scaler": None, "intercept": None}
        self.gradients = {"scaler": None, "intercept": None}
        self.X = []
        self.is_initialized = False

    def _init_params(self):
        self.parameters = {"scaler": np.ones(self.in_ch), "intercept": np.zeros(self.in_ch)}
        self.gradients = {"scaler": np.zeros(self.in_ch), "intercept": np.zeros(self.in_ch)}
        self.is_initialized = True

    def forward(self, X, retain_derived=True):
        if not self.is_initialized:
            self.in_ch = X.shape[3]
            self._init_params()
        ep = self.epsilon
        n_ex, in_rows, in_cols, in_ch = X.shape
        Xr = X.reshape(-1, in_ch)
        mean, var = Xr.mean(axis=0), Xr.var(axis=0)
        N = (Xr - mean) / np.sqrt(var + ep)
        y = self.parameters["scaler"] * N + self.parameters["intercept"]
        if retain_derived:
            self.X.append(X)
        return y.reshape(X.shape)

    def backward(self, dLdy, retain_grads=True):
        X = self.X[-1]
        dX, dScaler, dIntercept = self._bwd(dLdy, X)
        if retain_grads:
            self.gradients["scaler"] += dScaler
            self.gradients["intercept"] += dIntercept
        return dX

    def _bwd(self, dLdy, X):
        scaler = self.parameters["scaler"]
        ep = self.epsilon
        X_shape = X.shape
        X = np.reshape(X, (-1, X_shape[3]))
        dLdy = np.reshape(dLdy, (-1, X_shape[3]))

        n_ex, n_feat = X.shape
        X_mean, X_var = X.mean(axis=0), X.var(axis=0)

        N = (X - X_mean) / np.sqrt(X_var + ep)
        dIntercept = dLdy.sum(axis=0)
        dScaler = np.sum(dLdy * N, axis=0)

        dN = dLdy * scaler
        dX = (n_ex * dN - dN.sum(axis=0) - N * (dN * N).sum(axis=0)) / (n_ex * np.sqrt(X_var + ep))
        return np.reshape(dX, X_shape), dScaler, dIntercept
