"""What some right layers do and others do not: means over samples, objects for parameters, own sizes."""

from __future__ import annotations

import textwrap

import pytest

from convstep import CandidateError, check
from convstep.candidate.call.parameters import Parameter
from convstep.candidate.call.signatures import _other_words
from tests.candidate.conftest import Files
from tests.strategies import SELDOM

LAYER = """
import numpy as np

class Layer:
    def __init__(self, n_in, n_out, k):
        self.w = np.zeros((n_out, n_in, k, k))
        self.b = np.zeros(n_out)

    def patches(self, a):
        k = self.w.shape[-1]
        return np.lib.stride_tricks.sliding_window_view(a, (k, k), axis=(2, 3))

    def forward(self, a):
        self.a = a
        return np.einsum("nchwij,fcij->nfhw", self.patches(a), self.w) + self.b[:, None, None]

    def backward(self, g):
        n, k = len(g), self.w.shape[-1]
        self.dw = np.einsum("nfhw,nchwij->fcij", g, self.patches(self.a))
        self.db = g.sum((0, 2, 3))
        da = np.zeros(self.a.shape)
        for i in range(k):
            for j in range(k):
                da[:, :, i:i + g.shape[2], j:j + g.shape[3]] += np.einsum(
                    "nfhw,fc->nchw", g, self.w[:, :, i, j])
        return da
"""


def said(files: Files, *changes: tuple[str, str], target: str = "Layer", source: str = LAYER) -> str:
    """The headline and the notes."""
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    verdict = check(f"{files.write('mine.py', source)}:{target}")
    return " ".join((verdict.headline, *(each.id for each in verdict.diagnosis), *verdict.notes))


W_MEAN = ("self.a))\n        self.db", "self.a)) / n\n        self.db")
B_MEAN = ("g.sum((0, 2, 3))", "g.mean(0).sum((1, 2))")
A_MEAN = ("return da", "return da / n")


@SELDOM
def test_means_over_the_batch_are_a_convention(files: Files) -> None:
    words = said(files, W_MEAN, B_MEAN)
    assert "is right: all gradients agree" in words
    assert "dW and db are divided by the number of samples, as some courses do" in words


@SELDOM
@pytest.mark.parametrize("changes", [(W_MEAN,), (B_MEAN,), (W_MEAN, B_MEAN, A_MEAN)])
def test_but_not_of_some_gradients_alone_or_of_all(
    files: Files, changes: tuple[tuple[str, str], ...]
) -> None:
    words = said(files, *changes)
    assert "is wrong" in words
    assert "averaged" in words


WEIGHT = """
class Weight:
    def __init__(self, data):
        self.data, self.grad = data, np.zeros(data.shape)

"""


@SELDOM
def test_what_an_object_for_each_parameter_collects_is_its_optimizers_to_clear(files: Files) -> None:
    kept = LAYER.replace("class Layer", WEIGHT + "class Layer")
    for name in "wb":
        kept = kept.replace(f"self.{name} = np.zeros(", f"self.{name} = Weight(np.zeros(")
        kept = kept.replace(f"self.d{name} = ", f"self.{name}.grad += ")
    kept = kept.replace("k, k))\n", "k, k)))\n").replace("zeros(n_out)", "zeros(n_out))")
    kept = kept.replace("self.w.shape", "self.w.data.shape").replace("self.w)", "self.w.data)")
    kept = kept.replace("self.w[", "self.w.data[").replace("self.b[", "self.b.data[")
    words = said(files, source=kept)
    assert "is right: all gradients agree" in words, words


@SELDOM
def test_a_layer_that_keeps_its_input_where_it_is_called_is_called(files: Files) -> None:
    base = "class Base:\n    def __call__(self, a):\n        self.a = a\n        return self.forward(a)\n\n"
    words = said(
        files,
        ("class Layer:", base + "class Layer(Base):"),
        ("        self.a = a\n        return np", "        return np"),
    )
    assert "is right: all gradients agree" in words, words


@SELDOM
def test_a_forward_that_keeps_its_input_when_told_is_told(files: Files) -> None:
    kept = (
        ("def forward(self, a):", "def forward(self, a, training=False):"),
        ("        self.a = a", "        if training:\n            self.a = a"),
    )
    assert "is right: all gradients agree" in said(files, *kept)
    assert "is wrong" in said(files, *kept, ("j:j + g.shape[3]] +=", "j:j + g.shape[3]] ="))


