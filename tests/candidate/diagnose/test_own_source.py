"""What a candidate's text shows: which of several mistakes with the same numbers, and sums made once."""

from __future__ import annotations

import textwrap

import pytest

from convstep.candidate.call.outcome import Candidate
from convstep.candidate.diagnose.own_source import added_once, tells_apart


@pytest.mark.parametrize(
    ("source", "fix"),
    [
        ("ch, r, q = places(x.shape)\nacc[:, ch, r, q] += 2 * d", "acc, (slice(None), ch, r, q), 2 * d"),
        ("flat = np.ravel(rows)\ng[flat] += d[2:]", "g, flat, d[2:]"),
        ("r = np.arange(3)\ng[1:, r, ::2] += d", "g, (slice(1, None), r, slice(None, None, 2)), d"),
        ("self.at = places(x)\ng[(slice(None),) + self.at] += d", "g, (slice(None),) + self.at, d"),
        ("for r in range(3):\n    g[r] += d", ""),
        ("for r in range(3):\n    at = window(r)\n    g[at] += d", ""),
        ("at = np.s_[2:3]\ng[at] += d", ""),
        ("n = len(x)\ng[n] += d", ""),
        ("r = np.arange(3)\ng[r] = g[r] + d", ""),
        ("r = np.arange(3)\ng[r] += d\nh[r] += d", ""),
        ("g[", ""),
    ],
)
def test_a_sum_through_index_arrays_is_rewritten_in_its_own_names(source: str, fix: str) -> None:
    body = textwrap.indent(f"def f(x):\n{textwrap.indent(source, '  ')}\n", "    ")
    said = added_once(Candidate("f", "function", ("x",), 1, source=body))
    assert said[1] == (f"np.add.at({fix})" if fix else "")


STEPS = """
N, H, V, F = g.shape
for n in range(N):
    for r in range(H):
        for q in range(V):
            top, left = r * s, q * s
            for f in range(F):
                dx[n, top:top + k, left:left + k] += w[f] * g[n, r, q, f]
"""
CORNER = """
for r in range(g.shape[2]):
    for q in range(g.shape[3]):
        at = (slice(q, q + k), slice(r, r + k))
"""
UPRIGHT = """
for q in range(g.shape[3]):
    for r in range(g.shape[2]):
        dx[:, r:r + k, q:q + k] += w * g[:, r, q]
"""
CROSSED, STRIDES, CROPS = (
    ("axes-swapped", "dZ-transposed"),
    ("stride-ignored", "dZ-not-dilated"),
    ("dA-not-padded", "crop-offset", "crop-ends-early"),
)
ADDS = "dx = np.zeros(x.shape)\nfor i in range(h):\n    dx[:, i:i + k, j:j + k] += w\n"


@pytest.mark.parametrize(
    ("ids", "body", "shown"),
    [
        (CROSSED, STEPS, ""),
        (CROSSED, STEPS.replace("g[n, r, q", "g[n, q, r"), "dZ-transposed"),
        (CROSSED, STEPS.replace("r * s, q * s", "q * s, r * s"), "axes-swapped"),
        (CROSSED, STEPS.replace("V, F = g.shape", "V, F = sizes"), ""),
        (CROSSED, CORNER, "axes-swapped"),
        (CROSSED, UPRIGHT, ""),
        (CROSSED, UPRIGHT.replace("g[:, r, q", "g[:, q, r"), "dZ-transposed"),
        (CROSSED, "for r, q in np.ndindex(g.shape[1:3]):\n    f(x[r:k, q:k], g[:, q, r])", "dZ-transposed"),
        (STRIDES, STEPS, "stride-ignored"),
        (STRIDES, "v = view(pad(g))\nreturn einsum(v, w[:, ::-1, ::-1])", "dZ-not-dilated"),
        (STRIDES, "return g @ w", ""),
        (CROPS, "return gxp[..., :h, :v], gw", "crop-offset"),
        (CROPS, "return gxp[:, p:p + h, q:q + v], gw", ""),
        (CROPS, "gx[:, :h, :v] += w[:h, :v]", ""),
        (CROPS, "cols = xp[:, :h, :v]\nreturn gx", ""),  # windows of the input are no gradient
        (CROPS, "dx = gxp[:, p:h - p, q:v - q]", "crop-ends-early"),
        (CROPS, "dx = gxp[:, p:h - p, q:v + q]", ""),
        (CROPS, ADDS, "dA-not-padded"),
        (CROPS, ADDS + "return dx[:, p:h - p, p:v - p]", "dA-not-padded"),
        (CROPS, "x = np.pad(x, 1)\n" + ADDS, ""),
        (CROPS, ADDS.replace("x.shape", "x_pad.shape"), ""),
        (CROPS, "dx = np.zeros_like(x)\nat = dx[:, i:i + k, j:j + k]\nat += w", "dA-not-padded"),
        (CROPS, "dxp = pad(np.zeros_like(x))\ndxp[:, i:i + k, j:j + k] += w", ""),
        (CROPS, "return (", ""),
    ],
)
def test_of_mistakes_with_the_same_numbers_the_text_shows_one(
    ids: tuple[str, str], body: str, shown: str
) -> None:
    forward = "class C:\n def forward(self, x):\n  return x[:k, :k]\n"
    source = f"{forward} def f(self, x):\n{textwrap.indent(body, '  ')}\n"
    assert tells_apart(Candidate("C", "class", ("x",), 1, source=source), ids) == shown
