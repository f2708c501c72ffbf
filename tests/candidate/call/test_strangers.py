"""Functions as strangers write them: other layouts, other names, what they return named by what they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep import CandidateError, check
from convstep.cli import main
from tests.candidate.call.test_named import core, tried
from tests.candidate.conftest import Files
from tests.strategies import SELDOM


def channels_before_samples(dout: Any, inp: Any, weights: Any, stride: int, padding: int) -> Any:
    x, g = inp.swapaxes(0, 1), dout.swapaxes(0, 1)
    dx, dw, db = core(x, weights.swapaxes(0, 1), g, stride, padding)
    return dx.swapaxes(0, 1), dw.swapaxes(0, 1), db


def keyed_by_parameters(top: Any, fmap: Any, krnl: Any, stride: int = 1) -> Any:
    dx, dw, _ = core(fmap, krnl, top, stride)
    return {"d_krnl": dw, "fmap": dx}


def by_rate(dout: Any, act: Any, krn: Any, rate: int, stride: int, pad: int) -> Any:
    k, m = krn.shape[2:]
    wide = np.zeros((*krn.shape[:2], rate * (k - 1) + 1, rate * (m - 1) + 1))
    wide[:, :, ::rate, ::rate] = krn
    dx, dw, db = core(act, wide, dout, stride, pad)
    return dx, dw[:, :, ::rate, ::rate], db


def kept_for_nothing(upstream: Any, kept: Any) -> Any:
    x, kernel, gamma, stride, pad = kept  # noqa: RUF059
    first = kernel[0]
    assert first.ndim == 3
    return core(x, kernel, upstream, stride, pad)


def sides_of_pairs(params: Any, kept: Any, dout: Any) -> Any:
    kernel, x = params["kernel"], kept["act"]
    (down, right), (above, left) = kept["strides"], kept["pad"]
    n, c, h, w = x.shape
    dx, dw = np.zeros((n, c, h + 2 * above, w + 2 * left)), np.zeros(kernel.shape)
    around = np.pad(x, ((0, 0), (0, 0), (above, above), (left, left)))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows = slice(i * down, i * down + kernel.shape[2])
            window = (slice(None), slice(None), rows, slice(j * right, j * right + kernel.shape[3]))
            dw += np.einsum("nf,nchw->fchw", dout[:, :, i, j], around[window])
            dx[window] += np.einsum("nf,fchw->nchw", dout[:, :, i, j], kernel)
    return dx[:, :, above : above + h, left : left + w], {"kernel": dw}


def into_buffers(
    top_diff: Any, bottom: Any, weights: Any, bottom_diff: Any, weights_diff: Any, bias_diff: Any, stride: int
) -> None:
    dx, dw, db = core(bottom, weights, top_diff, stride)
    bottom_diff += dx
    weights_diff += dw
    bias_diff += db


def every_second(delta: Any, held: Any) -> Any:
    image, bank = held
    return core(image, bank, delta, 2, 1)


def by_five(delta: Any, field: Any, bank: Any) -> Any:
    high, wide = field.shape[2] - 5 + 1, field.shape[3] - 5 + 1
    dx, dw = np.zeros(field.shape), np.zeros(bank.shape)
    for tap in range(25):
        part = np.s_[:, :, tap // 5 : tap // 5 + high, tap % 5 : tap % 5 + wide]
        dw[:, :, tap // 5, tap % 5] = np.einsum("nfhw,nchw->fc", delta, field[part])
        dx[part] += np.einsum("nfhw,fc->nchw", delta, bank[:, :, tap // 5, tap % 5])
    return dx, dw


def in_capitals(upstream: Any, x: Any, w: Any, step: int, pad: str) -> Any:
    if pad not in ("SAME", "VALID"):
        raise ValueError(pad)
    (h, wide), (k, m) = x.shape[2:], w.shape[2:]
    rows, columns = (max((-(-n // step) - 1) * step + f - n, 0) for n, f in ((h, k), (wide, m)))
    rows, columns = (rows, columns) if pad == "SAME" else (0, 0)
    top, left = rows // 2, columns // 2
    around = np.pad(x, ((0, 0), (0, 0), (top, rows - top), (left, columns - left)))
    dx, dw, db = core(around, w, upstream, step)
    return dx[:, :, top : top + h, left : left + wide], dw, db


def one_step_two_holes(upstream: Any, fmaps: Any, krns: Any, step: int = 1, dilation: Any = (1, 1)) -> Any:
    down, right = dilation
    wide = np.zeros(
        (*krns.shape[:2], *(r * (k - 1) + 1 for r, k in zip(dilation, krns.shape[2:], strict=True)))
    )
    wide[:, :, ::down, ::right] = krns
    dx, dw, _ = core(fmaps, wide, upstream, step)
    return dx, dw[:, :, ::down, ::right]


def of_grey_batches(delta: Any, imgs: Any, bank: Any) -> Any:
    count, _, _ = bank.shape
    dx, dw, db = core(imgs[:, None], bank[:, None], delta)
    return dw.reshape(count, *bank.shape[1:]), db, dx[:, 0]


def of_one_side(delta: Any, picture: Any, kernel: Any, s: int) -> Any:
    _, side, _ = picture.shape
    dx, dw = np.zeros(picture.shape), np.zeros(kernel.shape)
    for i in range((side - kernel.shape[2]) // s + 1):
        for j in range((side - kernel.shape[3]) // s + 1):
            window = np.s_[:, i * s : i * s + kernel.shape[2], j * s : j * s + kernel.shape[3]]
            dw += delta[:, i, j, None, None, None] * picture[window]
            dx[window] += np.einsum("f,fchw->chw", delta[:, i, j], kernel)
    return dx, dw


def into_a_dict(layer: dict[str, Any], d_output: Any) -> None:
    found = core(layer["input"], layer["weights"], d_output, layer["stride"], layer["pad"])
    layer["d_input"], layer["d_weights"], layer["d_bias"] = found


@pytest.mark.parametrize(
    ("function", "how"),
    [
        (one_step_two_holes, "one_step_two_holes(upstream, fmaps, krns, step, dilation)"),
        (of_grey_batches, "of_grey_batches(delta, imgs, bank): pictures (N, H, W), kernels (F, K, L)"),
        (of_one_side, "pictures (C, H, W), kernels (F, C, K, L), no padding"),
        (into_a_dict, "layer (input, weights, stride, pad)"),
        (by_five, "pictures (N, C, H, W), kernels (F, C, K, L), no padding"),
        (every_second, "a stride of 2 of its own, padding always 1"),
        (in_capitals, "in_capitals(upstream, x, w, step, pad): pictures (N, C, H, W), kernels (F, C, K, L)"),
        (by_rate, "by_rate(dout, act, krn, rate, stride, pad)"),
        (kept_for_nothing, "kept (x, kernel, gamma, stride, pad)"),
        (sides_of_pairs, "params (kernel), kept (act, strides, pad)"),
        (
            into_buffers,
            "into_buffers(top_diff, bottom, weights, bottom_diff, weights_diff, bias_diff, stride)",
        ),
        (channels_before_samples, "pictures (C, N, H, W), kernels (C, F, K, L)"),
        (keyed_by_parameters, "pictures (N, C, H, W), kernels (F, C, K, L), no padding"),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_all_gradients_are_found_and_right(function: Callable[..., Any], how: str) -> None:
    reason, results = tried(function)
    assert how in reason
    computed = [{found.name for found in result.grades} for result in results if result.ok]
    assert len(computed) >= 3
    assert all({"dW", "dA_prev"} <= names for names in computed)
    assert not [result.outcome for result in results if result.failed]


def cropped_by_minus(x: Any, w: Any, upstream: Any, spec: dict[str, int]) -> Any:
    p = spec["pad"]
    around = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dx, dw, db = core(around, w, upstream, spec["stride"])
    return dx[:, :, p:-p, p:-p], dw, db


def test_an_empty_array_is_the_wrong_gradient_and_not_one_that_is_missing() -> None:
    _, results = tried(cropped_by_minus)
    wrong = [result for result in results if result.failed]
    assert wrong
    assert all(result.wrong("dA_prev") for result in wrong)
    assert {result.right.problem.geometry.padding for result in wrong} == {((0, 0), (0, 0))}


SET_UP = """
import copy
import numpy as np

