"""The failing case as code: it calls the candidate as its author does, and comes to the same numbers."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest

from convstep.candidate.check.grade import Result
from convstep.candidate.referee import check
from convstep.candidate.snippet import UnwritableError, snippet_of, snippet_on
from convstep.candidate.verdict import Verdict
from convstep.conv.problem import Problem
from convstep.snippet import Snippet, SnippetError
from tests.candidate.conftest import Files
from tests.candidate.test_adapter import RIGHT, WRITTEN
from tests.strategies import SELDOM, some


def ran(code: str) -> str:
    """What a new process says on stderr that is given nothing else."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/", check=False)
    assert bool(done.returncode) == bool(done.stderr), done
    return done.stderr


def failing(verdict: Verdict) -> Result:
    assert verdict.failing_result is not None
    return verdict.failing_result


def checked(files: Files, text: str, name: str = "mine.py", function: str = "back") -> Verdict:
    found = check(f"{files.write(name, RIGHT + text)}:{function}")
    assert isinstance(found, Verdict)
    return found


BACK = """
def conv_backward(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    dx, dw, db = right(x, w, dout, stride, pad)
"""

WRONG = {
    "order of its own": ("return d_weights, d_images, d_bias", "return d_weights * 2, d_images, d_bias"),
    "cache of cs231n": ("return dx, dw, db", "return dx, dw, db + 1"),
    "channels last": ("return dA_prev, dW, db", "return dA_prev[:, ::-1], dW, db"),
    "layer": ("self.bias_grad = db", "self.bias_grad = -db"),
    "layer that updates itself": ("self.kernels - learning_rate * dw", "self.kernels + learning_rate * dw"),
}
"""By style of `WRITTEN`, a right line and a wrong one."""


@SELDOM
@pytest.mark.parametrize("style", some(list(WRONG), 5))
def test_the_code_fails_with_the_candidate_s_own_numbers(style: str, files: Files) -> None:
    verdict = checked(files, textwrap.dedent(WRITTEN[style].replace(*WRONG[style])))
    made = snippet_of(verdict)
    assert "convstep" not in made.text()
    assert not made.large
    said = ran(made.text())
    wrong = [grade for grade in failing(verdict).grades if grade.kind == "wrong"]
    assert f"\n{wrong[0].name}\n" in said
    (check_of_it,) = (one for one in made.checks if one.name == wrong[0].name)
    right = failing(verdict).right.gradients[wrong[0].name]
    assert sorted(check_of_it.expected.ravel()) == sorted(right.ravel())
    errors = f"{wrong[0].max_abs_error:.4g}"
    assert f"violations: {errors[:4]}" in said


def test_right_code_passes_its_own_code(files: Files) -> None:
    verdict = checked(
        files, "\ndef back(dout, x, w, stride, pad):\n    return right(x, w, dout, stride, pad)\n"
    )
    with pytest.raises(SnippetError, match="back is right: there is no failing case to write"):
        snippet_of(verdict)
    result = next(one for one in verdict.swept.results if one.right.problem.padding != ((0, 0), (0, 0)))
    made = snippet_on(verdict, result)
    assert ran(made.text(beside=_kept(made, files))) == ""
    half = result.right.gradients | {
        "dW": result.right.gradients["dW"] / 2
    }  # as of another forward than ours
    with pytest.raises(UnwritableError):
        snippet_on(verdict, replace(result, right=replace(result.right, gradients=half)))


def _kept(made: Snippet, files: Files) -> str:
    path = str(files.folder / "case.npz")
    made.save(path)
    return path


@SELDOM
def test_what_raises_and_what_writes_into_its_arguments_does_so_again(files: Files) -> None:
    raises = checked(files, f"{BACK}    return dx, dw, {{1: db}}[stride]\n", function="conv_backward")
    made = snippet_of(raises)
    assert ran(made.text()).endswith("KeyError: 2\n")
    assert "KeyError: 2" in made.about[-1]
    writes = f"{BACK}    w -= dw\n    return dx, dw, db\n"
    assert "\nW\n" in ran(snippet_of(checked(files, writes, "other.py", "conv_backward")).text())


@SELDOM
def test_what_no_few_lines_can_call_is_checked_again(files: Files) -> None:
    text = "\nfrom convstep import conv2d_backward as ours\n\ndef conv_backward(problem):\n" + (
        "    dW, db, dA = ours(problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation,"
        " problem.groups)\n    return 2 * dW, db, dA\n"
    )
    verdict = checked(files, text, function="conv_backward")
    made = snippet_of(verdict)
    assert made.lines[0].startswith("verdict = convstep.check(")
    assert verdict.headline in ran(made.text())


@SELDOM
def test_a_problem_of_many_numbers_stands_in_a_file(files: Files) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((12, 12, 3)), rng.standard_normal((4, 3, 3, 3))
    problem = Problem(x, w, None, None, padding=1)
    path = files.write("mine.py", f"{RIGHT}{BACK}    return dx, 2 * dw, db\n")
    verdict = check(f"{path}:conv_backward", problem=problem)
    result = next(one for one in verdict.swept.results if one.right.problem is problem)
    made = snippet_on(verdict, result)
    assert made.large
    code = made.text(as_test=True, beside=_kept(made, files))
    assert len(code) < 3000
    assert "\ndW\n" in ran(f"{code}\ntest_conv_backward()")