@SELDOM
def test_an_object_that_uses_what_it_kept_of_another_picture_is_wrong(files: Files) -> None:
    kept = "if not hasattr(self, 'p'):\n            self.p = self.patches(self.a).copy()\n        self.dw"
    words = said(files, ("self.dw", kept), ("g, self.patches(self.a))", "g, self.p)"))
    assert "something else is wrong: stale" in words, words


DILATED = [
    ("n_out, k):", "n_out, k, rate=2):\n        self.rate = rate"),
    ("        return np.lib.stride_tricks.sliding_window_view(a, (k, k), axis=(2, 3))",
     "        reach = self.rate * (k - 1) + 1\n        whole = np.lib.stride_tricks.sliding_window_view("
     "a, (reach, reach), axis=(2, 3))\n        return whole[..., ::self.rate, ::self.rate]"),
    ("da[:, :, i:i + g.shape[2], j:j + g.shape[3]]",
     "da[:, :, i * self.rate:i * self.rate + g.shape[2], j * self.rate:j * self.rate + g.shape[3]]"),
]  # fmt: skip


@SELDOM
def test_a_rate_that_is_a_whole_number_is_a_dilation(files: Files) -> None:
    words = said(files, *DILATED)
    assert "is right: all gradients agree" in words, words
    assert "expressed: dilation" not in words
    wrong = said(files, *DILATED, ("i * self.rate:i * self.rate", "i:i"))
    assert "wrong only when the kernel is larger than 1x1 and dilation > 1" in wrong, wrong


WRITTEN = textwrap.dedent(
    """
    import numpy as np
    SIDE, DEPTH = 3, 2

    def conv_backward(delta, picture, bank):
        wide = np.zeros((len(picture), DEPTH) + picture.shape[2:])
        wide[...] = picture
        dx, dw = np.zeros_like(wide), np.zeros((len(bank), DEPTH, SIDE, SIDE))
        for i in range(delta.shape[2]):
            for j in range(delta.shape[3]):
                part = np.s_[:, :, i:i + SIDE, j:j + SIDE]
                dw += np.einsum("nf,nchw->fchw", delta[:, :, i, j], wide[part])
                dx[part] += np.einsum("nf,fchw->nchw", delta[:, :, i, j], bank)
        return dx, dw, delta.sum((0, 2, 3))
    """
)


@SELDOM
def test_channels_and_kernels_that_are_written_in_are_no_mistake(files: Files) -> None:
    words = said(files, target="conv_backward", source=WRITTEN)
    assert "is right" in words, words
    assert "never takes them: input channels other than 2" in words, words
    wrong = said(files, ("dw +=", "dw ="), target="conv_backward", source=WRITTEN)
    assert "is wrong" in wrong, wrong


SAME = [
    ("sliding_window_view(a, ", "sliding_window_view(np.pad(a, [(0, 0)] * 2 + [(k // 2, k // 2)] * 2), "),
    ("np.zeros(self.a.shape)", "np.zeros((*self.a.shape[:2], *(m + k - 1 for m in self.a.shape[2:])))"),
    ("return da", "return da[:, :, k // 2:k // 2 + g.shape[2], k // 2:k // 2 + g.shape[3]]"),
]  # fmt: skip


@SELDOM
def test_even_kernels_are_not_asked_of_who_says_that_they_are_odd(files: Files) -> None:
    crop = ("self.patches(a), self.w)", "self.patches(a)[:, :, :a.shape[2], :a.shape[3]], self.w)")
    words = said(files, *SAME, crop)
    assert "only when the kernel is even" in words, words
    words = said(files, *SAME, crop, ("class Layer:", "class Layer:\n    # keeps the size; k is odd\n"))
    assert "is right" in words, words