class Descent:
    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum = lr, momentum
    def update(self, w, grad):
        return w - self.lr * grad

class ConvLayer:
    def __init__(self, n_filters, kernel_size, input_shape):
        self.n_filters, self.k, self.input_shape = n_filters, kernel_size, input_shape
    def initialize(self, optimizer):
        self.weights = np.zeros((self.n_filters, self.input_shape[0], self.k, self.k))
        self.rule = copy.copy(optimizer)
    def forward(self, X):
        self.X = X
        k, (n, _, h, w) = self.k, X.shape
        out = np.zeros((n, self.n_filters, h - k + 1, w - k + 1))
        for i in range(h - k + 1):
            for j in range(w - k + 1):
                window = X[:, :, i:i + k, j:j + k]
                out[:, :, i, j] = np.tensordot(window, self.weights, ([1, 2, 3], [1, 2, 3]))
        return out
    def backward(self, grad):
        k, dX, dW = self.k, np.zeros_like(self.X), np.zeros_like(self.weights)
        for i in range(grad.shape[2]):
            for j in range(grad.shape[3]):
                at = np.s_[:, :, i:i + k, j:j + k]
                dW += np.tensordot(grad[:, :, i, j], self.X[at], (0, 0))
                dX[at] += np.tensordot(grad[:, :, i, j], self.weights, (1, 0))
        self.weights = self.rule.update(self.weights, dW)
        return dX
