from __future__ import annotations

import pytest

from tests.candidate.conftest import Files

HEADER = """\
import inspect
import operator
import sys
import numpy as np
import matplotlib_missing.pyplot as plt
from base_ops import Tensor
EPSILON = 1e-8
TABLE, LIST = {}, []
class Primitive:
    def __init__(self, f): self.f = f
    def defvjp(self, *fs): self.fs = fs
def primitive(f): return Primitive(f)
def defvjp(op, *fs, argnums=None): op.fs = fs
def register(name, f): TABLE[name] = f
def register_all(): TABLE["all"] = conv
def conv(x): return x
def conv_back(x): return x
def train(f=None): raise SystemExit("this must not run")
"""
BASE = """\
class Tensor:
    ops = {}
    @classmethod
    def register(cls, name, f=None):
        cls.ops[name] = f
        return lambda g: cls.ops.__setitem__(name, g) or g
"""


@pytest.mark.parametrize(
    "lines",
    [
        "x = primitive(conv)\nx.defvjp(lambda ans, x: lambda g: train(g), conv_back)",
        "p = Primitive(conv)\ndefvjp(p, None, lambda ans: ans, argnums=(0, 1))",
        "setattr(Tensor, 'conv', conv)",
        "Tensor.register('conv', conv)",
        "Tensor.register('conv')(conv)",
        "Tensor.conv = primitive(conv)",
        "Tensor.conv = conv",
        "LIST.append(conv)",
        "TABLE.update({'conv': conv})",
        "register_all()",
        "for n, f in [('a', conv), ('b', conv_back)]:\n    setattr(Tensor, n, f)",
        "for n, f in list(globals().items()):\n    if n.startswith('conv'):\n        register(n, f)",
        "for n, f in inspect.getmembers(sys.modules[__name__], inspect.isfunction):\n"
        "    if n != 'train': Tensor.register(n, f)",
        "for n in ('add', 'mul'):\n    setattr(Tensor, n, lambda a, b, n=n: getattr(operator, n)(a, b))",
        "for n in ('add', 'sub'):\n    def method(self, other): return n\n    setattr(Tensor, n, method)",
        "for device in ['cpu', 'gpu']:\n    Tensor.ops[device] = conv",
    ],
)
def test_what_tells_parts_of_the_candidate_about_each_other_runs(files: Files, lines: str) -> None:
    files.write("base_ops.py", BASE)
    files.write("mine.py", f"{HEADER}{lines}\n")
    notes = files.load("mine.py:conv").notes
    assert notes == ("matplotlib_missing is not installed, which matters only where it is used",)


@pytest.mark.parametrize(
    "lines",
    [
        "train()",
        "train(conv)",
        "losses = train(conv)",
        "conv(np.ones(3))",
        "print(conv)",
        "check_grad(conv, conv_back)",
        "register('x', train())",
        "register('x', open('f'))",
        "np.set_printoptions(EPSILON)",
        "plt.setp(conv)",
        "plt.figure().add_subplot(conv)",
        "for i in range(3): train()",
        "for i in range(3): pass",
        "for i in range(3): LIST.append(train())",
        "defvjp(EPSILON)",
    ],
)
def test_what_trains_plots_prints_or_fails_does_not(files: Files, lines: str) -> None:
    files.write("base_ops.py", BASE)
    files.write("mine.py", f"{HEADER}{lines}\n")
    notes = files.load("mine.py:conv").notes
    assert notes[1:] == ("1 top-level statement did not run (line 19); --run-all runs it",)


def test_a_package_that_completes_its_classes_when_it_is_imported(files: Files) -> None:
    files.write(
        "pack/__init__.py",
        "from pack.ops import *\nfrom pack import ops\n"
        "for name in ('conv', 'pool'):\n    setattr(ops.Node, name, getattr(ops, name))\n",
    )
    files.write("pack/ops.py", "class Node: pass\ndef conv(node): return 3\ndef pool(node): return 4\n")
    files.write("mine.py", "from pack import Node\ndef f(): return Node().conv(), Node().pool()\n")
    assert files.result("mine.py:f") == (3, 4)
