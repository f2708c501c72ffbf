"""What a parameter is that no name explains, and what a default does that was replaced."""

from __future__ import annotations

import pytest

from convstep import check
from tests.candidate.call.test_habits import DILATED, LAYER, said
from tests.candidate.conftest import Files
from tests.strategies import SELDOM

TAKEN_OUT = """
import numpy as np

def voorwaarts(x, w, b, tred=1, rond=0):
    x = np.pad(x, ((0, 0), (0, 0), (rond, rond), (rond, rond)))
    seen = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::tred, ::tred]
    return np.einsum("ncijkl,fckl->nfij", seen, w) + b[:, None, None]

def achterwaarts(x, w, b, dy, tred=1, rond=0):
    wide = np.pad(x, ((0, 0), (0, 0), (rond, rond), (rond, rond)))
    dx, dw, (k, m) = np.zeros(wide.shape), np.zeros(w.shape), w.shape[2:]
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            part = np.s_[:, :, i * tred:i * tred + k, j * tred:j * tred + m]
            dw += np.einsum("nf,nckl->fckl", dy[:, :, i, j], wide[part])
            dx[part] += np.einsum("nf,fckl->nckl", dy[:, :, i, j], w)
    return dx[:, :, rond:rond + x.shape[2], rond:rond + x.shape[3]], dw, dy.sum((0, 2, 3))
"""
SPREAD = LAYER
for _old, _new in DILATED:
    SPREAD = SPREAD.replace(_old, _new.replace("rate=2", "hopp=1").replace("rate", "hopp"))


@SELDOM
@pytest.mark.parametrize(
    ("text", "name", "wrong", "only"),
    [
        (TAKEN_OUT, "achterwaarts", ("dx[:, :, rond:rond", "dx[:, :, :rond"), "padding > 0"),
        (TAKEN_OUT, "achterwaarts", ("dx[part] +=", "dx[:, :, i:i + k, j:j + m] +="), "stride > 1"),
        (SPREAD, "Layer", ("i * self.hopp:i * self.hopp", "i:i"), "dilation > 1"),
    ],
    ids=["a padding", "a stride", "a dilation"],
)
def test_a_default_of_one_or_none_is_what_its_forward_makes_of_it(
    files: Files, text: str, name: str, wrong: tuple[str, str], only: str
) -> None:
    verdict = check(f"{files.write('mine.py', text)}:{name}")
    assert verdict.ok, str(verdict)
    assert "not varied" not in str(verdict)
    assert only in check(f"{files.write('wrong.py', text.replace(*wrong))}:{name}").headline


@SELDOM
def test_without_a_forward_a_gradient_says_what_a_default_is(files: Files) -> None:
    alone = "import numpy as np\n\n" + TAKEN_OUT[TAKEN_OUT.index("def achterwaarts") :].replace(
        "x, w, b,", "x, w,"
    )
    wrong = alone.replace("dx[part] +=", "dx[:, :, i:i + k, j:j + m] +=")
    assert check(f"{files.write('mine.py', alone)}:achterwaarts").ok
    assert "stride > 1" in check(f"{files.write('wrong.py', wrong)}:achterwaarts").headline


@SELDOM
def test_a_default_of_one_that_scales_is_none_of_these_and_said(files: Files) -> None:
    scaled = LAYER.replace("n_out, k):", "n_out, k, hopp=1):\n        self.hopp = hopp")
    scaled = scaled.replace("self.a = a", "self.a = a * self.hopp").replace(
        "return da", "return da * self.hopp"
    )
    words = said(files, source=scaled)
    assert "is right" in words
    assert "not varied: hopp" in words