@SELDOM
def test_a_layer_that_draws_more_than_its_kernels_is_held_against_its_own_forward(files: Files) -> None:
    scaled = (
        ("self.b = np.zeros(n_out)", "self.b, self.scale = np.zeros(n_out), np.random.rand(n_out, 1, 1) + 1"),
        ("self.w) + self.b[:, None, None]", "self.w) * self.scale + self.b[:, None, None]"),
        (
            "        n, k = len(g)",
            "        self.db = g.sum((0, 2, 3))\n        g = g * self.scale\n        n, k = len(g)",
        ),
        ("        self.db = g.sum((0, 2, 3))\n        da", "        da"),
    )
    words = said(files, *scaled)
    assert "is right" in words
    assert "the backward is right for it: its gradients are the slopes of that forward" in words


@SELDOM
def test_the_momentum_of_a_layer_that_updates_itself_is_no_state_it_must_not_keep(files: Files) -> None:
    steps = "self.w += self.drift\n        self.b -= lr * db\n        return da"
    changes = (
        ("self.b = np.zeros(n_out)", "self.b = np.zeros(n_out)\n        self.drift = np.zeros(self.w.shape)"),
        ("backward(self, g)", "backward(self, g, lr=0.1)"),
        ("self.dw =", "dw ="),
        ("self.db =", "db ="),
    )
    words = said(files, *changes, ("return da", "self.drift = 0.5 * self.drift - lr * dw\n        " + steps))
    assert "is right: all gradients agree" in words, words
    wrong = said(files, *changes, ("return da", "self.drift = 0.5 * self.drift + lr * dw\n        " + steps))
    assert "is wrong" in wrong, wrong


TENSORS = """
import torch
from torch.nn.functional import conv2d
from torch.nn.grad import conv2d_input, conv2d_weight

class Layer:
    def __init__(self, n_in, n_out, k):
        self.w, self.b = torch.zeros(n_out, n_in, k, k), torch.zeros(n_out)
        self.gw, self.gb = torch.zeros_like(self.w), torch.zeros_like(self.b)

    def forward(self, a):
        self.a = a
        return conv2d(a, self.w, self.b)

    def backward(self, g):
        self.gw += conv2d_weight(self.a, self.w.shape, g)
        self.gb += g.sum((0, 2, 3))
        return conv2d_input(self.a.shape, self.w, g)
"""


@SELDOM
def test_tensors_that_another_class_clears_are_meant_to_add_up(files: Files) -> None:
    clearing = (
        "class Descent:\n    def zero_grad(self, layer):\n        layer.gw.zero_(); layer.gb.zero_()\n\n"
    )
    words = said(files, ("class Layer", clearing + "class Layer"), source=TENSORS)
    assert "is right: all gradients agree" in words, words
    note = "and nothing in its file clears them"
    assert note not in words
    assert note in said(files, source=TENSORS)


@SELDOM
def test_a_border_that_is_valid_or_full_is_never_told_same(files: Files) -> None:
    around = "a if self.border == 'valid' else np.pad(a, [(0, 0)] * 2 + [(len(self.w[0, 0]) - 1,) * 2] * 2)"
    inside = "k - 1 if self.border == 'full' else 0"
    words = said(
        files,
        ("n_out, k):", "n_out, k, border='valid'):\n        self.border = border"),
        ("self.a = a", f"self.a = a = {around}"),
        (
            "return da",
            f"cut = {inside}\n        return da[:, :, cut:len(da[0, 0]) - cut, cut:da.shape[3] - cut]",
        ),
    )
    assert "is right: all gradients agree" in words, words


NAMED_Z = """
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

def conv_forward(z, K, b, stride):
    assert (z.shape[2] - K.shape[2]) % stride == 0
    assert (z.shape[3] - K.shape[3]) % stride == 0
    parts = sliding_window_view(z, K.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,fcij->nfhw", parts, K) + b[:, None, None]

def conv_backward(next_dz, K, z, stride):
    sides = [(n - 1) * stride + k for n, k in zip(next_dz.shape[2:], K.shape[2:])]
    dK, dz = np.zeros(K.shape), np.zeros((*z.shape[:2], *sides))
    for i in range(next_dz.shape[2]):
        for j in range(next_dz.shape[3]):
            part = np.s_[:, :, i * stride:i * stride + K.shape[2], j * stride:j * stride + K.shape[3]]
            dK += np.einsum("nf,nchw->fchw", next_dz[:, :, i, j], z[part])
            dz[part] += np.einsum("nf,fchw->nchw", next_dz[:, :, i, j], K)
    return dK, next_dz.sum((0, 2, 3)), dz
"""


