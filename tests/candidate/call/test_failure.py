"""Whose line an exception is, in which of a candidate's files, and whether it was meant."""

from __future__ import annotations

from typing import Any

import pytest

from convstep.candidate.call.call import Method
from convstep.candidate.call.calling import Call, perform
from convstep.candidate.call.child import load
from convstep.candidate.call.failure import died_at, failure
from convstep.candidate.call.layer import called
from convstep.candidate.call.layers import padding_of
from convstep.candidate.call.outcome import RAISED, REFUSED, Candidate, Outcome
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.grade import grade
from convstep.candidate.load.target import Target
from tests.candidate.conftest import Files

RIGHT = right_of(Case((4, 5), (2, 3), channels=2))

HELPER = """\
class Base:
    def check(self, x):
        if x.shape[2] > 3:
            raise ValueError("too wide")

def tiles(size, stride):
    assert size % stride == 0

def same(a, b):
    assert a.shape == b.shape, "not alike"

def at_most(x):
    assert x.ndim < 3

def trips(x):
    return x[99]
"""
MINE = """\
import numpy as np
import helper

class Layer(helper.Base):
    def backward(self, dout, cache):
        self.check(cache[0])

def by_modulo(dout, cache):
    helper.tiles(3, 2)

def by_what_came_in(dout, cache):
    x, w, b, conv_param = cache
    helper.at_most(x)

def own_result(dout, cache):
    x = cache[0]
    mine = np.zeros((1, 1))
    helper.same(mine, x)

def trips(dout, cache):
    return helper.trips(cache[0])
"""


def outcome_of(files: Files, name: str, adapter: str = "", convention: str = "cs231n") -> Outcome:
    files.write("helper.py", HELPER)
    options = {"adapter": f"{files.folder}/{adapter}"} if adapter else {}
    served = load(Target.parse(f"{files.folder}/{name}"), options)
    return perform(served.function, None, served.candidate, Call(convention), RIGHT.problem, served.hint)


@pytest.mark.parametrize(
    ("name", "kind", "message", "line"),
    [
        ("Layer.backward", REFUSED, "ValueError: too wide", 6),
        ("by_modulo", REFUSED, "AssertionError: assert size % stride == 0", 9),
        ("by_what_came_in", REFUSED, "AssertionError: assert x.ndim < 3", 13),
        ("own_result", RAISED, "AssertionError: not alike", 18),
        ("trips", RAISED, "IndexError: index 99 is out of bounds for axis 0 with size 1", 21),
    ],
)
def test_a_refusal_may_stand_in_any_file_and_the_line_is_the_authors(
    files: Files, name: str, kind: str, message: str, line: int
) -> None:
    path = files.write("mine.py", MINE)
    outcome = outcome_of(files, f"mine.py:{name}")
    assert (outcome.kind, outcome.message) == (kind, message)
    assert (outcome.file, outcome.cell, outcome.line) == (str(path), 0, line)
    assert outcome.line_text == MINE.splitlines()[line - 1].strip()


def test_the_line_is_not_the_adapters(files: Files) -> None:
    path = files.write("layer.py", "class Layer:\n    def backward(self, dZ):\n        return dZ[99]\n")
    files.write("call.py", "def call(Layer, problem):\n    return Layer().backward(problem.dZ)\n")
    files.write("whole.py", "from layer import Layer\ndef backward(problem):\n"
                "    return Layer().backward(problem.dZ)\n")  # fmt: skip
    for name, adapter in [("layer.py:Layer", "call.py:call"), ("whole.py:backward", "")]:
        outcome = outcome_of(files, name, adapter, "problem")
        assert (outcome.file, outcome.line, outcome.line_text) == (str(path), 3, "return dZ[99]")
    path = files.write("call.py", "def call(Layer, problem):\n    return problem.nothing\n")
    outcome = outcome_of(files, "layer.py:Layer", "call.py:call", "problem")
    assert (outcome.kind, outcome.file, outcome.line) == (RAISED, str(path), 2)


def test_the_cell_of_a_notebook_is_told(files: Files) -> None:
    path = files.notebook("hw.ipynb", "import numpy as np", "def f(dout, cache):\n    return dout[99]")
    outcome = outcome_of(files, "hw.ipynb:f")
    assert (outcome.file, outcome.cell, outcome.line) == (str(path), 2, 2)
    assert outcome.line_text == "return dout[99]"


def test_what_an_import_lacks_is_told_apart(files: Files) -> None:
    files.write("mine.py", "from nowhere import f\nW = train()\ndef g(dout, cache): return f(dout)\n"
                "def h(dout, cache): return W\n")  # fmt: skip
    outcome = outcome_of(files, "mine.py:g")
    assert outcome.message == "ImportError: nowhere is not installed, and the candidate uses nowhere.f"
    assert outcome.lacks.startswith("mine.py needs nowhere, which is neither installed nor beside it")
    assert (
        outcome_of(files, "mine.py:h").lacks
        == "W is set at line 2 of mine.py, which did not run (add --run-all)"
    )
    files.write("mine.py", MINE)
    assert outcome_of(files, "mine.py:trips").lacks == ""


def test_what_a_backward_imports_or_opens_and_does_not_find_is_no_mistake_of_it(files: Files) -> None:
    files.write("mine.py", "import numpy as np\ndef f(dout, cache):\n    import nowhere.deep\n"
                "def g(dout, cache):\n    return np.load('none.npy')\n")  # fmt: skip
    said = outcome_of(files, "mine.py:f").lacks
    assert said.startswith("mine.py needs nowhere, which is neither installed nor beside it")
    assert outcome_of(files, "mine.py:g").lacks.startswith("mine.py opens 'none.npy', which is not there")


def test_a_statement_over_several_lines_is_told_whole(files: Files) -> None:
    files.write(
        "mine.py", "def f(dout, cache):\n    dx = dout[\n        99,  # too far\n    ]\n    return dx\n"
    )
    outcome = outcome_of(files, "mine.py:f")
    assert outcome.line_text == "dx = dout[99,]"


def test_where_a_process_died_is_the_authors_line(files: Files) -> None:
    mine, helper = (str(files.write(name, "a\nb\nc\n")) for name in ("mine.py", "helper.py"))
    candidate: Any = Candidate("f", "function", ("x",), 1, file=mine)
    numpy = "/usr/lib/python3/dist-packages/numpy/core.py"
    found = died_at([(numpy, 9), (helper, 3), (mine, 2), (mine, 1)], candidate)
    assert found == {"line": 2, "line_text": "b", "file": mine, "cell": 0}
    assert died_at([(numpy, 9)], candidate) == {}


def test_a_mistake_of_this_program_is_never_its_authors() -> None:
    candidate = Candidate("mine", "function", ("dout",), 1)
    with pytest.raises(AttributeError) as ours:
        padding_of("tf", None)  # type: ignore[arg-type]
    trace = ours.value.__traceback__
    assert trace is not None
    facts = failure(ours.value.with_traceback(trace.tb_next), candidate)
    assert facts["message"].startswith("convstep itself failed: AttributeError")
    result = grade(None, RIGHT, Outcome(**facts))
    assert result.refused
    assert not result.failed
    with pytest.raises(TypeError) as theirs:
        called(len, Method("", ()), lambda role: None)
    trace = theirs.value.__traceback__
    assert trace is not None
    assert "ours" not in failure(theirs.value.with_traceback(trace.tb_next), candidate)
