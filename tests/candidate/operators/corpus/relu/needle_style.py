import numpy as np


class ReLU:
    def compute(self, a):
        return a * (a > 0)

    def gradient(self, out_grad, node):
        a = node.inputs[0]
        return out_grad * (a > 0)


class Node:
    def __init__(self, *inputs):
        self.inputs = inputs
