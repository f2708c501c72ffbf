"""A judge in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import pytest

from convstep.candidate.call.child import MEMORY
from convstep.candidate.survey import judges
from convstep.candidate.survey.judges import Judge, UnansweredError
from tests.candidate.conftest import Files
from tests.strategies import SELDOM
from tests.waiting import GENEROUS


@pytest.fixture
def question(files: Files) -> dict[str, Any]:
    path = files.write("a.py", "def f_backward(dout): return dout\n")
    return {"file": str(path), "function": None, "operator": None, "top": None}


def test_a_judge_is_replaced_when_it_ends_and_gone_when_it_is_closed(question: dict[str, Any]) -> None:
    judge = Judge(MEMORY)
    try:
        assert [found["name"] for found in judge.ask(question)["backwards"]] == ["f_backward"]
        process = judge._process
        assert process is not None
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=GENEROUS)
        with pytest.raises(UnansweredError, match="the process that checked it was ended"):
            judge.ask(question)
        assert judge.ask(question)["said"] == ""
        assert judge._process is not process
        last = judge._process
    finally:
        judge.close()
    assert last is not None
    assert last.returncode is not None
    with pytest.raises(UnansweredError):
        judge.ask(question)


def test_an_answer_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, question: dict[str, Any]
) -> None:
    monkeypatch.setattr(judges, "LONGEST", 0.0)
    judge = Judge(MEMORY)
    with pytest.raises(UnansweredError, match="did not finish within 0 s"):
        judge.ask(question)
    judge.close()


def test_no_process_is_no_verdict(monkeypatch: pytest.MonkeyPatch, question: dict[str, Any]) -> None:
    def popen(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(UnansweredError, match="no process can be started: Resource temporarily unavailable"):
        Judge(MEMORY).ask(question)


def test_what_is_checked_has_its_share_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, jobs, room in ((64 << 30, 2, MEMORY), (6 << 30, 2, 3 << 30), (6 << 30, 60, 1 << 30)):
        monkeypatch.setattr(judges, "free_memory", lambda free=free: free)
        assert judges.room_for(jobs) == room


@SELDOM
def test_what_eats_memory_is_stopped_at_that(files: Files) -> None:
    head = "import numpy as np\ndef conv_backward(dZ, cache, stride, padding):\n"
    text = f"{head}    np.ones(1 << 28)\n    return dZ\n"
    asked = {
        "file": str(files.write("a.py", text)),
        "found": {"name": "conv_backward", "line": 2},
        "options": {},
    }
    judge = Judge(1 << 30)
    try:
        assert "memory" in judge.ask(asked)["says"].lower()
    finally:
        judge.close()