"""


@SELDOM
def test_what_our_optimizer_did_tells_the_gradient_right_or_wrong(files: Files) -> None:
    path = files.write("mine.py", SET_UP)
    right = check(f"{path}:ConvLayer")
    assert right.ok
    assert {found.name for result in right.swept.results for found in result.grades} == {"dW", "dA_prev"}
    averaged = files.write("mean.py", SET_UP.replace("weights, dW)", "weights, dW / len(grad))"))
    mean = check(f"{averaged}:ConvLayer")
    assert mean.ok
    assert any("dW is divided by the number of samples" in note for note in mean.notes)
    both = SET_UP.replace("weights, dW)", "weights, dW / len(grad))").replace(
        "return dX", "return dX / len(grad)"
    )
    wrong = check(f"{files.write('other.py', both)}:ConvLayer")
    assert [finding.id for finding in wrong.diagnosis] == ["averaged"]


FLAT = """
from collections import namedtuple
import numpy as np

Kept = namedtuple("Kept", "cols shape matrix")

def conv_fprop(x, matrix, bias, k):
    n, c, h, w = x.shape
    rows, columns = h - k + 1, w - k + 1
    cols = np.stack([x[:, :, i:i + rows, j:j + columns] for i in range(k) for j in range(k)], 2)
    cols = cols.reshape(n, c * k * k, -1)
    return (matrix @ cols + bias[:, None]).reshape(n, -1, rows, columns), Kept(cols, (x.shape, k), matrix)

def conv_bprop(dy, kept):
    (n, c, h, w), k = kept.shape
    g = dy.reshape(*dy.shape[:2], -1)
    back = (kept.matrix.T @ g).reshape(n, c, k, k, *dy.shape[2:])
    dx = np.zeros((n, c, h, w))
    for i in range(k):
        for j in range(k):
            dx[:, :, i:i + dy.shape[2], j:j + dy.shape[3]] += back[:, :, i, j]
    return dx, np.einsum("nfl,ncl->fc", g, kept.cols), g.sum((0, 2))
