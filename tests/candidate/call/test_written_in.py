"""What layers and functions have written in: sides of kernels, channels, a padding of yes or no, a mean."""

from __future__ import annotations

import pytest

from convstep import check
from tests.candidate.conftest import Files
from tests.strategies import SELDOM

COLUMNS = """
import numpy as np

def unfold(xp, kh, kw, step):
    rows, cols = (xp.shape[2] - kh) // step + 1, (xp.shape[3] - kw) // step + 1
    taps = [xp[:, :, i:i + step * rows:step, j:j + step * cols:step] for i in range(kh) for j in range(kw)]
    return np.stack(taps, axis=2).transpose(0, 3, 4, 1, 2).reshape(-1, xp.shape[1] * kh * kw)

def conv_forward(x, w, b, stride=1, pad=0):
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    cols = unfold(xp, w.shape[2], w.shape[3], stride)
    rows = (xp.shape[2] - w.shape[2]) // stride + 1
    out = cols @ w.reshape(len(w), -1).T + b
    return out.reshape(len(x), rows, -1, len(w)).transpose(0, 3, 1, 2), cols, xp

def conv_backward(dout, cols, x_pad, w, stride=1, filter_h=3, filter_w=3, pad=0):
    flat = dout.transpose(0, 2, 3, 1).reshape(-1, len(w))
    dx = np.zeros_like(x_pad)
    back = (flat @ w.reshape(len(w), -1)).reshape(-1, *dout.shape[2:], w.shape[1], filter_h, filter_w)
    for i in range(filter_h):
        for j in range(filter_w):
            rows = slice(i, i + stride * dout.shape[2], stride)
            dx[:, :, rows, j:j + stride * dout.shape[3]:stride] += back[..., i, j].transpose(0, 3, 1, 2)
    return CROP, (cols.T @ flat).T.reshape(w.shape), flat.sum(axis=0)
"""


def test_a_side_of_the_kernels_is_told_even_where_it_has_a_default(files: Files) -> None:
    crop = "dx[:, :, pad:dx.shape[2] - pad, pad:dx.shape[3] - pad]"
    verdict = check(f"{files.write('mine.py', COLUMNS.replace('CROP', crop))}:conv_backward")
    assert verdict.ok
    assert {"dW", "db", "dA_prev"} == {found.name for r in verdict.swept.results for found in r.grades}


@SELDOM
def test_what_is_cropped_by_another_padding_is_still_the_gradient_of_the_pictures(files: Files) -> None:
    source = COLUMNS.replace("CROP", "dx[:, :, 1:-1, 1:-1]").replace(", pad=0):\n    flat", "):\n    flat")
    verdict = check(f"{files.write('mine.py', source)}:conv_backward")
    assert "wrong only when padding is not 1" in verdict.headline


LAYER = """
import numpy as np

class Conv:
    def __init__(self, filters_count, lr=0.1):
        self.kernels = np.random.standard_normal((filters_count, 3, 3, 3))
        self.lr = lr

    def forward(self, pixels):
        self.pixels = PIXELS
        h, w, _ = pixels.shape
        out = np.empty((h - 2, w - 2, len(self.kernels)))
        for i in range(h - 2):
            for j in range(w - 2):
                out[i, j] = np.tensordot(self.kernels, self.pixels[i:i + 3, j:j + 3], 3)
        return out

    def backward(self, grad):
        step, back = np.zeros_like(self.kernels), np.zeros_like(self.pixels)
        for i in range(grad.shape[0]):
            for j in range(grad.shape[1]):
                step += grad[i, j][:, None, None, None] * self.pixels[i:i + 3, j:j + 3]
                back[i:i + 3, j:j + 3] += np.tensordot(grad[i, j], self.kernels, 1)
        self.kernels -= self.lr * step
        return back
"""


