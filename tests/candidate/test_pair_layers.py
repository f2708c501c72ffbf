"""Layers of no known operator, with parameters of their own, are held against their own forward."""

from __future__ import annotations

from pathlib import Path

import pytest

from convstep.candidate.operators.caller import open_caller
from convstep.candidate.pair import PairVerdict, against_forward
from tests.strategies import SELDOM, some

SLOPES = """
class Slopes:
    def __init__(self, channels):
        self.alpha = np.full((1, channels, 1, 1), 0.25)
        self.dalpha = np.zeros_like(self.alpha)
    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)
    def backward(self, grad):
        below = self.x <= 0
        self.dalpha += (grad * self.x * below).sum((0, 2, 3), keepdims=True)
        return np.where(below, self.alpha * grad, grad)
"""
GLOBAL = """
class GlobalAvgPool:
    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3), keepdims=True)
    def backward(self, grad):
        n, c, h, w = self.shape
        return np.ones(self.shape) * grad / (h * w)
"""
SEQUENCE = """
class RNN:
    def __init__(self, Wxh, Whh, bh):
        self.Wxh, self.Whh, self.bh = Wxh, Whh, bh
    def forward(self, xs, h0):
        self.xs, self.hs = xs, [h0]
        for t in range(xs.shape[1]):
            self.hs.append(np.tanh(xs[:, t] @ self.Wxh + self.hs[-1] @ self.Whh + self.bh))
        return np.stack(self.hs[1:], axis=1)
    def backward(self, dhs):
        dxs, carry = np.zeros_like(self.xs), 0
        self.dWxh, self.dWhh, self.dbh = (np.zeros_like(p) for p in (self.Wxh, self.Whh, self.bh))
        for t in reversed(range(dhs.shape[1])):
            dz = (dhs[:, t] + carry) * (1 - self.hs[t + 1] ** 2)
            self.dWxh += self.xs[:, t].T @ dz
            self.dWhh += self.hs[t].T @ dz
            self.dbh += dz.sum(0)
            dxs[:, t] = dz @ self.Wxh.T
            carry = dz @ self.Whh.T
        return dxs, carry
"""
PAIR = """
def prelu_forward(x, a):
    return np.where(x > 0, x, a * x), (x, a)
def prelu_backward(dout, cache):
    x, a = cache
    return np.where(x > 0, dout, a * dout), (dout * x * (x <= 0)).sum(0)
"""
NORM = """
class Standard:
    def __init__(self, channels):
        self.scale = np.ones(channels)
    def forward(self, x):
        self.inv = 1 / np.sqrt(x.var(axis=(1, 2), keepdims=True) + 1e-5)
        self.xh = (x - x.mean(axis=(1, 2), keepdims=True)) * self.inv
        return self.xh * self.scale
    def backward(self, g, retain_grads=True):
        if retain_grads:
            self.dscale = (g * self.xh).sum((0, 1, 2))
        gh = g * self.scale
        m = (gh * self.xh).mean(axis=(1, 2), keepdims=True)
        return self.inv * (gh - gh.mean(axis=(1, 2), keepdims=True) - self.xh * m)
"""
ROWS = [
    (NORM, "Standard", "- self.xh * m)", ")"),
    (SLOPES, "Slopes", "* below", ""),
    (GLOBAL, "GlobalAvgPool", "h * w", "h ** 2"),
    (SEQUENCE, "RNN", "carry = dz @ self.Whh.T", "carry = dz @ self.Whh"),
    (PAIR, "prelu_backward", "a * dout)", "a)"),
]


@pytest.mark.parametrize(("text", "name", "right", "wrong"), ROWS, ids=[row[1] for row in ROWS])
def test_a_layer_is_judged_with_its_parameters(
    tmp_path: Path, text: str, name: str, right: str, wrong: str
) -> None:
    for ok, written in ((True, text), (False, text.replace(right, wrong))):
        (tmp_path / "layer.py").write_text(f"import numpy as np\n{written}")
        with open_caller(f"{tmp_path / 'layer.py'}:{name}") as worker:
            said = against_forward(worker)
        assert isinstance(said, PairVerdict), said
        assert said.ok is ok


