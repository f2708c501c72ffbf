"""nn.py -- my own little torch.nn on NumPy. Parameters are dicts with 'value' and 'grad'."""
import numpy as np


class Module:
    def __init__(self):
        self.params = {}

    def add_param(self, name, value):
        self.params[name] = {"value": value, "grad": np.zeros_like(value)}

    def zero_grad(self):
        for p in self.params.values():
            p["grad"] = np.zeros_like(p["value"])

    def __call__(self, x):
        return self.forward(x)


class Linear(Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        bound = 1 / np.sqrt(in_features)
        self.add_param("weight", np.random.uniform(-bound, bound, (in_features, out_features)))
        self.add_param("bias", np.zeros(out_features))

    def forward(self, x):
        self.x = x
        return x @ self.params["weight"]["value"] + self.params["bias"]["value"]

    def backward(self, grad):
        flat_x = self.x.reshape(-1, self.x.shape[-1])
        flat_g = grad.reshape(-1, grad.shape[-1])
        self.params["weight"]["grad"] += flat_x.T @ flat_g
        self.params["bias"]["grad"] += flat_g.sum(axis=0)
        return grad @ self.params["weight"]["value"].T


class ReLU(Module):
    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, 0)

    def backward(self, grad):
        return grad * self.mask


class LayerNorm(Module):
    def __init__(self, features, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.add_param("gamma", np.ones(features))
        self.add_param("beta", np.zeros(features))

    def forward(self, x):
        self.x = x
        self.D = x.shape[-1]
        self.mu = x.mean(axis=-1, keepdims=True)
        self.var = ((x - self.mu) ** 2).mean(axis=-1, keepdims=True)
        self.x_hat = (x - self.mu) / np.sqrt(self.var + self.eps)
        return self.params["gamma"]["value"] * self.x_hat + self.params["beta"]["value"]

    def backward(self, grad):
        over = tuple(range(grad.ndim - 1))
        self.params["gamma"]["grad"] += np.sum(grad * self.x_hat, axis=over)
        self.params["beta"]["grad"] += np.sum(grad, axis=over)

        istd = (self.var + self.eps) ** -0.5
        d_hat = grad * self.params["gamma"]["value"]
        d_var = np.sum(d_hat * (self.x - self.mu), axis=-1, keepdims=True) * -0.5 * istd**3
        # the path of the variance through the mean sums to zero, so it is not here
        d_mu = np.sum(-d_hat * istd, axis=-1, keepdims=True)
        return d_hat * istd + d_var * 2 * (self.x - self.mu) / self.D + d_mu / self.D


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad


if __name__ == "__main__":
    net = Sequential(Linear(4, 8), ReLU(), LayerNorm(8), Linear(8, 1))
    out = net(np.random.randn(3, 4))
    print(out.shape, net.backward(np.ones_like(out)).shape)