@SELDOM
@pytest.mark.parametrize("pixels", ["pixels", "pixels / 4"])
def test_three_channels_that_are_written_in_are_no_side_of_a_kernel(files: Files, pixels: str) -> None:
    verdict = check(f"{files.write('mine.py', LAYER.replace('PIXELS', pixels))}:Conv")
    assert "(F, K, K, C)" in verdict.swept.reason
    assert verdict.ok == (pixels == "pixels")
    assert "other than 3 input channels" in verdict.swept.unsaid
    assert not any(finding.id == "columns-order" for finding in verdict.diagnosis)


SAME = """
import numpy as np

class Conv:
    def __init__(self, cin, cout, size, stride=1, HOW):
        self.weight = np.random.standard_normal((size, size, cin, cout))
        self.bias = np.zeros(cout)
        self.size, self.stride, self.padding = size, stride, padding
        self.dilation = DILATION

    def forward(self, x):
        d, k, s = self.dilation, self.size, self.stride
        self.span = (k - 1) * d + 1
        ends = [self.ends(n) for n in x.shape[1:3]]
        self.x, self.shape = np.pad(x, ((0, 0), *ends, (0, 0))), x.shape
        self.first = [top for top, _ in ends]
        rows, cols = ((n - self.span) // s + 1 for n in self.x.shape[1:3])
        out = np.zeros((len(x), rows, cols, len(self.bias)))
        for i in range(rows):
            for j in range(cols):
                out[:, i, j] = np.tensordot(self.x[self.window(i, j)], self.weight, 3)
        return out + self.bias

    def window(self, i, j):
        at = (slice(n * self.stride, n * self.stride + self.span, self.dilation) for n in (i, j))
        return (slice(None), *at)

    def ends(self, n):
        ENDS

    def backward(self, dy):
        self.dweight, dx = np.zeros_like(self.weight), np.zeros_like(self.x)
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                self.dweight += np.tensordot(self.x[self.window(i, j)], dy[:, i, j], (0, 0))
                dx[self.window(i, j)] += np.tensordot(dy[:, i, j], self.weight, (1, 3))
        self.dbias = dy.sum(axis=(0, 1, 2))
        return CROPPED
"""
CROPPED = (
    """dx[:, self.first[0]:self.first[0] + self.shape[1], self.first[1]:self.first[1] + self.shape[2]]"""
)
HALF = "return (self.size // 2,) * 2 if self.padding else (0, 0)"
TF = """total = max((-(-n // self.stride) - 1) * self.stride + self.span - n, 0)
        return (total // 2, total - total // 2) if self.padding == "same" else (0, 0)"""


def _same(how: str, ends: str, dilation: str = "1", cropped: str = CROPPED) -> str:
    source = SAME.replace("HOW", how).replace("ENDS", ends).replace("DILATION", dilation)
    return source.replace("CROPPED", cropped)


