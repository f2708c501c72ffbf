"""The forms in which right code takes things: pairs or numbers, a bias of no axes, nodes, a mask besides."""

from __future__ import annotations

import pytest

from convstep import check
from convstep.candidate.check.detect_convention import _reshaped
from tests.candidate.conftest import Files
from tests.strategies import SELDOM

PLANE = """
import torch

class Plane(torch.autograd.Function):
    @staticmethod
    def forward(ctx, plane, kernel, bias):
        ctx.save_for_backward(plane, kernel)
        windows = plane.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)
        return torch.einsum("ijkl,kl->ij", windows, kernel) + bias

    @staticmethod
    def backward(ctx, up):
        plane, kernel = ctx.saved_tensors
        dplane, dkernel = torch.zeros_like(plane), torch.zeros_like(kernel)
        h, w = up.shape
        for k in range(kernel.shape[0]):
            for l in range(kernel.shape[1]):
                dkernel[k, l] = (plane[k:k + h, l:l + w] * up).sum()
                dplane[k:k + h, l:l + w] += up * kernel[k, l]
        return dplane, dkernel, torch.sum(up)
"""
LAST = """
import torch

class Last(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, step):
        ctx.save_for_backward(x, w)
        ctx.step = step
        windows = x.unfold(1, w.shape[0], step).unfold(2, w.shape[1], step)
        return torch.einsum("nijckl,klcf->nijf", windows, w)

    @staticmethod
    def backward(ctx, up):
        (x, w), s = ctx.saved_tensors, ctx.step
        dx = torch.zeros_like(x)
        windows = x.unfold(1, w.shape[0], s).unfold(2, w.shape[1], s)
        for k in range(w.shape[0]):
            for l in range(w.shape[1]):
                rows, columns = (up.shape[1] - 1) * s + 1, (up.shape[2] - 1) * s + 1
                dx[:, k:k + rows:s, l:l + columns:s] += up @ w[k, l].T
        return dx, torch.einsum("nijckl,nijf->klcf", windows, up), None
"""
MASKED = """
import torch
import torch.nn.functional as F

class PrunedConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inp, kern, keep):
        ctx.save_for_backward(inp, kern, keep)
        return F.conv2d(inp, kern * keep)

    @staticmethod
    def backward(ctx, up):
        inp, kern, keep = ctx.saved_tensors
        d_kern = torch.nn.grad.conv2d_weight(inp, kern.shape, up) * keep
        return torch.nn.grad.conv2d_input(inp.shape, kern * keep, up), d_kern, None
"""
SCALED = """
import torch
import torch.nn.functional as F

class GainConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, gain, stride):
        z = F.conv2d(x, w, stride=stride)
        ctx.save_for_backward(x, w, gain, z)
        ctx.stride = stride
        return z * gain[:, None, None]

    @staticmethod
    def backward(ctx, up):
        x, w, gain, z = ctx.saved_tensors
        dz = up * gain[:, None, None]
        dx = torch.nn.grad.conv2d_input(x.shape, w, dz, stride=ctx.stride)
        dw = torch.nn.grad.conv2d_weight(x, w.shape, dz, stride=ctx.stride)
        return dx, dw, (up * z).sum((0, 2, 3)), None
"""
PAIRED = """
import numpy as np

def both(value):
    TAKEN

class Paired:
    def __init__(self, kernels, bias=None, step=1):
        self.kernels, self.bias = kernels, bias
        self.step = both(step)

    def forward(self, x):
        self.x, (sh, sw) = x, self.step
        kh, kw = self.kernels.shape[2:]
        windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
        self.windows = windows[:, :, ::sh, ::sw]
        z = np.einsum("ncijkl,fckl->nfij", self.windows, self.kernels)
        return z if self.bias is None else z + self.bias[:, None, None]

    def backward(self, up):
        sh, sw = self.step
        self.dkernels = np.einsum("nfij,ncijkl->fckl", up, self.windows)
        self.dbias = up.sum((0, 2, 3))
        dx = np.zeros(self.x.shape)
        for k in range(self.kernels.shape[2]):
            for l in range(self.kernels.shape[3]):
                rows = slice(k, k + (up.shape[2] - 1) * sh + 1, sh)
                columns = slice(l, l + (up.shape[3] - 1) * sw + 1, sw)
                dx[:, :, rows, columns] += np.einsum("nfij,fc->ncij", up, self.kernels[:, :, k, l])
        return dx
"""
PAIRS = [
    "return value if isinstance(value, tuple) else (value, value)",
    "return tuple(int(each) for each in np.broadcast_to(value, 2))",
    "try:\n        h, w = value\n    except TypeError:\n        h = w = value\n    return h, w",
]
OPERATOR = """
import numpy as np

class Op:
    def COMPUTE(self, a, b):
        windows = np.lib.stride_tricks.sliding_window_view(a, b.shape[2:], axis=(2, 3))
        return np.einsum("ncijkl,fckl->nfij", windows, b)

    def BACK:
        TAKEN
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
        dw = np.einsum("ncijkl,nfij->fckl", windows, g)
        dx = np.zeros(x.shape)
        for k in range(w.shape[2]):
            for l in range(w.shape[3]):
                dx[:, :, k:k + g.shape[2], l:l + g.shape[3]] += np.einsum("nfij,fc->ncij", g, w[:, :, k, l])
        return dx, dw
"""
OPERATORS = [
    ("compute", "gradient(self, g, node_inputs)", "x, w = node_inputs"),
    ("compute", "gradient(self, g, ins)", "x, w = ins[0].data, ins[1].data"),
    ("compute", "gradient(self, g, node)", "x, w = node.inputs"),
    ("compute", "gradient(self, g, node)", "x, w = (each.realize_cached_data() for each in node.inputs)"),
    ("forward", "backward(self, g, inputs)", "x = inputs[0]; w = inputs[1]"),
    ("forward", "grad(self, g, *inputs)", "x, w = inputs"),
]