FLAT = """
class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)
    def backward(self, {name}):
        return {name}.reshape(self.shape)
class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y
    def backward(self, {name}):
        return (1 - self.y ** 2) * {name}
def halved(x):
    return x / 2
def halved_grad({name}):
    return {name} / 2
"""


@pytest.mark.parametrize("name", some(["d", "signal", "x", "e", "output"]))
@pytest.mark.parametrize("target", ["Flatten", "Tanh", "halved_grad"])
def test_the_only_argument_of_a_backward_is_its_gradient_whatever_it_is_called(
    tmp_path: Path, target: str, name: str
) -> None:
    (tmp_path / "layer.py").write_text(f"import numpy as np\n{FLAT.format(name=name)}")
    with open_caller(f"{tmp_path / 'layer.py'}:{target}") as worker:
        said = against_forward(worker)
    if target == "halved_grad" and name == "x":  # as halved's own x: then it is a derivative, and a wrong one
        assert not isinstance(said, PairVerdict) or not said.ok
    elif target == "halved_grad" and name == "signal":  # nothing says what that is
        assert not isinstance(said, PairVerdict)
    else:
        assert isinstance(said, PairVerdict), said
        assert said.ok, str(said)


POOLED = """
class ConvPool:
    def __init__(self, num_filters):
        self.filters = np.random.randn(num_filters, 3, 3) / 9
    def forward(self, image):
        self.image = image
        seen = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
        z = np.einsum("ijkl,fkl->ijf", seen, self.filters)
        self.shape = z.shape
        h, w = z.shape[0] // 2, z.shape[1] // 2
        return z[:2 * h, :2 * w].reshape(h, 2, w, 2, -1).mean(axis=(1, 3))
    def backward(self, dout):
        dz = np.zeros(self.shape)
        spread = dout.repeat(2, 0).repeat(2, 1) / 4
        dz[:spread.shape[0], :spread.shape[1]] = spread
        seen = np.lib.stride_tricks.sliding_window_view(self.image, (3, 3))
        self.dfilters = np.einsum("ijf,ijkl->fkl", dz, seen)
        dimage = np.zeros(self.image.shape)
        for i in range(dz.shape[0]):
            for j in range(dz.shape[1]):
                dimage[i:i + 3, j:j + 3] += np.einsum("f,fkl->kl", dz[i, j], self.filters)
        return dimage
"""
LOCAL = """
class LocallyConnected:
    def __init__(self, input_shape, filters, kernel_size):
        C, H, W = input_shape
        self.k, h, w = kernel_size, H - kernel_size + 1, W - kernel_size + 1
        self.W = np.random.randn(h, w, filters, C, kernel_size, kernel_size)
    def forward(self, x):
        self.seen = np.lib.stride_tricks.sliding_window_view(x, (self.k, self.k), axis=(2, 3))
        self.shape = x.shape
        return np.einsum("ncijkl,ijfckl->nfij", self.seen, self.W)
    def backward(self, dout):
        self.dW = np.einsum("nfij,ncijkl->ijfckl", dout, self.seen)
        dx = np.zeros(self.shape)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                part = np.s_[:, :, i:i + self.k, j:j + self.k]
                dx[part] += np.einsum("nf,fckl->nckl", dout[:, :, i, j], self.W[i, j])
        return dx
"""


@SELDOM
@pytest.mark.parametrize(
    ("text", "name", "right", "wrong"),
    [
        (POOLED, "ConvPool", "repeat(2, 1) / 4", "repeat(2, 1)"),
        (LOCAL, "LocallyConnected", "dout[:, :, i, j], self.W", "dout[:, :, i, j], -self.W"),
    ],
    ids=["pooled", "local"],
)
def test_a_layer_that_is_made_as_one_that_convolves_is_right_for_its_forward_or_nothing_is_said(
    tmp_path: Path, text: str, name: str, right: str, wrong: str
) -> None:
    for ok, written in ((True, text), (False, text.replace(right, wrong))):
        (tmp_path / "layer.py").write_text(f"import numpy as np\n{written}")
        with open_caller(f"{tmp_path / 'layer.py'}:{name}") as worker:
            said = against_forward(worker)
        assert (isinstance(said, PairVerdict) and said.ok) is ok, said