@SELDOM
def test_an_input_may_be_named_z_and_its_forward_may_take_no_remainders(files: Files) -> None:
    words = said(files, target="conv_backward", source=NAMED_Z)
    assert "is right: all gradients agree" in words, words
    wrong = said(files, ("dK +=", "dK ="), target="conv_backward", source=NAMED_Z)
    assert "is wrong" in wrong, wrong


@pytest.mark.parametrize(
    ("asked", "other"), [("== 'full'", True), ("== 'valid'", False), ("in ('Same',)", False)]
)
def test_a_border_that_is_asked_whether_it_is_valid_alone_may_be_same(asked: str, other: bool) -> None:
    assert _other_words(Parameter("border", "'valid'"), f"if self.border {asked}: pass") is other


SCHICHT = """
import numpy as np

class Faltung:
    def __init__(self, gewichte, versatz, schrittweite=1, rand=0):
        self.gewichte, self.versatz = gewichte, versatz
        self.schrittweite, self.rand = schrittweite, rand
    def vorwaerts(self, bild):
        r, s = self.rand, self.schrittweite
        self.weit = np.pad(bild, ((0, 0), (0, 0), (r, r), (r, r)))
        k, m = self.gewichte.shape[2:]
        self.teile = np.lib.stride_tricks.sliding_window_view(self.weit, (k, m), axis=(2, 3))[:, :, ::s, ::s]
        return np.einsum("ncijkl,fckl->nfij", self.teile, self.gewichte) + self.versatz[:, None, None]
    def rueckwaerts(self, fehler):
        r, s = self.rand, self.schrittweite
        k, m = self.gewichte.shape[2:]
        self.grad_gewichte = np.einsum("nfij,ncijkl->fckl", fehler, self.teile)
        self.grad_versatz = fehler.sum((0, 2, 3))
        dx = np.zeros_like(self.weit)
        for i in range(fehler.shape[2]):
            for j in range(fehler.shape[3]):
                oben, links = i * s, j * s
                part = np.einsum("nf,fckl->nckl", fehler[:, :, i, j], self.gewichte)
                dx[:, :, oben:oben + k, links:links + m] += part
        return dx[:, :, r:dx.shape[2] - r, r:dx.shape[3] - r]
"""


@SELDOM
def test_a_border_that_is_padded_with_is_no_seed_whatever_it_is_called(files: Files) -> None:
    text = SCHICHT.replace("versatz", "verschiebung")
    verdict = check(f"{files.write('schicht.py', text)}:Faltung")
    assert verdict.ok, str(verdict)
    assert "padding" not in str(verdict).partition("not tried")[2].replace("different padding", "")
    assert not check(
        f"{files.write('falsch.py', text.replace('r:dx.shape[3] - r', ':dx.shape[3]'))}:Faltung"
    ).ok


TWO = """
import numpy as np

class Op:
    def __init__(self, stride=1):
        self.stride = stride
    def compute(self, A, B):
        s = self.stride
        self.seen = np.lib.stride_tricks.sliding_window_view(A, B.shape[2:], axis=(2, 3))[:, :, ::s, ::s]
        return np.einsum("ncijkl,fckl->nfij", self.seen, B)
    def gradient(self, out_grad, A, B):
        s, (k, m) = self.stride, B.shape[2:]
        dA = np.zeros(A.shape)
        for i in range(out_grad.shape[2]):
            for j in range(out_grad.shape[3]):
                part = np.einsum("nf,fckl->nckl", out_grad[:, :, i, j], B)
                dA[:, :, s * i:s * i + k, s * j:s * j + m] += part
        return dA, np.einsum("nfij,ncijkl->fckl", out_grad, self.seen)
"""


@SELDOM
def test_a_name_means_backward_what_it_means_forward(files: Files) -> None:
    verdict = check(f"{files.write('op.py', TWO)}:Op")
    assert verdict.ok, str(verdict)
    assert not check(f"{files.write('wrong.py', TWO.replace('s * j:s * j + m', 'j:j + m'))}:Op").ok


