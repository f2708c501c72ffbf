"""Whatever a forward hands to its backward, in whatever language, is handed over, and judged."""

from __future__ import annotations

import re

import pytest

from convstep import CandidateError, check
from convstep.candidate.call.words import roles_of
from tests.candidate.conftest import Files
from tests.strategies import SELDOM, some

PAIR = """
import numpy as np
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

KIND

def conv_forward(x, w, b, s=1, p=0):
    k, m = w.shape[2:]
    wide = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    cols = np.lib.stride_tricks.sliding_window_view(wide, (k, m), axis=(2, 3))[:, :, ::s, ::s]
    return np.einsum("ncijkl,fckl->nfij", cols, w) + b[:, None, None], KEPT

def conv_backward(GIVEN):
    READ
    k, m = w.shape[2:]
    dwide, dw = np.zeros(wide.shape), np.einsum("nfij,ncijkl->fckl", dy, cols)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            part = np.s_[:, :, i * s:i * s + k, j * s:j * s + m]
            dwide[part] += np.einsum("nf,fckl->nckl", dy[:, :, i, j], w)
    return dwide[:, :, p:wide.shape[2] - p, p:wide.shape[3] - p], dw, dy.sum((0, 2, 3))
"""
KINDS = {
    "a namedtuple after the gradient": (
        "Ctx = namedtuple('Ctx', 'image cols weight step edge')",
        "Ctx(wide, cols, w, s, p)",
        "dy, ctx",
        "wide, cols, w, s, p = ctx.image, ctx.cols, ctx.weight, ctx.step, ctx.edge",
    ),
    "a NamedTuple before it, unpacked": (
        "class Saved(NamedTuple):\n    a: object\n    b: object\n    c: object\n    d: int\n    e: int",
        "Saved(wide, cols, w, s, p)",
        "ctx: Saved, dy",
        "wide, cols, w, s, p = ctx",
    ),
    "a dataclass whose x is padded": (
        "@dataclass\nclass Ctx:\n    x: object\n    w: object\n    stride: int\n    pad: int",
        "Ctx(wide, w, s, p)",
        "dy, ctx",
        "wide, w, s, p = ctx.x, ctx.w, ctx.stride, ctx.pad\n    cols = np.lib.stride_tricks."
        "sliding_window_view(wide, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]",
    ),
    "a tuple whose x is padded": (
        "",
        "(wide, w, s, p)",
        "dy, cache",
        "x, w, s, p = cache\n    wide = x\n    cols = np.lib.stride_tricks."
        "sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]",
    ),
    "a namespace": (
        "",
        "SimpleNamespace(big=wide, cols=cols, w=w, s=s, p=p)",
        "ctx, dy",
        "wide, cols, w, s, p = ctx.big, ctx.cols, ctx.w, ctx.s, ctx.p",
    ),
}


def written(kind: str) -> str:
    names = zip(("KIND", "KEPT", "GIVEN", "READ"), KINDS[kind], strict=True)
    text = PAIR
    for name, code in names:
        text = text.replace(name, code)
    return text


@SELDOM
@pytest.mark.parametrize("kind", some(KINDS, 2))
def test_what_its_forward_makes_is_handed_back(kind: str, files: Files) -> None:
    verdict = check(f"{files.write('mine.py', written(kind))}:conv_backward")
    assert verdict.ok, str(verdict)
    wrong = written(kind).replace("dwide[part] +=", "dwide[part] =")
    assert not check(f"{files.write('wrong.py', wrong)}:conv_backward").ok


ALONE = """
import numpy as np

def rueckwaerts(d_ausgabe, zwischenspeicher):
    eingabe, kerne = zwischenspeicher["eingabe"], zwischenspeicher["kerne"]
    schritt, rand = zwischenspeicher["schritt"], zwischenspeicher["rand"]
    k, m = kerne.shape[2:]
    weit = np.pad(eingabe, ((0, 0), (0, 0), (rand, rand), (rand, rand)))
    d_weit, d_kerne = np.zeros_like(weit), np.zeros_like(kerne)
    for i in range(d_ausgabe.shape[2]):
        for j in range(d_ausgabe.shape[3]):
            teil = np.s_[:, :, i * schritt:i * schritt + k, j * schritt:j * schritt + m]
            d_kerne += np.einsum("nf,ncij->fcij", d_ausgabe[:, :, i, j], weit[teil])
            d_weit[teil] += np.einsum("nf,fcij->ncij", d_ausgabe[:, :, i, j], kerne)
    ende = [n - rand for n in weit.shape[2:]]
    return d_weit[:, :, rand:ende[0], rand:ende[1]], d_kerne, d_ausgabe.sum((0, 2, 3))
"""
GERMAN = "rueckwaerts ausgabe zwischenspeicher eingabe kerne schritt rand"
LANGUAGES = (
    GERMAN,
    "convolucion_atras salida memoria entrada filtros paso relleno",
    "rétropropagation sortie mémoire entrée noyaux pas marge",
    "convolucao_tras saida memoria entrada pesos passo preenchimento",
    "juanji_fanxiang shuchu huancun shuru juanjihe buchang tianchong",
    "indietro uscita memoria ingresso filtri passo bordo",
)


@SELDOM
@pytest.mark.parametrize("language", some(LANGUAGES, 2), ids=lambda words: words.split()[0])
def test_a_dict_in_another_language_is_filled(language: str, files: Files) -> None:
    text, words = ALONE, language.split()
    for old, new in zip(GERMAN.split(), words, strict=True):
        text = re.sub(rf"(?<![a-z]){old}(?![a-z])", new, text)
    verdict = check(f"{files.write('mine.py', text)}:{words[0]}")
    assert verdict.ok, str(verdict)
    wrong = text.replace("d_weit[teil] +=", "d_weit[teil] =")
    assert not check(f"{files.write('wrong.py', wrong)}:{words[0]}").ok


