"""The verdict as people read it."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from convstep import CannotCall, check, conv2d_backward
from convstep.candidate.call.outcome import Attempt, Candidate
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.wording import WIDTH
from convstep.candidate.conv_verdict import verdict_of
from convstep.candidate.load.target import Target
from convstep.candidate.report import (
    TRIED,
    divergence_words,
    open_command,
    uncallable_json,
    uncallable_report,
)
from tests.candidate.conftest import Files
from tests.candidate.corpus import specimen
from tests.candidates import misshapen, stride_ignored, verdict
from tests.strategies import SELDOM, some


def test_a_bug_comes_with_the_line_to_mend_and_the_command_to_look() -> None:
    text = str(check(specimen("coursera", "loops", "stride-ignored", "both").function))
    lines = text.splitlines()
    assert "is wrong on" in lines[0]
    assert "wrong only when stride > 1" in text
    assert "smallest failing problem: " in text
    assert "first divergence: step " in text
    assert "stride-ignored (proven)" in text
    wrong, right = (
        next(line for line in lines if line.startswith(f"    {word}  ")) for word in ("wrong", "right")
    )
    assert wrong != right
    assert "convstep debug" in lines[-1]


@pytest.mark.parametrize("bug", some(["wrong-order", "crop-zero-slice", "padding-not-cropped"], 3))
def test_lines_fit_a_page(bug: str) -> None:
    function = next(found for variant in ("", "dA", "both") for found in _specimens("coursera", bug))
    for line in str(check(function)).splitlines():
        assert len(line) <= WIDTH or line.startswith(("    wrong", "    right", "to see it"))
        assert line == line.rstrip()


def _specimens(convention: str, bug: str) -> list[Any]:
    from tests.candidate.corpus import one_each

    return [found.function for found in one_each() if (found.convention, found.bug) == (convention, bug)]


@SELDOM
def test_what_has_no_address_is_to_be_saved_first() -> None:
    verdict = check(lambda dZ, cache, stride, padding: stride_ignored(dZ, cache, stride, padding))
    assert open_command(verdict) == "convstep debug FILE.py:FUNCTION"
    assert str(verdict).splitlines()[-1] == (
        "to see it, save <lambda> in a file: convstep debug FILE.py:FUNCTION"
    )


def test_the_command_repeats_what_was_asked_for(files: Files) -> None:
    text = """
        def conv_backward(dZ, cache):
            return cache[9]
    """
    path = files.write("my homework.py", text)
    target = Target(str(path), None, "conv_backward")
    with Worker.of_target(target, {"run_all": True, "python2": True}, 62.5) as running:
        verdict = verdict_of(running, "cs231n", budget=0)
    verdict = verdict.saved(str(path.parent / "the problem.npz"))
    assert shlex.split(open_command(verdict)) == [
        "convstep",
        "debug",
        f"{path}:conv_backward",
        str(path.parent / "the problem.npz"),
        "--run-all",
        "--python2",
        "--convention",
        "cs231n",
        "--timeout",
        "62.5",
    ]


@SELDOM
def test_a_wrong_shape_is_said_in_shapes() -> None:
    text = str(verdict(misshapen))
    assert "instead of" in text
    assert "so every step is wrong" in " ".join(text.split())


@SELDOM
def test_a_raise_is_said_with_its_line() -> None:
    def conv2d_mine(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        if padding == 2:
            return cache["columns"]
        return conv2d_backward(dZ, cache, stride, padding)

    text = str(check(conv2d_mine))
    assert text.startswith("test_a_raise_is_said_with_its_line.<locals>.conv2d_mine is wrong on ")
    assert "raises only when padding > 1" in " ".join(text.split())
    assert f"(line {conv2d_mine.__code__.co_firstlineno + 2})" in text
    assert "KeyError: 'columns'" in text


@SELDOM
def test_what_is_found_is_said_in_the_authors_layout() -> None:
    verdict = check(specimen("cs231n", "loops", "stride-ignored", "both").function)
    text, result, found = " ".join(str(verdict).split()), verdict.failing_result, verdict.first_divergence
    assert result is not None
    assert found is not None
    problem = result.right.problem
    n = problem.nchw()
    hyper = {"stride": n.stride, "pad": n.padding}
    assert f"(dout of {n.dz.shape}, (x of {n.x.shape}, w of {n.w.shape}, b, {hyper}))" in text
    dW = next(judged for judged in result.grades if judged.name == "dW")
    c_out, k_h, k_w, c_in = dW.worst
    assert f"at dW[{c_out}, {c_in}, {k_h}, {k_w}]" in text
    assert found.gradient == "dW"
    c_out, k_h, k_w, c_in = found.cells[0]
    if (c_in, k_h, k_w) != (k_h, k_w, c_in):
        assert (
            f"in dW[{c_out}, {c_in}, {k_h}, {k_w}] ([{c_out}, {k_h}, {k_w}, {c_in}] in the debugger): "
            in text
        )


def test_a_zero_has_no_sign() -> None:
    found = verdict(stride_ignored).first_divergence
    assert found is not None
    found = replace(found, actual=(-0.25,), expected=(-0.0,), cells=found.cells[:1], count=1)
    geometry = right_of(Case((6, 6), (2, 2))).problem.geometry
    assert divergence_words(found, geometry).endswith(": -0.25 instead of 0")


LAYER = """
    import numpy as np

    class Grille:
        def __init__(self, w, b, stride=1):
            self.w, self.b, self.stride = w, b, stride

        def __call__(self, x):
            self.x = x
            n, c, h, w = x.shape
            f, _, k, _ = self.w.shape
            s = self.stride
            view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::s, ::s]
            self.rows = view.transpose(0, 2, 3, 1, 4, 5).reshape(-1, c * k * k)
            out = self.rows @ self.w.reshape(f, -1).T + self.b
            return out.reshape(n, view.shape[2], view.shape[3], f).transpose(0, 3, 1, 2)

        def bprop(self, dy):
            n, c, h, w = self.x.shape
            f, _, k, _ = self.w.shape
            s, (_, _, p, q) = self.stride, dy.shape
            flat = dy.reshape(-1, f)
            self.db = flat.sum(axis=0)
            self.dw = (flat.T @ self.rows).reshape(self.w.shape)
            back = (flat @ self.w.reshape(f, -1)).reshape(n, p, q, c, k, k)
            dx = np.zeros(self.x.shape)
            for i in range(k):
                for j in range(k):
                    dx[:, :, i:i + s * p:s, j:j + s * q:s] += back[..., i, j].transpose(0, 3, 1, 2)
            return dx