PIXELS = """
import numpy as np

def rueckwaerts(dy, bild, kern, schritt=1, rand=0):
    n, c, h, b = bild.shape
    k, m = kern.shape[2:]
    dx, weit = np.zeros(bild.shape), np.pad(bild, ((0, 0), (0, 0), (rand, rand), (rand, rand)))
    teile = np.lib.stride_tricks.sliding_window_view(weit, (k, m), axis=(2, 3))[:, :, ::schritt, ::schritt]
    for y in range(h):
        for x in range(b):
            for u in range(k):
                for v in range(m):
                    i, j = (y + rand - u) // schritt, (x + rand - v) // schritt
                    if REST 0 <= i < dy.shape[2] and 0 <= j < dy.shape[3]:
                        dx[:, :, y, x] += dy[:, :, i, j] @ kern[:, :, u, v]
    return dx, np.einsum("nfij,ncijkl->fckl", dy, teile), dy.sum((0, 2, 3))
"""
RIGHT_REST = "(y + rand - u) % schritt == 0 and (x + rand - v) % schritt == 0 and"


@SELDOM
def test_no_default_hides_a_stride_that_half_of_the_gradients_are_right_with(files: Files) -> None:
    verdict = check(f"{files.write('wrong.py', PIXELS.replace('REST', ''))}:rueckwaerts")
    assert "stride > 1" in verdict.headline, str(verdict)
    assert check(f"{files.write('mine.py', PIXELS.replace('REST', RIGHT_REST))}:rueckwaerts").ok


SQUARES = """
import numpy as np

def conv_backward(dconv_prev, conv_in, filt, s):
    assert conv_in.shape[1] == conv_in.shape[2], "square images only"
    (n_f, _, f, _), (_, side, _) = filt.shape, conv_in.shape
    dx, dw = np.zeros(conv_in.shape), np.zeros(filt.shape)
    for n in range(n_f):
        y = 0
        while y * s + f <= side:
            x = 0
            while x * s + f <= side:
                part = np.s_[:, y * s:y * s + f, x * s:x * s + f]
                dw[n] += dconv_prev[n, y, x] * conv_in[part]
                dx[part] += dconv_prev[n, y, x] * filt[n]
                x += 1
            y += 1
    return dx, dw, dconv_prev.sum(axis=(1, 2)).reshape(n_f, 1)
"""
GREY = """
import torch
from torch.autograd import Function

class Grey(Function):
    @staticmethod
    def forward(ctx, input, filter, bias):
        ctx.save_for_backward(input, filter)
        (k, m), out = filter.shape, bias
        h, w = input.shape[1] - k + 1, input.shape[2] - m + 1
        for i in range(k):
            for j in range(m):
                out = out + filter[i, j] * input[:, i:i + h, j:j + w]
        return out
    @staticmethod
    def backward(ctx, g):
        input, filter = ctx.saved_tensors
        dx, dw = torch.zeros_like(input), torch.zeros_like(filter)
        h, w = g.shape[1:]
        for i in range(filter.shape[0]):
            for j in range(filter.shape[1]):
                dw[i, j] = (g * input[:, i:i + h, j:j + w]).sum()
                dx[:, i:i + h, j:j + w] += filter[i, j] * g
        return dx, dw, g.sum().reshape(1)
"""
COUCHE = """
import numpy as np

class Couche:
    def __init__(self, canaux, n_noyaux, k, pas=1):
        self.k, self.pas = k, pas
        self.noyaux, self.biais = np.random.randn(n_noyaux, canaux, k, k), np.zeros(n_noyaux)
    def parts(self):
        for i in range((self.entree.shape[2] - self.k) // self.pas + 1):
            for j in range((self.entree.shape[3] - self.k) // self.pas + 1):
                y, x = i * self.pas, j * self.pas
                yield i, j, np.s_[:, :, y:y + self.k, x:x + self.k]
    def propagation(self, entree):
        self.entree = entree
        sizes = ((side - self.k) // self.pas + 1 for side in entree.shape[2:])
        sortie = np.zeros((len(entree), len(self.noyaux), *sizes))
        for i, j, part in self.parts():
            sortie[:, :, i, j] = np.einsum("ncij,fcij->nf", entree[part], self.noyaux) + self.biais
        return sortie
    def retropropagation(self, grad_sortie, taux):
        grad_noyaux, grad_entree = np.zeros(self.noyaux.shape), np.zeros(self.entree.shape)
        for i, j, part in self.parts():
            delta = grad_sortie[:, :, i, j]
            grad_noyaux += np.einsum("nf,ncij->fcij", delta, self.entree[part])
            grad_entree[part] += np.einsum("nf,fcij->ncij", delta, self.noyaux)
        self.noyaux -= taux * grad_noyaux
        self.biais -= taux * grad_sortie.sum(axis=(0, 2, 3))
        return grad_entree
"""