@pytest.mark.parametrize("name", ["d_salida", "dzdy", "gout", "der_output", "y_bar", "sortie_grad", "Fehler"])
def test_a_gradient_of_an_output_comes_from_above(name: str) -> None:
    assert roles_of(name) == ("dZ",)


@pytest.mark.parametrize("name", ["dx", "gw", "dilate_w", "dbias", "daughter", "gap"])
def test_and_no_other_gradient_does(name: str) -> None:
    assert "dZ" not in roles_of(name)


TWO_STEPS = """
import numpy as np

def low_rank_conv_forward(x, down, up):
    mid = np.einsum("nchw,rc->nrhw", x, down)
    return np.einsum("nrhw,fr->nfhw", mid, up), (x, mid, down, up)

def low_rank_conv_backward(dout, cache):
    x, mid, down, up = cache
    dup = np.einsum("nfhw,nrhw->fr", dout, mid)
    dmid = np.einsum("nfhw,fr->nrhw", dout, up)
    return np.einsum("nrhw,rc->nchw", dmid, down), np.einsum("nrhw,nchw->rc", dmid, x), dup
"""


@SELDOM
def test_what_a_cache_of_other_things_raises_is_no_mistake(files: Files) -> None:
    with pytest.raises(CandidateError, match="fits no convention"):
        check(f"{files.write('mine.py', TWO_STEPS)}:low_rank_conv_backward")


UNASKED = """
import numpy as np

def conv_forward(x, w, b, step=1):
    k, m = w.shape[2:]
    cols = np.lib.stride_tricks.sliding_window_view(x, (k, m), axis=(2, 3))[:, :, ::step, ::step]
    return np.einsum("ncijkl,fckl->nfij", cols, w) + b[:, None, None], {"x": x, "w": w, "step": step}

def conv_backward(dout, cache):
    x, w = cache["x"], cache["w"]
    (k, m), dx, dw = w.shape[2:], np.zeros(x.shape), np.zeros(w.shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            part = np.s_[:, :, i:i + k, j:j + m]
            dw += np.einsum("nf,nckl->fckl", dout[:, :, i, j], x[part])
            dx[part] += np.einsum("nf,fckl->nckl", dout[:, :, i, j], w)
    return dx, dw, dout.sum((0, 2, 3))
"""


@SELDOM
def test_a_stride_that_a_backward_never_asks_its_cache_for_is_ignored(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', UNASKED)}:conv_backward")
    assert "only when stride > 1" in verdict.headline
    assert "stride-ignored" in verdict.mistakes
    none = UNASKED.replace(", step=1", "").replace(', "step": step', "").replace("::step, ::step", "...")
    verdict = check(f"{files.write('none.py', none)}:conv_backward")
    assert verdict.ok, str(verdict)


IN_ITEMS = """
import numpy as np

class Conv:
    def forward(ctx, x, w, b, stride=1):
        k, m = w.shape[2:]
        PUT
        ctx["cols"] = np.lib.stride_tricks.sliding_window_view(x, (k, m), (2, 3))[:, :, ::stride, ::stride]
        return np.einsum("ncijkl,fckl->nfij", ctx["cols"], w) + b[:, None, None]

    def backward(ctx, dy):
        w, s, dx = ctx["w"], ctx["step"], np.zeros(ctx["size"])
        k, m = w.shape[2:]
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                part = np.s_[:, :, i * s:i * s + k, j * s:j * s + m]
                dx[part] += np.einsum("nf,fckl->nckl", dy[:, :, i, j], w)
        return dx, np.einsum("nfij,ncijkl->fckl", dy, ctx["cols"]), dy.sum((0, 2, 3))
"""


@SELDOM
@pytest.mark.parametrize(
    "put",
    ["ctx.update(w=w, step=stride, size=x.shape)", "ctx['w'], ctx['step'], ctx['size'] = w, stride, x.shape"],
)
def test_a_ctx_into_which_items_are_put_is_a_dict(files: Files, put: str) -> None:
    text = IN_ITEMS.replace("PUT", put).replace("    def", "    @staticmethod\n    def")
    verdict = check(f"{files.write('mine.py', text)}:Conv.backward")
    assert verdict.ok, str(verdict)
    assert not check(f"{files.write('wrong.py', text.replace('dx[part] +=', 'dx[part] ='))}:Conv.backward").ok


WITH_BORDERS = """
import numpy as np

def conv_fwd(x, w, stride, pad):
    top, left = pad
    k, m = w.shape[2:]
    wide = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    cols = np.lib.stride_tricks.sliding_window_view(wide, (k, m), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijkl,fckl->nfij", cols, w), (cols, w, wide.shape, stride, pad)

def conv_bwd(res, g):
    cols, w, size, stride, (top, left) = res
    dx, (k, m) = np.zeros(size), w.shape[2:]
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            part = np.s_[:, :, i * stride:i * stride + k, j * stride:j * stride + m]
            dx[part] += np.einsum("nf,fckl->nckl", g[:, :, i, j], w)
    return dx[:, :, top:size[2] - top, left:size[3] - left], np.einsum("nfij,ncijkl->fckl", g, cols)
"""


@SELDOM
def test_residuals_with_a_pair_in_them_are_those_of_a_forward_that_is_told_a_pair(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', WITH_BORDERS)}:conv_bwd")
    assert verdict.ok, str(verdict)
    wrong = WITH_BORDERS.replace("left:size[3] - left", "top:size[3] - top")
    assert not check(f"{files.write('wrong.py', wrong)}:conv_bwd").ok
