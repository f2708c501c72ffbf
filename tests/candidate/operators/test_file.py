"""An operator of somebody's file: its code runs in another process, and ours asks it."""

from __future__ import annotations

import os
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import convstep
from convstep.candidate.operators.file import OperatorFile, known
from convstep.candidate.operators.so_far import SoFar
from convstep.operators.operator import Array
from convstep.operators.registry import OperatorError, operator_named, operators
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.service import TorchService
from convstep.view.panels.compared import OperatorCompared
from tests.guide import block
from tests.strategies import SELDOM

SCALE = """
import os
import sys

import numpy as np
import convstep

sys.modules["convstep"].ran_in = os.getpid()
print("hello")


def scale_forward(x, w, shift=(0, 0)):
    return x * w + shift[0]


def scale_backward(dout, x, w):
    if x[0, 0] == 99:
        os._exit(3)
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    for i in range(len(x)):
        dx[i] = dout[i] * w
        dw += dout[i] * x[i]
    return dx, dw


SCALE = convstep.operator(
    "scale",
    scale_forward,
    scale_backward,
    small={"x": np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 2.0]]), "w": np.array([2.0, -1.0]), "shift": (1, 2)},
    torch="x * w + shift[0]",
    mistakes='''
overwrite: dw is assigned
    It is the sum over all rows.
  - dw += dout[i] * x[i]
  + dw = dout[i] * x[i]
''',
)

if __name__ == "__main__":
    raise SystemExit("not as a script")
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    made = tmp_path_factory.mktemp("operators") / "scale.py"
    made.write_text(SCALE)
    return str(made)


def test_it_has_all_that_an_operator_has_and_none_of_its_code_runs_here(path: str) -> None:
    with OperatorFile(path, "SCALE") as file:
        one = file.operator
        assert (one.name, one.gradients, one.upstream, one.torch) == (
            "scale",
            ("dx", "dw"),
            ("dout",),
            "x * w + shift[0]",
        )
        assert not hasattr(sys.modules["convstep"], "ran_in")
        small = one.small()
        assert small.options == {"shift": (1, 2)}
        x, w, dout = small.arrays["x"], small.arrays["w"], small.upstream["dout"]
        assert np.array_equal(one.run(small)["out"], x * w + 1)
        assert np.array_equal(one.right(small)["dw"], (dout * x).sum(axis=0))
        (mistake,) = one.mistakes
        assert np.array_equal(one.right(small, mistake.variants[0].backward)["dw"], dout[-1] * x[-1])
        assert "dw = dout[i] * x[i]" in mistake.variants[0].text
        drawn = list(islice(one.problems(np.random.default_rng(3)), 30))
        assert len({problem.arrays["x"].tobytes() for problem in drawn}) == 30
        again = next(iter(one.problems(np.random.default_rng(3))))
        assert np.array_equal(again.arrays["x"], drawn[0].arrays["x"])

        found = file.shown(mistake="overwrite")
        recording = found.recorded.recording
        assert (found.recorded.target, found.recorded.words) == (f"{path}:SCALE", ("--mistake", "overwrite"))
        assert "dw is assigned" in found.recorded.how
        so_far = found.running(recording).at(recording.total)
        assert isinstance(so_far, SoFar)
        assert not found.running(recording).by_slopes(so_far).ok
        assert found.judge(recording).differs
        with pytest.raises(OperatorError, match="scale has no mistake nope; it has overwrite"):
            file.shown(mistake="nope")

        with pytest.raises(OperatorError, match="ended"):
            one.backward(dout, np.full((3, 2), 99.0), w)
        # what the screen asks after that is a sentence, and no end of the screen
        compared = OperatorCompared(found.running(recording), so_far, 0)
        with pytest.raises(OracleUnavailable, match="ended"):
            compared.ask("numeric", TorchService())
        with pytest.raises(ValueError, match="ended"):
            found.judge(recording)


@SELDOM
def test_a_saved_file_is_run_again(path: str, tmp_path: Path) -> None:
    copy = tmp_path / "scale.py"
    copy.write_text(SCALE)
    with OperatorFile(str(copy), "SCALE") as file:
        found = file.shown()
        assert found.again() is None
        copy.write_text(SCALE.replace("dw += dout[i]", "dw += 2 * dout[i]"))
        os.utime(copy, (1, 1))
        recording = found.again()
        assert recording is not None
        assert any("2 * dout[i]" in line for line in recording.source.lines)
        copy.write_text(SCALE + "\n1 / 0\n")
        with pytest.raises(OperatorError, match="does not run: ZeroDivisionError"):
            found.again()
        assert file.operator.small().arrays["x"].shape == (3, 2)  # what ran before goes on
        copy.write_text(SCALE)
        assert found.again() is not None


def test_it_is_known_by_its_name_as_long_as_it_runs(path: str) -> None:
    with known(f"{path}:SCALE") as name:
        assert name == "scale"
        assert operator_named(name).gradients == ("dx", "dw")
    assert all(one.name != "scale" for one in operators())
    with known("max-pool") as same, known(None) as none, known(operator_named("relu")) as itself:
        assert (same, none, itself) == ("max-pool", None, "relu")
    assert operator_named("relu") in operators()


@SELDOM
def test_the_file_of_the_guide_is_one(tmp_path: Path) -> None:
    path = tmp_path / "scale.py"
    path.write_text(block("scale.py"))
    with known(f"{path}:SCALE") as name:
        assert name == "scale"
        assert operator_named(name).gradients == ("dx", "dw")


@SELDOM
@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("X = 1", "X", "has no operator X; write X = convstep.operator"),
        ("import convstep\nconvstep.operator('a b', len, len)", "X", "a b cannot be the name of an operator"),
        ("raise SystemExit", "X", "does not run: SystemExit"),
        ("def f(:", "X", "does not run: SyntaxError"),
        ("import numpy as np; np.ones(1 << 40)", "X", "does not run: .*MemoryError"),
        ("import os; os._exit(1)", "X", "the process that runs .* ended"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(
    tmp_path: Path, text: str, name: str, said: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(OperatorError, match=said):
        OperatorFile(str(path), name)
    with pytest.raises(OperatorError, match="there is no file"):
        OperatorFile(str(tmp_path / "gone.py"), name)


@SELDOM
def test_an_operator_that_is_wrong_itself_says_nothing_of_others(tmp_path: Path) -> None:
    path = tmp_path / "scale.py"
    path.write_text(SCALE.replace("dx[i] = dout[i] * w", "dx[i] = dout[i]"))
    said = "scale: its backward is not the gradient of its own forward"
    with pytest.raises(OperatorError, match=said), known(f"{path}:SCALE"):
        raise AssertionError


def times(x: Array, k: float) -> Array:
    return np.asarray(x * k)


def times_backward(dout: Array, k: float) -> Array:
    dx = dout * k
    return dx  # noqa: RET504  the name is read


def times_wrongly(dout: Array, k: float) -> Array:
    return dout + k


@SELDOM
def test_an_operator_itself_says_what_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convstep.operators.registry._added", {})
    made = convstep.operator("times", times, times_backward, small={"x": np.array([1.0, 2.0]), "k": 3.0})
    monkeypatch.setattr("convstep.operators.registry._added", {})  # it need not be known
    assert convstep.check(times_backward, operator=made).ok
    assert not convstep.check(times_wrongly, operator=made).ok
    with pytest.raises(AssertionError, match="checked as times"):
        convstep.assert_correct(times_wrongly, operator=made)
