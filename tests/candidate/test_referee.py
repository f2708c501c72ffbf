"""`check` and `assert_correct`, as people's scripts and tests call them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep import CandidateError, CannotCall, Problem, assert_correct, check, conv2d_backward
from tests.candidate.conftest import Files
from tests.candidates import stride_ignored, verdict
from tests.strategies import SELDOM, THOROUGH, some
from tests.waiting import GENEROUS

WRONG = """
    from convstep import conv2d_backward

    def conv2d_mine(dZ, cache, stride, padding):
        dW, db, dA = conv2d_backward(dZ, cache, stride, padding)
        return dW, db / dZ.shape[0], dA
"""


def mean_bias(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    dW, db, dA = conv2d_backward(dZ, cache, stride, padding)
    return dW, db / (dZ.shape[0] * dZ.shape[1]), dA


def test_a_right_one_passes_silently(capfd: pytest.CaptureFixture[str]) -> None:
    assert_correct(conv2d_backward)
    assert capfd.readouterr() == ("", "")


def test_a_wrong_one_fails_with_the_verdict_the_command_and_the_saved_problem() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_correct(mean_bias)
    said = str(caught.value)
    assert said.startswith("mean_bias is wrong on ")
    assert "db-mean (proven)" in said
    path = said.rpartition("the failing problem: ")[2].strip()
    assert path.endswith(".npz")
    command = next(line for line in said.splitlines() if line.startswith("to see it: "))
    words = shlex.split(command.removeprefix("to see it: "))
    assert words == ["convstep", "debug", f"{__file__}:mean_bias", path]
    problem = Problem.load(path)
    verdict = check(mean_bias)
    assert verdict.failing is not None
    for name in ("A_prev", "W", "b", "dZ"):
        assert getattr(problem, name).tobytes() == getattr(verdict.failing, name).tobytes()
    Path(path).unlink()
    Path(path).parent.rmdir()


def test_the_failing_problem_goes_where_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "failing.npz"
    with pytest.raises(AssertionError, match=r"failing\.npz"):
        assert_correct(mean_bias, "article", save=path)
    assert Problem.load(path).padding is not None


@pytest.mark.parametrize(
    "path", [None, "gone/failing.npz", "a\0b.npz", "x" * 5000], ids=["nowhere given", "gone", "NUL", "long"]
)
def test_a_verdict_is_raised_where_its_problem_cannot_be_written(
    path: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    monkeypatch.setattr("convstep.candidate.referee.check", lambda *_, **__: verdict(stride_ignored))
    with pytest.raises(AssertionError) as caught:
        assert_correct(stride_ignored, save=path)
    report, _, last = str(caught.value).rpartition("\n")
    assert report == str(verdict(stride_ignored))
    name = {None: "a new temporary folder", "a\0b.npz": r"a\x00b.npz"}.get(path, (path or "")[:100])
    assert last.startswith(name)
    assert " cannot be written: " in last
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert not [*tmp_path.iterdir()]


def test_who_refuses_everything_neither_passes_nor_fails() -> None:
    def conv_backward(dZ: Any, cache: Any) -> Any:
        if dZ is not None:
            raise NotImplementedError("later")

    with pytest.raises(CannotCall, match="refuses every problem: NotImplementedError: later"):
        assert_correct(conv_backward)


def test_a_candidate_that_does_not_load_is_no_assertion() -> None:
    with pytest.raises(CandidateError, match=r"^there is no file nowhere\.py"):
        assert_correct("nowhere.py:f")
    with pytest.raises(CandidateError, match=r"^there is no convention 'keras'; the conventions are auto, "):
        check(conv2d_backward, "keras")


@SELDOM
def test_a_given_problem_is_tried_too() -> None:
    rng = np.random.default_rng(0)
    given = Problem(rng.standard_normal((9, 9, 1)), rng.standard_normal((3, 3, 3, 1)), None, None)

    def conv2d_mine(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        dW, db, dA = conv2d_backward(dZ, cache, stride, padding)
        return (dW * 2 if dZ.shape[0] == 7 else dW), db, dA

    assert check(conv2d_mine).ok
    verdict = check(conv2d_mine, problem=given)
    assert verdict.failing is given
    assert verdict.first_divergence is not None
    assert verdict.first_divergence.gradient == "dW"


def test_numbers_that_are_not_finite_here_and_there_are_no_obstacle() -> None:
    def conv2d_mine(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        dW, db, dA = conv2d_backward(dZ, cache, stride, padding)
        return dW, np.asarray(db) * np.inf, dA

    verdict = check(conv2d_mine)
    assert not verdict.ok
    assert "inf" in str(verdict) or "nan" in str(verdict)


@SELDOM
@pytest.mark.parametrize("more", [["-n0"], ["-n1"]][0 if THOROUGH else 1 :])
def test_it_works_in_a_test_run(files: Files, more: list[str]) -> None:
    files.write("mine.py", WRONG)
    files.write(
        "test_mine.py",
        """
        import threading
        from convstep import assert_correct, conv2d_backward
        from mine import conv2d_mine

        def test_right():
            threading.Thread(target=threading.Event().wait, daemon=True).start()
            assert_correct(conv2d_backward)

        def test_wrong():
            assert_correct(conv2d_mine)
        """,
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "xdist", *more]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # other plugins take seconds
    ended = subprocess.run(
        [*command, "--rootdir", "."],
        capture_output=True,
        text=True,
        timeout=GENEROUS,
        cwd=files.folder,
        env=environment,
    )
    assert "1 failed, 1 passed" in ended.stdout
    assert "mine.py:conv2d_mine" in ended.stdout
    assert "convstep debug" in ended.stdout
    assert ">       assert_correct(conv2d_mine)" in ended.stdout  # the caller's line
    assert "Traceback" not in ended.stderr
    path = Path(ended.stdout.partition("the failing problem: ")[2].split()[0])
    assert path.exists()
    path.unlink()
    path.parent.rmdir()


@pytest.mark.parametrize(
    ("text", "said"),
    some(
        [
            (
                "def sigmoid_backward(dout, cache): return dout * cache * (1 - cache)",
                "no check is known for sigmoid, and no forward",
            ),
            (
                "def softmax_backward(dout, s): return s * (dout - (dout * s).sum(-1))",
                "no check is known for softmax, and no forward",
            ),
            (
                "def backward(dout, cache): return dout * cache * 2",
                "nothing says which operator it is; as conv2d it raises",
            ),
        ],
        3,
    ),
)
def test_what_no_name_says_to_be_a_convolution_and_never_returns_is_not_wrong_as_one(
    text: str, said: str, files: Files
) -> None:
    path = files.write("mine.py", text)
    name = text.removeprefix("def ").partition("(")[0]
    with pytest.raises(CannotCall, match=f"^{name} cannot be called: {re.escape(said)}"):
        check(f"{path}:{name}")
    path = files.write("conv.py", "def backward(dout, cache): return dout * cache * 2")
    if name == "backward":
        assert " raises on every problem: " in check(f"{path}:backward").headline


def test_numbers_that_fit_no_operator_are_tried_once(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def none(*_: Any) -> None:
        tried.append("by its numbers")

    monkeypatch.setattr("convstep.candidate.referee.operator_verdict", none)
    path = files.write("mine.py", "def thing_grad(g, x): return g * 2 + x.missing")
    with pytest.raises(CannotCall, match="say what it is with --operator"):
        check(f"{path}:thing_grad")
    assert len(tried) == 1


ALONG_ONE_AXIS = """
    import numpy as np

    def conv_forward(signal, bank):
        windows = np.lib.stride_tricks.sliding_window_view(signal, bank.shape[2], 2)
        return np.einsum("nctk,fck->nft", windows, bank), windows

    def conv_backward(delta, windows, bank, x_shape):
        samples, channels, length = x_shape
        dx = np.zeros((samples, channels, length))
        for tap in range(bank.shape[2]):
            dx[:, :, tap : tap + delta.shape[2]] += np.einsum("nft,fc->nct", delta, bank[:, :, tap])
        return np.einsum("nft,nctk->fck", delta, windows), dx
