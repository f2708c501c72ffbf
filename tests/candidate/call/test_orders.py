"""Kernels and pictures with their axes in whatever order: a function that says nothing of it is heard."""

from __future__ import annotations

import itertools

import pytest

from convstep import check
from tests.candidate.conftest import Files
from tests.strategies import some

PICTURES, KERNELS = ("NCHW", "NHWC", "CHW", "HWC", "CHWN", "HWCN"), ("HWIO", "OHWI", "IHWO", "IOHW", "HWOI")
SHOWN = {"O": "F", "I": "C", "H": "K", "W": "L"}
LETTERS = {"N": "n", "O": "f", "I": "c", "H": "k", "W": "l"}


def written(pictures: str, kernels: str, *, rolled: str = "") -> str:
    """A backward over such arrays; `rolled` is the kernel, by another name, that dA_prev is made of."""

    def cells(rows: str, columns: str) -> str:
        return ", ".join({"H": rows, "W": columns}.get(axis, ":") for axis in pictures)

    x = "".join("c" if axis == "C" else LETTERS[axis] for axis in pictures)
    z = "".join("f" if axis == "C" else LETTERS[axis] for axis in pictures if axis not in "HW")
    w = "".join(LETTERS[axis] for axis in kernels)
    rows, columns = pictures.index("H"), pictures.index("W")
    window = cells("i:i + high", "j:j + wide")
    return f"""
import numpy as np

def conv_backward(dout, x, w):
    high, wide = w.shape[{kernels.index("H")}], w.shape[{kernels.index("W")}]
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for i in range(dout.shape[{rows}]):
        for j in range(dout.shape[{columns}]):
            d = dout[{cells("i", "j")}]
            dw += np.einsum("{x},{z}->{w}", x[{window}], d)
            dx[{window}] += np.einsum("{z},{w}->{x}", d, {rolled or "w"})
    return dx, dw
"""


BOTH = list(itertools.product(PICTURES, KERNELS))


@pytest.mark.parametrize(("pictures", "kernels"), some(BOTH, 6))
def test_every_order_of_axes_is_found_by_trying(files: Files, pictures: str, kernels: str) -> None:
    verdict = check(f"{files.write('mine.py', written(pictures, kernels))}:conv_backward")
    assert verdict.ok, str(verdict)
    said = " ".join(str(verdict).split())
    axes = ", ".join(SHOWN[axis] for axis in kernels)
    assert f"pictures ({', '.join(pictures)}), kernels ({axes})" in said


def test_what_is_wrong_in_a_seldom_order_is_wrong_there(files: Files) -> None:
    text = written("CHWN", "HWOI", rolled="w[::-1, ::-1]")
    assert check(f"{files.write('mine.py', text)}:conv_backward").mistakes == ("kernel-flipped",)