@SELDOM
@pytest.mark.parametrize(
    ("text", "name", "wrong"),
    [
        (SQUARES, "conv_backward", ("* filt[n]", "* filt[n, :, ::-1]")),
        (
            GREY,
            "Grey",
            ("dx[:, i:i + h, j:j + w] += filter[i, j] * g", "dx[:, i:i + h, j:j + w] = filter[i, j] * g"),
        ),
        (COUCHE, "Couche", ("grad_entree[part] +=", "grad_entree[part] =")),
    ],
    ids=["square pictures are asserted", "a Function of grey pictures", "a layer in French"],
)
def test_they_are_called_and_judged(files: Files, text: str, name: str, wrong: tuple[str, str]) -> None:
    verdict = check(f"{files.write('mine.py', text)}:{name}")
    assert verdict.ok, str(verdict)
    assert not check(f"{files.write('wrong.py', text.replace(*wrong))}:{name}").ok


@SELDOM
@pytest.mark.parametrize("name", ["gain", "alpha"])
def test_what_scales_the_output_is_taken_for_no_stride_or_rate(files: Files, name: str) -> None:
    changed = LAYER.replace("n_out, k)", f"n_out, k, {name})").replace("return np.einsum", "z = np.einsum")
    changed = changed.replace("np.zeros(n_out)", f"np.zeros(n_out)\n        self.gain = {name}")
    changed = changed.replace("None, None]\n", "None, None]\n        return z * self.gain\n", 1)
    headline = check(f"{files.write('mine.py', changed)}:Layer").headline
    assert headline.startswith("Layer is wrong for its own Layer.forward")


def test_what_clears_gradients_is_no_backward(files: Files) -> None:
    start, _, _ = LAYER.partition("    def backward")
    source = start + "    def zero_grad(self):\n        self.dw = np.zeros_like(self.w)\n"
    with pytest.raises(CandidateError, match="Layer has no backward"):
        check(f"{files.write('mine.py', source)}:Layer")


PIECES = """
import numpy as np

def conv_valid(a, k):
    seen = np.lib.stride_tricks.sliding_window_view(a, k.shape[2:], axis=(2, 3))
    return np.einsum("ncijkl,fckl->nfij", seen, k)

def conv_backward(dZ, A, W, stride, pad):
    (n, f, h, w), (kh, kw) = dZ.shape, W.shape[2:]
    wide = np.pad(A, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    D = np.zeros((n, f, wide.shape[2] - kh + 1, wide.shape[3] - kw + 1))
    D[:, :, ::stride, ::stride][:, :, :h, :w] = dZ
    dW = conv_valid(wide.swapaxes(0, 1), D.swapaxes(0, 1)).swapaxes(0, 1)
    full = np.pad(D, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    dA = conv_valid(full, W[:, :, ::-1, ::-1].swapaxes(0, 1))
    return dA[:, :, pad:pad + A.shape[2], pad:pad + A.shape[3]], dW, dZ.sum(axis=(0, 2, 3))
"""
DECAY = """
import numpy as np

def conv_backward(dz, a, w, reg, stride=1):
    f = w.shape[0]
    da, dw = np.zeros_like(a), np.zeros_like(w)
    for i in range(dz.shape[1]):
        for j in range(dz.shape[2]):
            part = np.s_[:, i * stride:i * stride + f, j * stride:j * stride + f]
            dw += np.einsum("mxyc,mn->xycn", a[part], dz[:, i, j])
            da[part] += np.einsum("xycn,mn->mxyc", w, dz[:, i, j])
    return da, dw + reg * w, dz.sum(axis=(0, 1, 2))
"""
UPDATE = """
import numpy as np

def conv_backward_update(model, cache, dout, lr):
    x, stride = cache["x"], cache["stride"]
    W, b = model["W"], model["b"]
    k, m = W.shape[2:]
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            part = np.s_[:, :, i * stride:i * stride + k, j * stride:j * stride + m]
            dW += np.einsum("nf,nckl->fckl", dout[:, :, i, j], x[part])
            dx[part] += np.einsum("nf,fckl->nckl", dout[:, :, i, j], W)
    model["W"] -= lr * dW
    model["b"] -= lr * dout.sum(axis=(0, 2, 3))
    return dx
"""
NET = """
import numpy as np

class Net:
    def __init__(self, n_kernels, ksize, channels, stride=1):
        self.kernels = np.random.randn(n_kernels, channels, ksize, ksize)
        self.bias, self.stride = np.zeros(n_kernels), stride
    def conv(self, x):
        s, k = self.stride, self.kernels.shape[2]
        seen = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        return np.einsum("ncijkl,fckl->nfij", seen, self.kernels) + self.bias[:, None, None]
    def forward(self, x):
        return 1 / (1 + np.exp(-self.conv(x)))
    def conv_backward(self, dz, x):
        s, k = self.stride, self.kernels.shape[2]
        dx, dk = np.zeros(x.shape), np.zeros(self.kernels.shape)
        for i in range(dz.shape[2]):
            for j in range(dz.shape[3]):
                part = np.s_[:, :, i * s:i * s + k, j * s:j * s + k]
                dk += np.einsum("nf,nckl->fckl", dz[:, :, i, j], x[part])
                dx[part] += np.einsum("nf,fckl->nckl", dz[:, :, i, j], self.kernels)
        return dx, dk, dz.sum(axis=(0, 2, 3))
"""