UNSAID = """
import numpy as np

class Katman:
    def __init__(self, n_filter, size):
        self.filters = np.random.randn(n_filter, size, size)
    def tazele(self, hiz):
        self.filters = self.filters - hiz * self.toplam
    def sar(self, img):
        self.img, k = img, self.filters.shape[1]
        seen = np.lib.stride_tricks.sliding_window_view(img, (k, k))
        return np.einsum("ijkl,fkl->ijf", seen, self.filters)
    def coz(self, d_out):
        k, d_img = self.filters.shape[1], np.zeros(self.img.shape)
        seen = np.lib.stride_tricks.sliding_window_view(self.img, (k, k))
        self.toplam = np.einsum("ijkl,ijf->fkl", seen, d_out)
        for i in range(d_out.shape[0]):
            for j in range(d_out.shape[1]):
                d_img[i:i + k, j:j + k] += np.einsum("f,fkl->kl", d_out[i, j], self.filters)
        return d_img
"""


@SELDOM
def test_what_methods_keep_says_which_is_forward_and_backward(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', UNSAID)}:Katman")
    assert verdict.ok, str(verdict)
    assert "then sar(img) and coz(d_out)" in " ".join(str(verdict).split())
    wrong = UNSAID.replace("j:j + k] +=", "j:j + k] =")
    assert not check(f"{files.write('wrong.py', wrong)}:Katman").ok


TANH = [
    ("n_out, k):", "n_out, k, act_fn='tanh'):\n        self.act_fn = act_fn"),
    ("        return np.einsum", "        z = np.einsum"),
    ("None, None]\n", "None, None]\n        self.y = np.tanh(z) if self.act_fn == 'tanh' else z\n"
     "        return self.y\n"),
    ("        n, k = len(g)", "        g = g * (1 - self.y ** 2) if self.act_fn == 'tanh' else g\n"
     "        n, k = len(g)"),
]  # fmt: skip
CACHED = """
import numpy as np

def conv_forward(x, w, b, activation="relu"):
    seen = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    z = np.einsum("ncijkl,fckl->nfij", seen, w) + b[:, None, None]
    return np.maximum(z, 0) if activation == "relu" else z, (x, w, b, activation, z)

def conv_backward(da, cache):
    x, w, b, activation, z = cache
    dz = da * (z > 0) if activation == "relu" else da
    dx, dw, (k, m) = np.zeros(x.shape), np.zeros(w.shape), w.shape[2:]
    for i in range(k):
        for j in range(m):
            part = np.s_[:, :, i:i + z.shape[2], j:j + z.shape[3]]
            dw[:, :, i, j] = np.einsum("nfij,ncij->fc", dz, x[part])
            dx[part] += np.einsum("nfij,fc->ncij", dz, w[:, :, i, j])
    return dx, dw, dz.sum((0, 2, 3))
"""


@SELDOM
@pytest.mark.parametrize(
    ("text", "name", "wrong", "names"),
    [
        (LAYER, "Layer", ("self.db = g.sum", "self.db = first.sum"), "db is wrong"),
        (CACHED, "conv_backward", ('"nfij,ncij->fc", dz', '"nfij,ncij->fc", da'), "dW is wrong"),
    ],
    ids=["a layer with tanh", "functions with a ReLU"],
)
def test_an_activation_that_was_switched_off_is_tried_as_it_is_by_default(
    files: Files, text: str, name: str, wrong: tuple[str, str], names: str
) -> None:
    for old, new in TANH if text is LAYER else ():
        assert old in text
        text = text.replace(old, new)
    text = text.replace("        g = g *", "        first = g\n        g = g *")
    words = said(files, target=name, source=text)
    assert "is right: all gradients agree" in words
    assert "also right with its default" in words, words
    assert wrong[0] in text
    verdict = check(f"{files.write('wrong.py', text.replace(*wrong))}:{name}")
    assert not verdict.ok
    assert f"for that {names}" in str(verdict), str(verdict)


@SELDOM
def test_a_layer_that_leaves_its_activation_to_others_is_right_and_told_so(files: Files) -> None:
    words = said(files, *TANH[:3])
    assert "is right" in words
    assert "which the backward leaves out" in words