"""


@SELDOM
def test_a_convolution_along_one_axis_needs_no_name_that_says_so(files: Files) -> None:
    verdict = check(f"{files.write('signal_conv.py', ALONG_ONE_AXIS)}:conv_backward")
    assert (verdict.operator, verdict.ok) == ("conv1d", True)


ANOTHER = """
import numpy as np

def conv_forward(x, w, b):
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
    out = np.zeros((len(x), len(w), *x.shape[2:]))
    for i in range(3):
        for j in range(3):
            part = wide[:, :, i:i + x.shape[2], j:j + x.shape[3]]
            out += np.einsum("nchw,fc->nfhw", part, w[:, :, i, j])
    return out + b.reshape(1, -1, 1, 1), (x, w, b)

def conv_backward(dout, cache):
    x, w, b = cache
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
    d, dw = np.zeros_like(wide), np.zeros_like(w)
    for i in range(3):
        for j in range(3):
            part = np.s_[:, :, i:i + x.shape[2], j:j + x.shape[3]]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, wide[part])
            d[part] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    d[:, :, 2] += d[:, :, 0]
    d[:, :, -3] += d[:, :, -1]
    d = d[:, :, 1:-1]
    d[..., 2] += d[..., 0]
    d[..., -3] += d[..., -1]
    return d[..., 1:-1], dw, dout.sum(axis=(0, 2, 3))