@SELDOM
@pytest.mark.parametrize(
    ("text", "name", "wrong"),
    [
        (PIECES, "conv_backward", ("W[:, :, ::-1, ::-1]", "W")),
        (DECAY, "conv_backward", ("da[part] +=", "da[part] =")),
        (UPDATE, "conv_backward_update", ("dx[part] +=", "dx[part] =")),
        (NET, "Net.conv_backward", ("dx[part] +=", "dx[part] =")),
    ],
    ids=[
        "what it calls is no forward",
        "a penalty weighs nothing",
        "a rate updates",
        "a net's own convolution",
    ],
)
def test_what_stands_beside_a_backward_is_no_mistake_of_it(
    files: Files, text: str, name: str, wrong: tuple[str, str]
) -> None:
    verdict = check(f"{files.write('mine.py', text)}:{name}")
    assert verdict.ok, str(verdict)
    assert not check(f"{files.write('wrong.py', text.replace(*wrong))}:{name}").ok


SHORTCUT = """
import numpy as np

def shortcut_forward(x, w, stride=2):
    few = x[:, :, ::stride, ::stride]
    return np.einsum("fc,nchw->nfhw", w[:, :, 0, 0], few), (x.shape, few, w, stride)

def shortcut_backward(dy, cache):
    # a 1x1 convolution
    shape, xs, w, stride = cache
    dx = np.zeros(shape)
    dx[:, :, ::stride, ::stride] = np.einsum("fc,nfhw->nchw", w[:, :, 0, 0], dy)
    return dx, np.einsum("nfhw,nchw->fc", dy, xs)[:, :, None, None]
"""
BATCH_LAST = """
import numpy as np

def vl_nnconv(X, F, B, DZDY, stride=1, pad=0):
    wide = np.pad(X, ((pad, pad), (pad, pad), (0, 0), (0, 0)))
    DX, DF = np.zeros_like(wide), np.zeros_like(F)
    for i in range(DZDY.shape[0]):
        for j in range(DZDY.shape[1]):
            part = np.s_[i * stride:i * stride + F.shape[0], j * stride:j * stride + F.shape[1]]
            DF += np.einsum("kn,hwcn->hwck", DZDY[i, j], wide[part])
            DX[part] += np.einsum("kn,hwck->hwcn", DZDY[i, j], F)
    return DX[pad:pad + X.shape[0], pad:pad + X.shape[1]], DF, DZDY.sum(axis=(0, 1, 3))
"""
BY_ITSELF = """
import numpy as np

def Dw_conv(dout, x, kernel_size, stride):
    kh, kw = kernel_size
    dw = np.zeros((dout.shape[1], x.shape[1], kh, kw))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            part = x[:, :, i * stride:i * stride + kh, j * stride:j * stride + kw]
            dw += np.einsum("nf,nckl->fckl", dout[:, :, i, j], part)
    return dw
"""
OF_INPUT = """
import numpy as np

def conv_dx(dout, kernel, input_size):
    h, w = input_size
    dx = np.zeros((len(dout), kernel.shape[1], h, w))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            part = np.s_[:, :, i:i + kernel.shape[2], j:j + kernel.shape[3]]
            dx[part] += np.einsum("nf,fckl->nckl", dout[:, :, i, j], kernel)
    return dx
"""
CONFIGS = (
    ("spec", "spec['weight_shape']"),
    ("layer_config", "layer_config.kernel_shape"),
    ("params", "(params['n_filters'], params['channels'], *params['filter_size'])"),
)