NET = """
class CNN:
    def __init__(self, C=1, F=4, K=3):
        self.params = {"W1": np.random.randn(F, C, K, K), "b1": np.zeros(F)}
    def conv_forward(self, x, l):
        W, b = self.params[f"W{l}"], self.params[f"b{l}"]
        seen = np.lib.stride_tricks.sliding_window_view(x, W.shape[2:], axis=(2, 3))
        return np.einsum("ncijkl,fckl->nfij", seen, W) + b[:, None, None], x
    def conv_backward(self, dout, x, l, grads):
        W = self.params[f"W{l}"]
        seen = np.lib.stride_tricks.sliding_window_view(x, W.shape[2:], axis=(2, 3))
        grads[f"W{l}"] = np.einsum("nfij,ncijkl->fckl", dout, seen)
        grads[f"b{l}"] = dout.sum(axis=(0, 2, 3))
        dx, k = np.zeros_like(x), W.shape[2]
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                dx[:, :, i:i + k, j:j + k] += np.einsum("nf,fckl->nckl", dout[:, :, i, j], W)
        return dx
"""


@SELDOM
def test_a_nets_method_is_told_its_layer_and_given_a_dict_to_fill(tmp_path: Path) -> None:
    wrong = NET.replace("dout.sum(axis", "dout.mean(axis")
    _held(tmp_path, "CNN.conv_backward", NET, wrong, {"dx", "grads['W1']", "grads['b1']"})


TWO = """
class Net:
    def __init__(self, seed=0):
        r = np.random.RandomState(seed)
        self.W1, self.W2 = r.randn(4, 1, 3, 3), r.randn(5, 4, 3, 3)
    def slid(self, x, w):
        return np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3))
    def conv(self, x, w):
        return np.einsum("ncijkl,fckl->nfij", self.slid(x, w), w)
    def conv_back(self, g, x, w):
        gw = np.einsum("nfij,ncijkl->fckl", g, self.slid(x, w))
        wide = np.pad(g, [(0, 0)] * 2 + [(w.shape[2] - 1,) * 2] * 2)
        return np.einsum("nfijkl,fckl->ncij", self.slid(wide, w), w[:, :, ::-1, ::-1]), gw
    def forward(self, x):
        self.x, self.z1 = x, self.conv(x, self.W1)
        self.a1 = np.maximum(self.z1, 0)
        return self.conv(self.a1, self.W2).mean((2, 3))
    def backward(self, g):
        h, w = self.a1.shape[2] - 2, self.a1.shape[3] - 2
        spread = np.ones((1, 1, h, w)) * g[:, :, None, None] / (h * w)
        d, self.dW2 = self.conv_back(spread, self.a1, self.W2)
        dx, self.dW1 = self.conv_back(d * (self.z1 > 0), self.x, self.W1)
        return dx
"""


@SELDOM
def test_a_net_is_judged_by_its_backward_and_not_by_that_of_its_layers(tmp_path: Path) -> None:
    wrong = TWO.replace("d * (self.z1 > 0)", "d * (self.z1 < 0)")
    _held(tmp_path, "Net", TWO, wrong, {"dx", "self.dW1", "self.dW2"})


def _held(folder: Path, name: str, right: str, wrong: str, results: set[str]) -> None:
    """Both are held against their own forward, all their results, and only the one agrees."""
    for ok, written in ((True, right), (False, wrong)):
        (folder / "net.py").write_text(f"import numpy as np\n{written}")
        with open_caller(f"{folder / 'net.py'}:{name}") as worker:
            said = against_forward(worker)
        assert isinstance(said, PairVerdict), said
        assert said.ok is ok
        assert results == {one.result for one in said.held.ends}
