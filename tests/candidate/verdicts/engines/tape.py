"""Numbers, a list of what is to be undone, and a function that does it."""

import math

tape = []


class Var:
    def __init__(self, value):
        self.value = value
        self.grad = 0.0

    def __add__(self, other):
        out = Var(self.value + other.value)

        def back():
            self.grad += out.grad
            other.grad += out.grad

        tape.append(back)
        return out

    def __mul__(self, other):
        out = Var(self.value * other.value)

        def back():
            self.grad += out.grad * other.value
            other.grad += out.grad * self.value

        tape.append(back)
        return out

    def sin(self):
        out = Var(math.sin(self.value))

        def back():
            self.grad += math.cos(self.value) * out.grad

        tape.append(back)
        return out

    def log(self):
        out = Var(math.log(self.value))

        def back():
            self.grad += out.grad / self.value

        tape.append(back)
        return out


def backward(node):
    node.grad = 1.0
    for back in reversed(tape):
        back()