"""


@SELDOM
def test_a_layer_is_called_as_its_author_would_and_one_reshape_is_one_mistake(files: Files) -> None:
    path = files.write("grille.py", LAYER)
    found = check(f"{path}:Grille.bprop")
    text = " ".join(str(found).split())
    assert "layer = Grille(w of (" in text
    assert "; layer(x of (" in text
    assert "; layer.bprop(dy of (" in text
    (finding,) = [one for one in found.diagnosis if not one.alternative]
    assert (finding.id, finding.gradients) == ("rows-order", ("dW", "db", "dA_prev"))


@SELDOM
def test_a_layer_may_be_told_the_batch_with_the_shape(files: Files) -> None:
    text = LAYER.replace("def __init__(self, w, b, stride=1):", "def __init__(self, w, b, input_shape):")
    text = text.replace("b, stride\n", "b, 1; self.dx = np.zeros(input_shape)\n")
    text = text.replace("dx = np.zeros(self.x.shape)", "dx = self.dx").replace("k * k)\n", "k * k)\n", 1)
    path = files.write("held.py", text.replace("Grille", "Held"))
    found = [finding.id for finding in check(f"{path}:Held.bprop").diagnosis]
    assert found == ["state-kept", "rows-order"]  # dx is made once; dy's rows are taken as they lie


def test_what_cannot_be_called_says_what_was_tried_and_what_to_start_from() -> None:
    tried = (
        Attempt(
            "back(dZ of (1, 3, 3, 2), cache)", "ValueError: too many values", 7, "a, b = cache", "line 7"
        ),
        Attempt("back(x, w)", "TypeError: missing dy"),
    )
    error = CannotCall("back(a, b) fits nothing", Candidate("back", "function", ("a", "b"), 2), tried)
    assert uncallable_report(error, "my file.py:back").splitlines() == [
        "cannot be called: back(a, b) fits nothing",
        "",
        "what was tried:",
        "  back(dZ of (1, 3, 3, 2), cache)",
        "    ValueError: too many values (line 7: a, b = cache)",
        "  back(x, w)",
        "    TypeError: missing dy",
        "",
        "to step it as it stands, with arguments of yours: "
        "convstep open 'my file.py:back' --call 'back(a, b)'",
        "to start from: convstep check 'my file.py:back' --write-adapter adapter.py",
    ]
    assert "to start from" not in uncallable_report(error, "mine.py:back", adapted=True)
    plain = json.loads(json.dumps(uncallable_json(error, "mine.py:back")))
    assert (plain["ok"], plain["verdict"], plain["reason"]) == (None, "cannot be called", str(error))
    assert plain["tried"][1] == {
        "call": "back(x, w)",
        "message": "TypeError: missing dy",
        "line": None,
        "line_text": "",
    }


@pytest.mark.parametrize(
    ("candidate", "call"),
    [
        (Candidate("Conv.backward", "method", ("dout", "lr"), 1), "Conv(…).backward(dout)"),
        (
            Candidate(
                "Net.backward", "class", (), 0, methods=("__init__(n)", "fit(x)", "backward(dy, rate=0.1)")
            ),
            "Net(…).backward(dy)",
        ),
        (Candidate("Value", "class", (), 0, methods=("__init__(data)",)), "Value(…)"),
    ],
)
def test_what_cannot_be_called_is_stepped_with_arguments_of_the_author_s(
    candidate: Candidate, call: str
) -> None:
    said = uncallable_report(CannotCall("it fits nothing", candidate, ()), "mine.py:it")
    assert f"--call '{call}'" in said


def test_of_many_ways_that_were_tried_a_few_are_told() -> None:
    tried = tuple(Attempt(f"back(x, {number})", "TypeError: no") for number in range(8))
    error = CannotCall("back(a, b) fits nothing", Candidate("back", "function", ("a", "b"), 2), tried)
    said = uncallable_report(error, "mine.py:back")
    assert said.count("TypeError: no") == TRIED
    assert f"\n  and {8 - TRIED} more; --json has them all\n" in said
    assert len(uncallable_json(error, "mine.py:back")["tried"]) == 8