"""


@SELDOM
def test_kernels_as_a_matrix_go_to_a_forward_that_is_told_their_size(files: Files) -> None:
    path = files.write("mine.py", FLAT)
    verdict = check(f"{path}:conv_bprop")
    assert verdict.ok
    assert "kernels (F, C*K*K)" in " ".join(str(verdict).split())
    assert len([result for result in verdict.swept.results if result.ok]) > 10
    wrong = files.write("other.py", FLAT.replace("+= back", "= back"))
    assert [finding.id for finding in check(f"{wrong}:conv_bprop").diagnosis] == ["overwrite-dA"]


@SELDOM
@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("conv_bprop", FLAT),
        (
            "into",
            "def into(dout, x, w, dx, dw, db, stride):\n"
            "    for n, f, i, j in np.ndindex(dout.shape):\n"
            "        a, b = i * stride, j * stride\n"
            "        at = np.s_[n, :, a:a + w.shape[2], b:b + w.shape[3]]\n"
            "        dw[f] += dout[n, f, i, j] * x[at]\n"
            "        dx[at] += dout[n, f, i, j] * w[f]\n"
            "        db[f] += dout[n, f, i, j]\n",
        ),
        (
            "back",
            "class Plan:\n"
            "    def __init__(self, stride=1, pad=0):\n"
            "        self.step, self.border = stride, pad\n"
            "    def both(self):\n"
            "        return self.step, self.border\n"
            "def back(dout, x, w, conf):\n"
            "    s, p = conf.both()\n"
            "    around = np.pad(x, [(0, 0)] * 2 + [(p, p)] * 2)\n"
            "    dx, dw = np.zeros(around.shape), np.zeros(w.shape)\n"
            "    for n, f, i, j in np.ndindex(dout.shape):\n"
            "        at = np.s_[n, :, i * s:i * s + w.shape[2], j * s:j * s + w.shape[3]]\n"
            "        dw[f] += dout[n, f, i, j] * around[at]\n"
            "        dx[at] += dout[n, f, i, j] * w[f]\n"
            "    return dx[:, :, p:p + x.shape[2], p:p + x.shape[3]], dw, dout.sum((0, 2, 3))\n",
        ),
    ],
)
def test_the_adapter_that_is_written_runs(files: Files, name: str, source: str) -> None:
    path = files.write("mine.py", f"import numpy as np\n{source}")
    written = files.folder / "adapter.py"
    assert main(["check", f"{path}:{name}", "--write-adapter", str(written)]) == 0
    assert main(["check", f"{path}:{name}", "--adapter", f"{written}:call"]) == 0


def test_an_object_of_options_is_written_as_one_makes_it() -> None:
    from convstep.candidate.call.containers import built

    assert repr(built([((".pad",), 0), ((".stride",), 2)])) == "types.SimpleNamespace(pad=0, stride=2)"


@SELDOM
def test_what_this_python_cannot_read_is_no_verdict_and_is_named(files: Files) -> None:
    path = files.write(
        "mine.py",
        f"{FLAT}\nclass Grads(tuple):\n    x = = 3\n".replace(
            "return dx, np.einsum", "return Grads, np.einsum"
        ),
    )
    with pytest.raises(CandidateError, match=r"Grads stands at line 2\d of mine.py, .* line 2\d: invalid"):
        check(f"{path}:conv_bprop")


EVEN = """
    import numpy as np

    class Keeps:
        def __init__(self, in_channels, filters, size):
            self.w = np.zeros((filters, in_channels, size, size))

        def around(self, x):
            k = self.w.shape[2]
            return np.pad(x, ((0, 0), (0, 0), *[((k - 1) // 2, k // 2)] * 2))

        def forward(self, x):
            self.x, k = x, self.w.shape[2]
            wide = self.around(x)
            rows, columns = x.shape[2:]
            z = np.zeros((len(x), len(self.w), rows, columns))
            for i in range(k):
                for j in range(k):
                    part = wide[:, :, i : i + rows, j : j + columns]
                    z += np.einsum("nchw,fc->nfhw", part, self.w[:, :, i, j])
            return z

        def backward(self, dz):
            k, (rows, columns) = self.w.shape[2], dz.shape[2:]
            wide = self.around(self.x)
            dx, self.dw = np.zeros(wide.shape), np.zeros(self.w.shape)
            for i in range(k):
                for j in range(k):
                    part = np.s_[:, :, i : i + rows, j : j + columns]
                    self.dw[:, :, i, j] = np.einsum("nchw,nfhw->fc", wide[part], dz)
                    dx[part] += np.einsum("nfhw,fc->nchw", dz, self.w[:, :, i, j])
            top = (k - 1) // 2
            return dx[:, :, top : top + rows, top : top + columns]
"""


@SELDOM
def test_even_kernels_are_tried_where_the_forward_shows_how_they_are_padded(files: Files) -> None:
    assert check(f"{files.write('mine.py', EVEN)}:Keeps").ok
    wrong = check(f"{files.write('other.py', EVEN.replace('top = (k - 1) // 2', 'top = k // 2'))}:Keeps")
    assert "only when the kernel is even" in wrong.headline


AS_MANY = """
    import numpy as np

    def around(n, k, s):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        return total // 2, total - total // 2

    def sides(x, w, stride):
        return (0, 0), around(x.shape[1], w.shape[0], stride), around(x.shape[2], w.shape[1], stride), (0, 0)

    def same(x, w, b, stride=1):
        wide, (kh, kw) = np.pad(x, sides(x, w, stride)), w.shape[:2]
        y = np.zeros((len(x), -(-x.shape[1] // stride), -(-x.shape[2] // stride), w.shape[3]))
        for i, j in np.ndindex(y.shape[1:3]):
            at = np.s_[:, i * stride:i * stride + kh, j * stride:j * stride + kw]
            y[:, i, j] = np.tensordot(wide[at], w, 3) + b
        return y

    def same_backward(dy, x, w, stride=1):
        _, (top, bottom), (left, right), _ = pads = sides(x, w, stride)
        wide, (kh, kw) = np.pad(x, pads), w.shape[:2]
        dx, dw = np.zeros_like(wide), np.zeros_like(w)
        for i, j in np.ndindex(dy.shape[1:3]):
            at = np.s_[:, i * stride:i * stride + kh, j * stride:j * stride + kw]
            dw += np.tensordot(wide[at], dy[:, i, j], (0, 0))
            dx[at] += np.tensordot(dy[:, i, j], w, (1, 3))
        return dx[:, top:top + x.shape[1], left:left + x.shape[2]], dw, dy.sum((0, 1, 2))
"""


@SELDOM
def test_a_padding_that_depends_on_the_stride_is_known_by_the_forward(files: Files) -> None:
    right = check(f"{files.write('mine.py', AS_MANY)}:same_backward")
    assert right.ok
    assert "padding so that ceil(size / stride) places come out" in right.swept.reason
    cut = AS_MANY.replace("[:, top:top", "[:, bottom:bottom").replace("left:left", "right:right")
    wrong = check(f"{files.write('other.py', cut)}:same_backward")
    assert [each.id for each in wrong.diagnosis] == ["crop-offset"]


OWN_CACHE = """
    import numpy as np

    def conv_forward(x, w, b, stride, pad):
        around = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        k, m = w.shape[2:]
        rows, columns = (around.shape[2] - k) // stride + 1, (around.shape[3] - m) // stride + 1
        out = np.zeros((len(x), len(w), rows, columns))
        for i in range(rows):
            for j in range(columns):
                part = around[:, :, i * stride : i * stride + k, j * stride : j * stride + m]
                out[:, :, i, j] = np.tensordot(part, w, ([1, 2, 3], [1, 2, 3])) + b
        return out, (around, w, stride, pad)

    def conv_backward(dout, cache):
        around, w, stride, pad = cache
        dx, dw = np.zeros(around.shape), np.zeros(w.shape)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                rows = np.arange(w.shape[2]) + int(i * stride)
                part = (slice(None), slice(None), slice(rows[0], rows[-1] + 1),
                        slice(j * stride, j * stride + w.shape[3]))
                dw += np.tensordot(dout[:, :, i, j], around[part], (0, 0))
                dx[part] += np.tensordot(dout[:, :, i, j], w, (1, 0))
        inside = np.s_[:, :, pad : dx.shape[2] - pad, pad : dx.shape[3] - pad]
        return dx[inside], dw, dout.sum((0, 2, 3))
"""


@SELDOM
def test_what_a_cache_of_another_convention_raises_is_not_its_own_mistake(files: Files) -> None:
    path = files.write("mine.py", OWN_CACHE)
    assert check(f"{path}:conv_backward").ok
    path = files.write("other.py", OWN_CACHE.replace("dw += np", "dw = np"))
    assert [each.id for each in check(f"{path}:conv_backward").diagnosis][:1] == ["overwrite-dW"]