@SELDOM
@pytest.mark.parametrize(
    ("text", "name", "wrong"),
    [
        (
            SHORTCUT,
            "shortcut_backward",
            ('"fc,nfhw->nchw", w[:, :, 0, 0]', '"fc,nfhw->nchw", -w[:, :, 0, 0]'),
        ),
        (BATCH_LAST, "vl_nnconv", ("DX[part] +=", "DX[part] =")),
        (BY_ITSELF, "Dw_conv", ("dw +=", "dw =")),
        (OF_INPUT, "conv_dx", ("dx[part] +=", "dx[part] =")),
        *(
            (
                LAYER.replace("n_in, n_out, k)", f"{name})")
                .replace("np.zeros((n_out, n_in, k, k))", f"np.zeros({shape})")
                .replace("np.zeros(n_out)", f"np.zeros(({shape})[0])"),
                "Layer",
                ("j:j + g.shape[3]] +=", "j:j + g.shape[3]] ="),
            )
            for name, shape in CONFIGS
        ),
    ],
    ids=["a strided shortcut", "the batch last", "dw alone", "dx alone", *(name for name, _ in CONFIGS)],
)
def test_what_some_write_is_called_and_judged(
    files: Files, text: str, name: str, wrong: tuple[str, str]
) -> None:
    verdict = check(f"{files.write('mine.py', text)}:{name}")
    assert verdict.ok, str(verdict)
    assert wrong[0] in text
    assert not check(f"{files.write('wrong.py', text.replace(*wrong))}:{name}").ok


BLOCK = """
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

class Block:
    def __init__(self, dw, pw):
        self.dw, self.pw = dw, pw
    def forward(self, x):
        self.seen = sliding_window_view(x, self.dw.shape[1:], axis=(2, 3))
        self.size, self.mid = x.shape, np.einsum("nchwij,cij->nchw", self.seen, self.dw)
        return np.einsum("nchw,fc->nfhw", self.mid, self.pw)
    def backward(self, dy):
        self.d_pw = np.einsum("nfhw,nchw->fc", dy, self.mid)
        dmid = np.einsum("nfhw,fc->nchw", dy, self.pw)
        self.d_dw = np.einsum("nchw,nchwij->cij", dmid, self.seen)
        dx = np.zeros(self.size)
        for i in range(dmid.shape[2]):
            for j in range(dmid.shape[3]):
                part = np.s_[:, :, i:i + self.dw.shape[1], j:j + self.dw.shape[2]]
                dx[part] += dmid[:, :, i, j][:, :, None, None] * self.dw
        return dx
"""


@SELDOM
@pytest.mark.parametrize("name", ["SeparableConv", "DepthwiseSeparable", "PointwiseAfterDepthwise"])
def test_two_convolutions_in_one_are_held_against_their_own_forward(files: Files, name: str) -> None:
    text = BLOCK.replace("Block", name)
    assert check(f"{files.write('mine.py', text)}:{name}").headline.startswith(f"{name} is right for its own")
    wrong = text.replace("dx[part] +=", "dx[part] =")
    assert not check(f"{files.write('wrong.py', wrong)}:{name}").ok


@SELDOM
def test_a_convolution_of_volumes_is_refused_as_one(files: Files) -> None:
    text = LAYER.replace("axis=(2, 3))", "axis=(2, 3, 4))").replace("(k, k), ax", "(k, k, k), ax")
    with pytest.raises(CandidateError, match="looks like a conv3d, for which no check is known"):
        check(f"{files.write('mine.py', text)}:Layer")