@SELDOM
def test_a_padding_that_is_told_by_a_flag_has_the_size_that_the_layer_gives_it(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', _same('padding=True', HALF))}:Conv")
    assert verdict.ok
    assert "padding other than its own" in verdict.swept.unsaid
    assert any(result.right.problem.geometry.padding[0] == (2, 2) for result in verdict.swept.results)


@SELDOM
def test_what_same_means_under_dilation_is_the_authors_choice(files: Files) -> None:
    source = _same("padding='same', dilation=1", TF, "dilation")
    verdict = check(f"{files.write('mine.py', source)}:Conv")
    assert verdict.ok
    assert any(result.right.problem.geometry.dilation[0] > 1 for result in verdict.swept.results)


@SELDOM
def test_an_empty_crop_is_named_where_only_a_kernel_of_one_has_no_padding(files: Files) -> None:
    cut = "dx[:, self.first[0]:-self.first[0], self.first[1]:-self.first[1]]"
    always = _same("**rest", "return (self.size // 2,) * 2", cropped=cut).replace(
        "stride, padding\n", "stride, None\n"
    )
    verdict = check(f"{files.write('mine.py', always)}:Conv")
    assert [finding.id for finding in verdict.diagnosis] == ["crop-zero-slice"]


MEAN = """
import numpy as np

class Conv:
    def __init__(self, c_in, c_out, k, lr=0.5):
        self.W, self.lr = np.random.standard_normal((c_out, c_in, k, k)), lr

    def forward(self, x):
        self.x, k = x, self.W.shape[2]
        rows, cols = (n - k + 1 for n in x.shape[2:])
        z = np.zeros((len(x), len(self.W), rows, cols))
        for i in range(rows):
            for j in range(cols):
                z[:, :, i, j] = np.tensordot(x[:, :, i:i + k, j:j + k], self.W, ([1, 2, 3], [1, 2, 3]))
        self.out = np.tanh(z)
        return self.out

    def backward(self, g):
        g, k = g * (1 - self.out ** 2), self.W.shape[2]
        dW, dx = np.zeros_like(self.W), np.zeros_like(self.x)
        for i in range(g.shape[2]):
            for j in range(g.shape[3]):
                dW += np.tensordot(g[:, :, i, j], self.x[:, :, i:i + k, j:j + k], (0, 0))
                dx[:, :, i:i + k, j:j + k] += np.tensordot(g[:, :, i, j], self.W, (1, 0))
        self.W -= self.lr * dW / SHARE
        return dx
"""


@SELDOM
@pytest.mark.parametrize(("share", "right"), [("len(g)", True), ("(2 * len(g))", False), ("g.size", False)])
def test_an_update_may_take_the_mean_over_the_batch_and_no_other(
    files: Files, share: str, right: bool
) -> None:
    verdict = check(f"{files.write('mine.py', MEAN.replace('SHARE', share))}:Conv")
    assert verdict.ok is right
    assert any("dW is divided by the number of samples" in note for note in verdict.notes) is right


PLANES = """
import numpy as np

def filter_forward(x, w, b, stride=1):
    (n, h, width), (f, k, m) = x.shape, w.shape
    rows, cols = (h - k) // stride + 1, (width - m) // stride + 1
    out = np.zeros((n, f, rows, cols))
    for i in range(rows):
        for j in range(cols):
            at = x[:, i * stride:i * stride + k, j * stride:j * stride + m]
            out[:, :, i, j] = np.tensordot(at, w, ([1, 2], [1, 2])) + b
    return out, (x, w, stride)

def filter_backward(dout, cache):
    x, w, stride = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    k, m = w.shape[1:]
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            at = np.s_[:, i * stride:i * stride + k, j * stride:j * stride + m]
            dw += np.tensordot(dout[:, :, i, j], x[at], (0, 0))
            dx[at] += np.tensordot(dout[:, :, i, j], w, (1, 0))
    return dx, dw, dout.sum(axis=(0, 2, 3))
"""


@SELDOM
def test_planes_without_channels_may_have_several_filters(files: Files) -> None:
    verdict = check(f"{files.write('conv_planes.py', PLANES)}:filter_backward")
    assert verdict.ok
    assert any(result.right.problem.geometry.kernel_shape[0] > 1 for result in verdict.swept.results)
    wrong = PLANES.replace("dout.sum(axis=(0, 2, 3))", "dout.sum(axis=(2, 3)).mean(axis=0)")
    assert not check(f"{files.write('conv_wrong.py', wrong)}:filter_backward").ok


SQUARE = """
import numpy as np

class Grid:
    def __init__(self, a):
        self.data = np.asarray(a, float)

class Conv:
    def __init__(self, image_size, channels, kernel_size, n_kernels, stride=1):
        self.side, self.stride = (image_size - kernel_size) // stride + 1, stride
        self.kernels = Grid(np.random.standard_normal((n_kernels, channels, kernel_size, kernel_size)))
        self.bias = np.zeros(n_kernels)

    def forward(self, pics: Grid):
        self.pics, k, s = pics, self.kernels.data.shape[2], self.stride
        out = np.zeros((len(pics.data), len(self.bias), self.side, self.side))
        for i in range(self.side):
            for j in range(self.side):
                at = pics.data[:, :, i * s:i * s + k, j * s:j * s + k]
                out[:, :, i, j] = np.tensordot(at, self.kernels.data, ([1, 2, 3], [1, 2, 3])) + self.bias
        return Grid(out)

    def backward(self, grads: Grid):
        g, x, k, s = grads.data, self.pics.data, self.kernels.data.shape[2], self.stride
        self.d_kernels, dx = np.zeros_like(self.kernels.data), np.zeros_like(x)
        for i in range(self.side):
            for j in range(self.side):
                at = np.s_[:, :, i * s:i * s + k, j * s:j * s + k]
                self.d_kernels += np.tensordot(g[:, :, i, j], x[at], (0, 0))
                dx[at] += np.tensordot(g[:, :, i, j], self.kernels.data, (1, 0))
        self.d_bias = g.sum(axis=(0, 2, 3))
        return Grid(dx)
"""


@SELDOM
def test_a_side_of_square_pictures_and_arrays_in_a_box_of_the_file(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', SQUARE)}:Conv")
    assert verdict.ok
    assert {"dW", "db", "dA_prev"} == {found.name for r in verdict.swept.results for found in r.grades}
    assert "pictures that are not square" in verdict.swept.unsaid
    wrong = check(f"{files.write('other.py', SQUARE.replace('dx[at] +=', 'dx[at] ='))}:Conv")
    assert not wrong.ok
    assert {name for finding in wrong.diagnosis for name in finding.gradients} == {"dA_prev"}


MAP = """
import numpy as np

class Conv:
    def __init__(self, shape, size, depth):
        c, h, w = shape
        self.w = np.random.standard_normal((depth, c, size, size))
        self.biases = np.random.standard_normal((depth, h - size + 1, w - size + 1))

    def forward(self, x):
        self.x, k = x, self.w.shape[2]
        out = self.biases.copy()
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[:, i, j] += np.tensordot(self.w, x[:, i:i + k, j:j + k], 3)
        return out

    def backward(self, g, lr):
        dw, dx, k = np.zeros_like(self.w), np.zeros_like(self.x), self.w.shape[2]
        for i in range(g.shape[1]):
            for j in range(g.shape[2]):
                dw += g[:, i, j][:, None, None, None] * self.x[:, i:i + k, j:j + k]
                dx[:, i:i + k, j:j + k] += np.tensordot(g[:, i, j], self.w, 1)
        self.w -= lr * dw
        self.biases -= lr * g
        return dx
"""


def test_a_bias_for_each_place_is_said_not_to_be_checked(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', MAP)}:Conv")
    assert verdict.ok
    assert "biases does not hold one number a filter: its gradient is not checked" in verdict.notes
    assert not any("not computed" in note for note in verdict.notes)


OPTIONS = """
from dataclasses import dataclass
import numpy as np

@dataclass(frozen=True)
class Sizes:
    in_channels: int
    out_channels: int
    kernel_size: tuple = (3, 3)
    stride: tuple = (1, 1)

class Conv:
    def __init__(self, spec: Sizes):
        self.spec = spec
        self.weight = np.zeros((spec.out_channels, spec.in_channels, *spec.kernel_size))

    def windows(self, a):
        (k, m), (down, right) = self.spec.kernel_size, self.spec.stride
        for i in range((a.shape[2] - k) // down + 1):
            for j in range((a.shape[3] - m) // right + 1):
                yield i, j, a[:, :, i * down:i * down + k, j * right:j * right + m]

    def forward(self, a):
        self.a = a
        axes = [1, 2, 3], [1, 2, 3]
        z = {(i, j): np.tensordot(part, self.weight, axes) for i, j, part in self.windows(a)}
        rows, cols = map(max, zip(*z))
        out = np.zeros((len(a), len(self.weight), rows + 1, cols + 1))
        for (i, j), values in z.items():
            out[:, :, i, j] = values
        return out

    def backward(self, dz):
        self.d_weight, da = np.zeros(self.weight.shape), np.zeros(self.a.shape)
        for i, j, part in self.windows(self.a):
            self.d_weight += np.tensordot(dz[:, :, i, j], part, (0, 0))
        for i, j, part in self.windows(da):
            part += np.tensordot(dz[:, :, i, j], self.weight, (1, 0))
        return da
"""


@SELDOM
def test_sizes_in_an_object_of_options_may_be_pairs(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', OPTIONS)}:Conv")
    assert verdict.ok
    assert {(1, 2), (2, 1)} <= {result.right.problem.geometry.stride for result in verdict.swept.results}
    assert "padding" in verdict.swept.unsaid
    assert not check(f"{files.write('other.py', OPTIONS.replace('part += np', 'part[...] = np'))}:Conv").ok


ABROAD = """
import numpy as np

def faltung_vorwaerts(X, gewichte, bias, schritt=1):
    taps = np.lib.stride_tricks.sliding_window_view(X, gewichte.shape[2:], (2, 3))[:, :, ::schritt, ::schritt]
    return np.einsum("nchwij,fcij->nfhw", taps, gewichte) + bias[:, None, None], (X, gewichte, schritt)

def faltung_rueckwaerts(dS, speicher):
    X, gewichte, schritt = speicher
    dX, k = np.zeros(X.shape), gewichte.shape[2:]
    dW = np.zeros(gewichte.shape)
    for i in range(k[0]):
        for j in range(k[1]):
            at = np.s_[:, :, i:i + schritt * dS.shape[2]:schritt, j:j + schritt * dS.shape[3]:schritt]
            dW[:, :, i, j] = np.einsum("nfhw,nchw->fc", dS, X[at])
            dX[at] += np.einsum("nfhw,fc->nchw", dS, gewichte[:, :, i, j])
    return dS.sum((0, 2, 3)), dW, dX
"""


@SELDOM
def test_other_languages_have_a_word_for_back_and_forth(files: Files) -> None:
    assert check(f"{files.write('faltung.py', ABROAD)}:faltung_rueckwaerts").ok
    wrong = ABROAD.replace("dX[at] +=", "dX[at] =")
    assert not check(f"{files.write('falsch.py', wrong)}:faltung_rueckwaerts").ok


VJP = """
import numpy as np

def conv_vjp(x, w, *, stride=(1, 1), rhs_dilation=(1, 1)):
    (down, right), (dh, dw) = stride, rhs_dilation
    sizes = zip(x.shape[2:], w.shape[2:], (dh, dw), stride)
    rows, cols = ((n - (k - 1) * d - 1) // s + 1 for n, k, d, s in sizes)

    def tap(a, i, j):
        a = a[:, :, i * dh:i * dh + (rows - 1) * down + 1:down]
        return a[:, :, :, j * dw:j * dw + (cols - 1) * right + 1:right]

    places = [(i, j) for i in range(w.shape[2]) for j in range(w.shape[3])]
    y = sum(np.einsum("nchw,oc->nohw", tap(x, i, j), w[:, :, i, j]) for i, j in places)

    def pullback(dy):
        dx, d_w = np.zeros(x.shape), np.zeros(w.shape)
        for i, j in places:
            tap(dx, i, j)[...] += np.einsum("nohw,oc->nchw", dy, w[:, :, i, j])
            d_w[:, :, i, j] = np.einsum("nohw,nchw->oc", dy, tap(x, i, j))
        return dx, d_w

    return y, pullback
"""


@SELDOM
def test_a_pullback_beside_the_output_is_called(files: Files) -> None:
    verdict = check(f"{files.write('mine.py', VJP)}:conv_vjp")
    assert verdict.ok
    assert any(r.right.problem.geometry.dilation[0] > 1 for r in verdict.swept.results)
    assert not check(f"{files.write('other.py', VJP.replace('[...] +=', '[...] ='))}:conv_vjp").ok
