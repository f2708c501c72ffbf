import numpy as np


class DenseLayer(object):
    def __init__(self, W, b):
        self.W, self.b = W, b

    def fprop(self, inputs):
        return inputs.dot(self.W) + self.b

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        return grads_wrt_outputs.dot(self.W.T)

    def grads_wrt_params(self, inputs, grads_wrt_outputs):
        return [inputs.T.dot(grads_wrt_outputs), grads_wrt_outputs.sum(axis=0)]


class ReluLayer(object):
    def fprop(self, inputs):
        return np.maximum(inputs, 0.)

    def bprop(self, inputs, outputs, grads_wrt_outputs):
        return (outputs > 0) * grads_wrt_outputs


class CrossEntropySoftmaxError(object):
    def __call__(self, outputs, targets):
        normOutputs = outputs - outputs.max(-1)[:, None]
        logProb = normOutputs - np.log(np.sum(np.exp(normOutputs), axis=-1)[:, None])
        return -np.mean(np.sum(targets * logProb, axis=1))

    def grad(self, outputs, targets):
        probs = np.exp(outputs - outputs.max(-1)[:, None])
        probs /= probs.sum(-1)[:, None]
        return (probs - targets) / outputs.shape[0]
