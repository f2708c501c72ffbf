"""A backward that is handed nodes of a graph, or arrays with a gradient on them, is called and judged."""

from __future__ import annotations

import pytest

from convstep import CandidateError, check
from tests.candidate.conftest import Files
from tests.strategies import SELDOM, some

OWN = """
import numpy as np

class Node:
    def __init__(self, value, inputs=()):
        self.value, self.inputs, self.grad = value, inputs, np.zeros_like(value)

def conv(x, w, b, stride=1):
    k, m = w.value.shape[2:]
    cols = np.lib.stride_tricks.sliding_window_view(x.value, (k, m), axis=(2, 3))[:, :, ::stride, ::stride]
    out = Node(np.einsum("ncijkl,fckl->nfij", cols, w.value) + b.value[:, None, None], (x, w, b))
    out.kept = cols, stride
    return out

def conv_backward(node):
    x, w, b = node.inputs
    (cols, s), g = node.kept, node.grad
    b.grad += g.sum((0, 2, 3))
    w.grad += np.einsum("nfij,ncijkl->fckl", g, cols)
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            part = np.s_[:, :, i * s:i * s + w.value.shape[2], j * s:j * s + w.value.shape[3]]
            x.grad[part] += np.einsum("nf,fckl->nckl", g[:, :, i, j], w.value)
"""
HANDED = """
import numpy as np

def conv_bwd(out, x, kern, s=1):
    k, m = kern.shape[2:]
    kern.g, x.g = np.zeros_like(kern), np.zeros_like(x)
    for i in range(out.g.shape[2]):
        for j in range(out.g.shape[3]):
            part = np.s_[:, :, i * s:i * s + k, j * s:j * s + m]
            kern.g += np.einsum("nf,nckl->fckl", out.g[:, :, i, j], x[part])
            x.g[part] += np.einsum("nf,fckl->nckl", out.g[:, :, i, j], kern)
"""
TENSORS = """
import torch
import torch.nn.functional as F

def conv_grad(inp, w, b, out):
    k, m = w.shape[2:]
    g = out.g.flatten(2)
    b.g = out.g.sum((0, 2, 3))
    w.g = torch.einsum("nfl,nkl->fk", g, F.unfold(inp, (k, m))).reshape(w.shape)
    inp.g = F.fold(w.flatten(1).T @ g, inp.shape[2:], (k, m))
"""
APART = """
import numpy as np

def conv2d_gradient(node, output_grad):
    x, w = (each.value for each in node.inputs)
    k, m = w.shape[2:]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(output_grad.shape[2]):
        for j in range(output_grad.shape[3]):
            part = np.s_[:, :, i:i + k, j:j + m]
            dw += np.einsum("nf,nckl->fckl", output_grad[:, :, i, j], x[part])
            dx[part] += np.einsum("nf,fckl->nckl", output_grad[:, :, i, j], w)
    return [dx, dw]
"""
LAYER = """
import torch
import torch.nn.functional as F

class Conv:
    def __init__(self, w, b):
        self.w, self.b = w, b
    def __call__(self, inp):
        self.inp, self.cols = inp, F.unfold(inp, self.w.shape[2:])
        n, (h, w), (k, m) = len(inp), inp.shape[2:], self.w.shape[2:]
        self.out = (self.w.flatten(1) @ self.cols + self.b[:, None]).reshape(n, -1, h - k + 1, w - m + 1)
        return self.out
    def backward(self):
        g = self.out.g.flatten(2)
        self.b.g = g.sum((0, 2))
        self.w.g = torch.einsum("nol,nkl->ok", g, self.cols).reshape(self.w.shape)
        self.inp.g = F.fold(self.w.flatten(1).T @ g, self.inp.shape[2:], self.w.shape[2:])
"""
KINDS = {
    "its own graph": (OWN, "conv_backward", ("x.grad[part] +=", "x.grad[part] =")),
    "arrays with a .g": (HANDED, "conv_bwd", ("x.g[part] +=", "x.g[part] =")),
    "tensors with a .g": (TENSORS, "conv_grad", ("w.flatten(1).T @ g", "w.flip(2).flatten(1).T @ g")),
    "the gradient apart": (APART, "conv2d_gradient", ("dw +=", "dw =")),
    "a layer whose output has it": (LAYER, "Conv", ("g.sum((0, 2))", "g.mean((0, 2))")),
}


@SELDOM
@pytest.mark.parametrize("kind", some(KINDS, 2))
def test_nodes_are_handed_over_and_their_gradients_judged(kind: str, files: Files) -> None:
    text, name, (right, wrong) = KINDS[kind]
    verdict = check(f"{files.write('mine.py', text)}:{name}")
    assert verdict.ok, str(verdict)
    assert right in text
    assert not check(f"{files.write('wrong.py', text.replace(right, wrong))}:{name}").ok


@SELDOM
def test_what_is_asked_of_a_problem_that_has_it_not_is_no_mistake(files: Files) -> None:
    text = OWN.replace("node.inputs", "node.whatever").replace("(node)", "(one)").replace("node.", "one.")
    with pytest.raises(CandidateError, match="names do not tell how to call it"):
        check(f"{files.write('mine.py', text)}:conv_backward")
