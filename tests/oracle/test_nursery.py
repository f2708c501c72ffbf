from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from convstep.oracle import nursery, watched

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is copied")

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(["/nowhere", *filter(None, sys.path)])}


def copy(*arguments: str, **more: str) -> tuple[nursery.Born, dict[str, Any]]:
    """A copy, and what it says of itself."""
    hears, says = os.pipe()
    nothing = os.open(os.devnull, os.O_RDWR)
    born = None
    while born is None:  # the first process of a kind is none
        born = nursery.born("tests.oracle.copied", arguments, ENVIRONMENT | more, (nothing, says, nothing))
    os.close(says)
    os.close(nothing)
    with os.fdopen(hears) as read:
        return born, json.loads(read.readline())


def test_a_copy_is_what_a_new_process_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, first = copy("0")
    monkeypatch.chdir(tmp_path)
    other, second = copy("3", "é", SAID="here")
    assert (first["said"], second["said"]) == (None, "here")
    assert (second["given"], second["folder"], second["path"]) == (["3", "é"], str(tmp_path), "/nowhere")
    assert first["drawn"] != second["drawn"]
    assert first["pipes"] == second["pipes"] == [0, 1, 2]
    assert (one.wait(60), other.wait(60)) == (0, 3)


def test_a_copy_is_ended_alone() -> None:
    (one, _), (other, _) = copy("wait"), copy("wait")
    watched.end(one)
    assert one.returncode is not None
    with pytest.raises(subprocess.TimeoutExpired):
        other.wait(0)
    os.kill(other.pid, signal.SIGKILL)
    assert other.wait(60) == -signal.SIGKILL


def test_whoever_ends_what_is_copied_ends_the_copies_and_nothing_else() -> None:
    one, _ = copy("wait")
    nursery.close()
    assert one.wait(60) == -signal.SIGKILL
    again, _ = copy("0")
    assert again.wait(60) == 0


def test_one_that_nobody_asks_for_copies_ends_and_another_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    nursery.close()
    monkeypatch.setattr(nursery, "IDLE", 0.01)
    lasting, _ = copy("wait")
    (supervisor,) = [each for key, (_, each) in nursery._nurseries.items() if "tests.oracle.copied" in key]
    for _ in range(3):
        ended, _ = copy("0")
        assert ended.wait(60) == 0
    assert supervisor.poll() is None
    watched.end(lasting)
    supervisor.wait()
    again, _ = copy("3")
    assert again.wait(60) == 3
    nursery.close()
