"""A candidate is loaded otherwise for a way of calling it where that helps, and only there."""

from __future__ import annotations

import pytest

from convstep import CandidateError
from convstep.candidate.call.calling import Call
from convstep.candidate.call.child import load
from convstep.candidate.call.outcome import RAISED, RETURNED, Outcome
from convstep.candidate.call.served import Ways
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.grade import grade
from convstep.candidate.load.target import Target
from tests.candidate.conftest import Files

RIGHT = right_of(Case((4, 5), (2, 3), channels=2))
ALIKE, OTHER = Call("cs231n"), Call("coursera")
PYTHON2 = ("read as Python 2, where / of whole numbers gives a whole number",)
NUMPY = ("NumPy 2.4 refuses to take an array of one element for a number; older ones took it",)
BOTH = (PYTHON2[0], *NUMPY)


def ways(files: Files, text: str) -> Ways:
    path = files.write("mine.py", f"import numpy as np\nimport math\ncalls = []\n{text}")
    return Ways(load(Target.parse(f"{path}:backward"), {}))


@pytest.mark.parametrize(
    ("body", "notes"),
    [
        ("for i in range(5 / 2): pass", PYTHON2),
        ("np.ones(9)[np.arange(4 / 2)]", PYTHON2),
        ("dout[:, int(1):len(dout) / 1]", PYTHON2),
        ("unicode(3), [i for i in xrange(3)], {}.has_key(3)", PYTHON2),
        ("float(np.ones((1, 1)))", NUMPY),
        ("np.zeros(3)[0:1] = np.ones(1); np.zeros(3)[0] = np.ones(1)", NUMPY),
        ("range(5 / 2); int(np.ones(1))", BOTH),
        ("range(5 // 2)", ()),
    ],
)
def test_what_helps_is_kept_to_and_told(files: Files, body: str, notes: tuple[str, ...]) -> None:
    tried = ways(files, f"def backward(dout, cache):\n    calls.append(1)\n    dout[...] = 7\n    {body}\n"
                 "    return np.full(1, len(calls))\n")  # fmt: skip
    outcomes = [tried.called(ALIKE, RIGHT.problem) for _ in range(2)]
    assert [outcome.kind for outcome in outcomes] == [RETURNED] * 2
    assert [outcome.returned[0][0] for outcome in outcomes] == [1, 2]
    assert {frozenset(outcome.notes) for outcome in outcomes} == {frozenset(notes)}
    tried.reload(ALIKE)
    assert tried.called(ALIKE, RIGHT.problem).returned[0][0] == 1


@pytest.mark.parametrize(
    "body",
    ["dout['a']", "helper(3)", "dout[0.5]", "float(np.ones(2))", "np.zeros(3)[0] = np.ones(2)", "range(1.5)"],
)
def test_what_does_not_help_is_not_kept(files: Files, body: str) -> None:
    tried = ways(files, f"def backward(dout, cache):\n    {body}\n    return 3 / 2\n")
    plain = load(Target.parse(f"{files.folder}/mine.py:backward"), {})
    for _ in range(5):
        outcome = tried.called(ALIKE, RIGHT.problem)
        assert (outcome.kind, outcome.notes, outcome.line) == (RAISED, plain.candidate.notes, 5)


def test_one_way_of_calling_says_nothing_about_another(files: Files) -> None:
    tried = ways(files, "def backward(dout, cache):\n"
                 "    range(3 / 2 if dout.shape[1] == 3 else 1)\n    return np.array(3 / 2)\n")  # fmt: skip
    problem = right_of(Case((5, 5), (2, 3), channels=2, filters=3)).problem
    assert float(tried.called(ALIKE, problem).returned[0]) == 1
    assert float(tried.called(OTHER, problem).returned[0]) == 1.5
    assert (tried.called(ALIKE, problem).notes, tried.called(OTHER, problem).notes) == (PYTHON2, ())


def test_a_forward_is_helped_as_well(files: Files) -> None:
    tried = ways(files, "def forward(x, w, b, conv_param):\n    return x * float(b[:1]), None\n"
                 "def backward(dout, cache): return dout\n")  # fmt: skip
    outcome = tried.called(ALIKE, RIGHT.problem)
    assert outcome.notes == (NUMPY if outcome.Z is not None else ())


def test_what_a_call_lacks_is_no_verdict() -> None:
    with pytest.raises(CandidateError, match="needs scipy"):
        grade(
            None,
            RIGHT,
            Outcome(RAISED, lacks="mine.py needs scipy, which is not installed"),
        )


def test_what_is_loaded_otherwise_is_loaded_once_for_all_ways(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = ways(files, "def backward(*given): return given[0][0.5]\n")
    loads: list[str] = []
    monkeypatch.setattr(tried._served, "otherwise", loads.append)
    for call in (ALIKE, OTHER, Call("article")):
        assert tried.called(call, RIGHT.problem).kind == RAISED
    assert len(loads) == len(set(loads)) == 1
