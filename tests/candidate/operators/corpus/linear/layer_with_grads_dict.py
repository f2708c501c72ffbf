import numpy as np


class FCLayer:
    """weights (in, out); gradients are kept in a dict for the optimiser"""

    def __init__(self, weight, bias):
        self.params = {'w': weight, 'b': bias}
        self.grads = {}

    def forward(self, inputs):
        self.inputs = inputs
        flat = np.reshape(inputs, (len(inputs), -1))
        return np.add(np.matmul(flat, self.params['w']), self.params['b'])

    def backward(self, grad):
        flat = np.reshape(self.inputs, (len(self.inputs), -1))
        self.grads['w'] = np.matmul(np.transpose(flat), grad)
        self.grads['b'] = np.ones(len(grad)) @ grad
        d_inputs = np.matmul(grad, np.transpose(self.params['w']))
        return np.reshape(d_inputs, self.inputs.shape)