CLOSURE = """
import numpy as np

def falte(bild, kerne, versatz, weite=1):
    k = kerne.shape[1]
    h, w = (bild.shape[0] - k) // weite + 1, (bild.shape[1] - k) // weite + 1
    def stueck(i, j):
        return np.s_[i * weite:i * weite + k, j * weite:j * weite + k]
    karte = np.zeros((h, w, len(kerne)))
    for i in range(h):
        for j in range(w):
            karte[i, j] = np.tensordot(kerne, bild[stueck(i, j)], 3) + versatz
    def zurueck(oben):
        d_bild, d_kerne = np.zeros_like(bild), np.zeros_like(kerne)
        for i in range(h):
            for j in range(w):
                d_bild[stueck(i, j)] += np.tensordot(oben[i, j], kerne, 1)
                d_kerne += oben[i, j][:, None, None, None] * bild[stueck(i, j)]
        return d_bild, d_kerne, oben.sum((0, 1))
    return karte, zurueck
"""


def judged(files: Files, source: str, name: str, wrong: tuple[str, str]) -> str:
    """The text of its verdict, which is that it is right; that of its twin is that it is wrong."""
    verdict = check(f"{files.write('mine.py', source)}:{name}")
    assert verdict.ok, str(verdict)
    assert wrong[0] in source
    assert not check(f"{files.write('wrong.py', source.replace(*wrong))}:{name}").ok
    return str(verdict)


@SELDOM
@pytest.mark.parametrize(
    ("source", "name", "wrong", "says"),
    [
        (PLANE, "Plane", ("up * kernel[k, l]", "up * kernel[l, k]"), "a bias that is a number"),
        (LAST, "Last", ("up @ w[k, l].T", "up @ w[-k, l].T"), "kernels (K, L, C, F)"),
        (MASKED, "PrunedConv", ("shape, kern", "shape, kern.flip(2)"), "right for its own PrunedConv.apply"),
        (SCALED, "GainConv", ("(up * z).sum", "(dz * z).sum"), "right for its own GainConv.apply"),
    ],
    ids=["a bias of no axes", "channels last", "a mask", "a scale"],
)
def test_a_function_is_called_as_its_tensors_lie(
    files: Files, source: str, name: str, wrong: tuple[str, str], says: str
) -> None:
    assert says in " ".join(judged(files, source, name, wrong).split())


def test_a_shape_that_another_of_our_inputs_would_have_is_no_mistake() -> None:
    said = "RuntimeError: Function F returned an invalid gradient at index 2 - got {} but expected shape "
    for got, expected, cured in (
        ("[]", "[1]", True),
        ("[4]", "[1, 4, 1, 1]", True),
        ("[4, 1]", "[1, 4]", True),
        ("[4, 9]", "[4, 3, 3]", False),
        ("[]", "[4]", False),
        ("[2, 3, 5, 5]", "[2, 5, 5, 3]", False),
    ):
        assert _reshaped(f"{said.format(got)}compatible with {expected}") == cured


@SELDOM
@pytest.mark.parametrize("taken", PAIRS, ids=["a tuple or not", "broadcast", "tried"])
def test_a_number_that_may_be_a_pair_is_tried_as_one_and_a_bias_is_given(files: Files, taken: str) -> None:
    source = PAIRED.replace("TAKEN", taken)
    text = judged(
        files, source, "Paired", ("dx[:, :, rows, columns]", "dx[:, :, rows, ::sh][..., :up.shape[3]]")
    )
    assert "different strides" not in text
    assert "db" not in text.partition("not")[2]


@SELDOM
def test_a_step_that_is_no_pair_is_not_tried_as_one(files: Files) -> None:
    source = PAIRED.replace("TAKEN", "return int(value), int(value)")
    verdict = check(f"{files.write('mine.py', source)}:Paired")
    assert verdict.ok
    assert "different strides along H and W" in " ".join(str(verdict).split())


@SELDOM
@pytest.mark.parametrize(("compute", "back", "taken"), OPERATORS, ids=[each[2] for each in OPERATORS])
def test_an_operator_is_handed_what_its_forward_was_given(
    files: Files, compute: str, back: str, taken: str
) -> None:
    source = OPERATOR.replace("COMPUTE", compute).replace("BACK", back).replace("TAKEN", taken)
    judged(files, source, "Op", ("g, w[:, :, k, l]", "g, w[:, :, l, k]"))


@SELDOM
def test_a_forward_that_returns_its_backward_is_called_by_use_and_place(files: Files) -> None:
    text = judged(files, CLOSURE, "falte", ("d_bild[stueck(i, j)] +=", "d_bild[stueck(i, j)] ="))
    assert "pictures (H, W, C)" in " ".join(text.split())
