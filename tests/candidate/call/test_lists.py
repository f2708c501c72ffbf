"""Backwards over Python's lists: of planes, of filters, of numbers; taken, returned and kept in layers."""

from __future__ import annotations

import pytest

from convstep import check
from convstep.cli import main
from tests.candidate.conftest import Files
from tests.strategies import SELDOM, some

PLANES = """
import numpy as np

def slid(plane, kernel):
    seen = np.lib.stride_tricks.sliding_window_view(plane, kernel.shape)
    return np.einsum("ijkl,kl->ij", seen, kernel)

def spread(plane, kernel):
    ends = [(side - 1, side - 1) for side in kernel.shape]
    return slid(np.pad(plane, ends), kernel[::-1, ::-1])

def conv_backward(errors, images, filters):
    assert isinstance(images, list) and isinstance(errors, list)
    d_filters = [[slid(image, error) for image in images] for error in errors]
    d_biases = [float(error.sum()) for error in errors]
    d_images = [sum(spread(e, fs[c]) for e, fs in zip(errors, filters)) for c in range(len(images))]
    return d_images, d_filters, d_biases
"""
NUMBERS = """
def wide(plane, h, w):
    blank = [[0.0] * (len(plane[0]) + 2 * w) for _ in range(h)]
    return blank + [[0.0] * w + row + [0.0] * w for row in plane] + blank

def slid(plane, kernel):
    rows, columns = len(kernel), len(kernel[0])
    return [[sum(plane[i + u][j + v] * kernel[u][v] for u in range(rows) for v in range(columns))
             for j in range(len(plane[0]) - columns + 1)] for i in range(len(plane) - rows + 1)]

def added(one, other):
    return [[a + b for a, b in zip(r, s)] for r, s in zip(one, other)]

def conv_backward(dout, x, w):
    dx = []
    for c in range(len(x)):
        total = [[0.0] * len(x[0][0]) for _ in x[0]]
        for plane, kernels in zip(dout, w):
            turned = [row[::-1] for row in kernels[c][::-1]]
            total = added(total, slid(wide(plane, len(turned) - 1, len(turned[0]) - 1), turned))
        dx.append(total)
    return dx, [[slid(plane, each) for plane in x] for each in dout], [sum(map(sum, each)) for each in dout]
"""
FILTERS = """
import numpy as np

def conv_backward(dout, cache):
    x, filters = cache
    if not filters:
        raise ValueError("no filters")
    dx, grads = np.zeros_like(x), []
    for f, kernel in enumerate(filters):
        grad = np.zeros_like(kernel)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                part = np.s_[:, :, i:i + kernel.shape[1], j:j + kernel.shape[2]]
                d = dout[:, f, i, j].reshape(-1, 1, 1, 1)
                grad += (x[part] * d).sum(axis=0)
                dx[part] += kernel * d
        grads.append(grad)
    return dx, grads
"""
ONE_PICTURE = """
import numpy as np

def conv_backward(d_out, image, kernels):
    d_kernels, d_image = [], np.zeros(image.shape)
    for kernel, d in zip(kernels, d_out):
        h, w = kernel.shape
        d_kernel = np.zeros((h, w))
        for r in range(len(d)):
            for c in range(len(d[0])):
                d_kernel += d[r][c] * image[r:r + h, c:c + w]
                d_image[r:r + h, c:c + w] += d[r][c] * kernel
        d_kernels.append(d_kernel)
    return d_kernels, d_image
"""
ALONE = """
import numpy as np

def kernel_gradients(errors, image, size):
    grads = []
    for e in errors:
        seen = [[image[u:u + e.shape[0], v:v + e.shape[1]] for v in range(size)] for u in range(size)]
        grads.append(np.einsum("uvij,ij->uv", seen, e))
    return grads
"""
LAYER = (
    PLANES.partition("def conv_backward")[0]
    + """
class ConvLayer:
    def __init__(self, n_in, n_out, size):
        self.kernels = [[np.zeros((size, size)) for _ in range(n_in)] for _ in range(n_out)]
        self.biases = [0.0] * n_out

    def forward(self, maps):
        self.maps = maps
        return [sum(map(slid, maps, each)) + bias for each, bias in zip(self.kernels, self.biases)]

    def backward(self, deltas):
        self.d_kernels = [[slid(plane, delta) for plane in self.maps] for delta in deltas]
        self.d_biases = [delta.sum() for delta in deltas]
        return [sum(spread(d, ks[c]) for d, ks in zip(deltas, self.kernels)) for c in range(len(self.maps))]
"""
)
ROWS = [
    (PLANES, "conv_backward", "lists of planes", ("kernel[::-1, ::-1]", "kernel")),
    (NUMBERS, "conv_backward", "lists of numbers", ("kernels[c][::-1]]", "kernels[c]]")),
    (FILTERS, "conv_backward", "a list of filters", ("+= kernel * d", "= kernel * d")),
    (ONE_PICTURE, "conv_backward", "kernels (F, K, L)", ("+= d[r][c] * kernel", "= d[r][c] * kernel")),
    (LAYER, "ConvLayer", "kernels[:][:] (F, C, K, K)", ("kernel[::-1, ::-1]", "kernel")),
    (ALONE, "kernel_gradients", "kernels (F, K, L)", ("return grads", "return [*map(np.tril, grads)]")),
]


@pytest.mark.parametrize(("text", "name", "how", "wrong"), some(ROWS), ids=[row[2] for row in some(ROWS)])
def test_lists_are_handed_over_and_read(
    files: Files, text: str, name: str, how: str, wrong: tuple[str, str]
) -> None:
    right = check(f"{files.write('lists.py', text)}:{name}")
    assert right.ok, str(right)
    assert how in " ".join(str(right).split())
    old, new = wrong
    assert old in text
    assert not check(f"{files.write('wrong.py', text.replace(old, new))}:{name}").ok


@SELDOM
@pytest.mark.parametrize(("text", "name"), [row[:2] for row in ROWS], ids=[row[2] for row in ROWS])
def test_an_adapter_hands_them_over_too(files: Files, text: str, name: str) -> None:
    target, adapter = f"{files.write('lists.py', text)}:{name}", files.folder / "adapter.py"
    assert main(["check", target, "--write-adapter", f"{adapter}"]) == 0
    assert check(target, adapter=f"{adapter}:call").ok, adapter.read_text()
