import numpy as np


class CategoricalCrossEntropy:
    # pure, mean, one-hot
    def loss(self, y_true, y_pred):
        p = np.clip(y_pred, 1e-12, 1.0)
        return -np.mean(np.sum(y_true * np.log(p), axis=1))
    def gradient(self, y_true, y_pred):
        p = np.clip(y_pred, 1e-12, 1.0)
        return -(y_true / p) / len(y_true)


class CrossEntropyLoss:
    # pure, index labels, state
    def forward(self, probs, labels):
        self.probs, self.labels = probs, labels
        self.n = probs.shape[0]
        return -np.log(probs[np.arange(self.n), labels]).mean()
    def backward(self):
        g = np.zeros_like(self.probs)
        g[np.arange(self.n), self.labels] = -1.0 / self.probs[np.arange(self.n), self.labels]
        return g / self.n


class Loss_CategoricalCrossentropy:
    # dvalues are the predictions
    def forward(self, y_pred, y_true):
        samples = len(y_pred)
        c = np.clip(y_pred, 1e-7, 1 - 1e-7)
        conf = c[range(samples), y_true] if len(y_true.shape) == 1 else np.sum(c * y_true, axis=1)
        return -np.log(conf)
    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        labels = len(dvalues[0])
        if len(y_true.shape) == 1:
            y_true = np.eye(labels)[y_true]
        self.dinputs = -y_true / dvalues
        self.dinputs = self.dinputs / samples


class CrossEntropy:
    def loss(self, y, y_pred):
        e = np.exp(y_pred - y_pred.max(axis=1, keepdims=True))
        self.s = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.s[np.arange(len(y)), y] + 1e-12).mean()
    def backward(self, y, y_pred):
        self.loss(y, y_pred)
        d = self.s.copy()
        d[np.arange(len(y)), y] -= 1
        return d / len(y)
