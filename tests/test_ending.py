"""A signal that asks the process to end lets everything clean up."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from convstep.ending import ASKING, Asked, EndsWhenAsked
from tests.waiting import GENEROUS, runs, waited


@pytest.fixture(params=ASKING)
def number(request: pytest.FixtureRequest) -> int:
    """A signal whose default is to end the process."""
    found: int = request.param
    assert signal.getsignal(found) == signal.SIG_DFL
    return found


def test_what_is_under_way_cleans_up_and_nothing_else_counts(number: int) -> None:
    cleaned: list[type[BaseException] | None] = []
    with EndsWhenAsked() as ends:
        try:
            signal.raise_signal(number)
        except Exception:
            cleaned.append(None)
        finally:
            cleaned.append(sys.exc_info()[0])
            raise OSError("the terminal is gone")
    assert cleaned == [Asked]
    assert ends.code == 128 + number
    assert signal.getsignal(number) == signal.SIG_DFL


def test_without_a_signal_nothing_is_swallowed() -> None:
    with pytest.raises(KeyError), EndsWhenAsked():
        raise KeyError


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_a_finalizer_has_dropped_may_come_again(number: int) -> None:
    class Dropping:
        def __del__(self) -> None:
            signal.raise_signal(number)

    reached = False
    with EndsWhenAsked() as ends:
        Dropping()
        reached = True
        signal.raise_signal(number)
        raise AssertionError
    assert reached
    assert ends.number == number


def test_signals_that_are_ignored_or_handled_stay_so(number: int) -> None:
    for handler in (signal.SIG_IGN, lambda *_: None):
        signal.signal(number, handler)
        try:
            with EndsWhenAsked() as ends:
                signal.raise_signal(number)
            assert not ends.number
            assert signal.getsignal(number) is handler
        finally:
            signal.signal(number, signal.SIG_DFL)


def test_in_another_thread_no_signal_is_taken() -> None:
    def enter() -> None:
        with EndsWhenAsked():
            entered.append(signal.getsignal(signal.SIGTERM))

    entered: list[object] = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [signal.SIG_DFL]


HANGING = """
import os, subprocess, time
def conv_backward(dZ, cache, stride, padding):
    child = subprocess.Popen(["sleep", "1000"])
    with open({pids!r}, "w") as file:
        file.write(f"{{os.getpid()}} {{child.pid}}\\n")
    time.sleep(1000)
"""


def test_a_check_that_is_ended_takes_the_candidate_and_what_it_started_along(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    (tmp_path / "mine.py").write_text(HANGING.format(pids=str(pids)))
    with subprocess.Popen(
        [sys.executable, "-m", "convstep", "check", "mine.py:conv_backward", "--timeout", "1000"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as checked:  # fmt: skip
        assert waited(lambda: pids.exists() and pids.read_text().endswith("\n"))
        checked.terminate()
        assert checked.wait(GENEROUS) == 143
        assert checked.stdout is not None
        assert checked.stderr is not None
        assert checked.stdout.read() + checked.stderr.read() == b""
    assert waited(lambda: not any(runs(int(pid)) for pid in pids.read_text().split()))