"""
CORNER = """
import numpy as np

class DownConv:
    def __init__(self, channels, out_channels):
        self.W = np.random.randn(out_channels, channels, 3, 3)
        self.b = np.zeros(out_channels)
    def forward(self, x):
        self.x = np.pad(x, ((0, 0), (0, 0), (0, 1), (0, 1)))
        self.seen = np.lib.stride_tricks.sliding_window_view(self.x, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
        return np.einsum("ncijkl,fckl->nfij", self.seen, self.W) + self.b[:, None, None]
    def backward(self, dout):
        self.dW = np.einsum("nfij,ncijkl->fckl", dout, self.seen)
        self.db = dout.sum((0, 2, 3))
        dx = np.zeros_like(self.x)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                part = np.s_[:, :, 2 * i:2 * i + 3, 2 * j:2 * j + 3]
                dx[part] += np.einsum("nf,fckl->nckl", dout[:, :, i, j], self.W)
        return dx[:, :, :-1, :-1]
"""


@SELDOM
@pytest.mark.parametrize(
    ("text", "name", "right", "wrong"),
    [
        (ANOTHER, "conv_backward", "    d[:, :, 2] += d[:, :, 0]\n", ""),
        (CORNER, "DownConv", "dx[:, :, :-1, :-1]", "dx[:, :, 1:, 1:]"),
    ],
    ids=["reflected", "one corner"],
)
def test_a_backward_of_another_function_than_a_convolution_is_held_against_that(
    files: Files, text: str, name: str, right: str, wrong: str
) -> None:
    verdict = check(f"{files.write('mine.py', text)}:{name}")
    assert verdict.ok, str(verdict)
    assert verdict.operator == "own forward"
    assert "is right for its own" in verdict.headline
    assert not check(f"{files.write('wrong.py', text.replace(right, wrong))}:{name}").ok


def test_of_what_cannot_be_held_against_its_own_forward_the_whole_reason_is_said(files: Files) -> None:
    path = files.write("attention.py", """
import numpy as np

def scaled_dot_product_attention(q, k, v, mask=None):
    d = q.shape[-1]
    s = np.einsum("bqd,bkd->bqk", q, k) / np.sqrt(d)
    a = np.exp(s - s.max(-1, keepdims=True))
    a = a / a.sum(-1, keepdims=True)
    return np.einsum("bqk,bkd->bqd", a, v), a

def scaled_dot_product_attention_backward(dout, q, k, v, a):
    d = q.shape[-1]
    dv = np.einsum("bqk,bqd->bkd", a, dout)
    da = np.einsum("bqd,bkd->bqk", dout, v)
    ds = a * (da - np.sum(da * a, axis=-1, keepdims=True))
    return np.einsum("bqk,bkd->bqd", ds, k), np.einsum("bqk,bqd->bkd", ds, q), dv
""")  # fmt: skip
    with pytest.raises(CannotCall, match="is 2 times the gradient by `q` in every cell") as raised:
        check(f"{path}:scaled_dot_product_attention_backward")
    assert "…" not in str(raised.value)
