from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from convstep.language import speak
from convstep.oracle.comparison import Comparison, compare
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.messages import OperatorQuestion
from convstep.oracle.service import ServiceClosed, TorchService
from tests.oracle.problems import random_problem, spoiled
from tests.strategies import SELDOM
from tests.waiting import GENEROUS, buried, runs, waited

NO_TORCH_YET = "import time; time.sleep(600)"
BROKEN = "raise ImportError('libc10.so: cannot open shared object file')"
GARBAGE = """
import os
for number in range(3, 512):
    try:
        os.write(number, bytes(4000))
    except OSError:
        pass
"""
NOISY = "import os; print('hello'); os.write(1, b'hello'); raise RuntimeError('noisy')"


@pytest.fixture(scope="module")
def service() -> Iterator[TorchService]:
    with TorchService() as running:
        yield running


@pytest.fixture
def fake_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A torch module that the child, and only the child, finds first."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "torch.py"


def pid_of(service: TorchService) -> int:
    assert service._child is not None
    assert service._child._process is not None
    return service._child._process.pid


def asked(service: TorchService) -> bool:
    """Whether a question is on its way to the child."""
    return service._child is not None and service._child._known_problem is not None


def in_background(service: TorchService, outcome: list[Comparison | Exception]) -> threading.Thread:
    def ask() -> None:
        try:
            outcome.append(service.compare(random_problem()))
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def same(first: Comparison, second: Comparison) -> None:
    assert first.as_dict() == second.as_dict()
    for ours, theirs in zip(first.rows, second.rows, strict=True):
        np.testing.assert_array_equal(ours.expected, theirs.expected)
        assert ours.tolerance == theirs.tolerance


@SELDOM
def test_the_child_says_what_this_process_would(service: TorchService) -> None:
    for problem in (
        random_problem(padding=((1, 0), (2, 1)), dtype=np.float32),
        random_problem(bias=False, batch=2, stride=(2, 1)),
        spoiled(random_problem(), "W", 0, (float("inf"),)),
    ):
        for position in (None, 0, 17, problem.total_steps):
            same(service.compare(problem, position), compare(problem, position))
    assert service.ready


def test_gradients_are_compared_in_the_parent(service: TorchService) -> None:
    problem = random_problem()
    assert problem.b is not None
    zeros = np.zeros_like(problem.W), np.zeros_like(problem.b), np.zeros_like(problem.A_prev_pad)
    assert service.compare(problem, 0, zeros).ok
    assert not service.compare(problem, 9, zeros).ok


def test_threads_take_turns(service: TorchService) -> None:
    outcome: list[Comparison | Exception] = []
    threads = [in_background(service, outcome) for _ in range(4)]
    for thread in threads:
        thread.join(GENEROUS)
    assert len(outcome) == 4
    assert all(isinstance(found, Comparison) and found.ok for found in outcome)


def test_starting_does_not_wait_for_torch(fake_torch: Path) -> None:
    fake_torch.write_text(NO_TORCH_YET)
    with TorchService() as slow:
        assert not slow.ready


def test_a_child_killed_between_requests_is_replaced(service: TorchService) -> None:
    assert service.compare(random_problem()).ok
    first = pid_of(service)
    os.kill(first, signal.SIGKILL)

    def replaced() -> bool:  # a request may come before its death is noticed
        with contextlib.suppress(OracleUnavailable):
            service.compare(random_problem())
        return pid_of(service) != first

    assert waited(replaced)
    assert service.compare(random_problem()).ok


def test_a_child_killed_during_a_request_is_reported(fake_torch: Path) -> None:
    fake_torch.write_text(NO_TORCH_YET)
    with TorchService() as mortal:
        outcome: list[Comparison | Exception] = []
        thread = in_background(mortal, outcome)
        assert waited(lambda: asked(mortal))
        os.kill(pid_of(mortal), signal.SIGKILL)
        thread.join(GENEROUS)
        assert isinstance(outcome[0], OracleUnavailable)
        assert "ended before it answered" in str(outcome[0])


def test_close_ends_a_request_at_once(fake_torch: Path) -> None:
    fake_torch.write_text(NO_TORCH_YET)
    service = TorchService()
    outcome: list[Comparison | Exception] = []
    thread = in_background(service, outcome)
    assert waited(lambda: asked(service))
    pid = pid_of(service)
    service.close()
    service.close()
    thread.join(GENEROUS)
    assert isinstance(outcome[0], ServiceClosed)
    assert waited(lambda: buried(pid))
    with pytest.raises(ServiceClosed):
        service.compare(random_problem())


@pytest.mark.parametrize(("module", "reason"), [(BROKEN, "libc10.so"), (NOISY, "noisy")])
def test_a_torch_that_cannot_be_loaded_is_reported(fake_torch: Path, module: str, reason: str) -> None:
    fake_torch.write_text(module)
    with TorchService() as broken:
        for _ in range(2):
            with pytest.raises(OracleUnavailable, match=rf"torch cannot be loaded \({reason}.*pip install"):
                broken.compare(random_problem())
        assert not broken.ready


def test_a_child_that_answers_nonsense_is_reported(fake_torch: Path) -> None:
    fake_torch.write_text(GARBAGE)
    with TorchService() as broken:
        for _ in range(2):
            with pytest.raises(OracleUnavailable, match="answered nonsense; compare again to start another"):
                broken.compare(random_problem())
        assert not broken.ready


def test_a_child_that_holds_the_interpreters_lock_ends_with_its_parent(fake_torch: Path) -> None:
    written, script = fake_torch.with_name("pid"), fake_torch.with_name("script.py")
    fake_torch.write_text(
        f"import ctypes, os; open({str(written)!r}, 'w').write(f'{{os.getpid()}}\\n')\n"
        "ctypes.PyDLL(None).sleep(60)\n"
    )
    script.write_text(
        "from convstep.oracle.service import TorchService\n"
        "with TorchService() as service: service._child._greeted.wait()\n"
    )
    with subprocess.Popen([sys.executable, script]) as parent:
        assert waited(lambda: written.exists() and written.read_text().endswith("\n"))
        pid = int(written.read_text())
        assert runs(pid)
        parent.kill()
        assert waited(lambda: not runs(pid))


def test_the_child_speaks_the_same_language(fake_torch: Path) -> None:
    fake_torch.write_text(BROKEN)
    speak("zh")
    with TorchService() as broken:
        with pytest.raises(OracleUnavailable, match=r"^torch 无法加载（libc10\.so"):
            broken.compare(random_problem())
        speak("en")  # somebody changes the language while it runs
        with pytest.raises(OracleUnavailable, match=r"^torch cannot be loaded \(libc10\.so"):
            broken.compare(random_problem())


def test_a_wrong_position_is_refused_before_the_child_is_asked(service: TorchService) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        service.compare(random_problem(), -1)


def test_an_unguarded_script_works_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Also: nothing on its stdout, and a parent that is killed takes the child along."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, sys, numpy as np\n"
        "from convstep import Problem\n"
        "from convstep.oracle.service import TorchService\n"
        "service = TorchService()\n"
        "service.start()\n"
        "comparison = service.compare(Problem(np.ones((3, 4, 1)), np.ones((2, 2, 3, 1)), None, None))\n"
        "assert 'torch' not in sys.modules\n"
        "sys.stderr.write(f'{service._child._process.pid} {comparison.ok}')\n"
        "sys.stderr.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    finished = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=GENEROUS)
    assert finished.stdout == ""
    pid, ok = finished.stderr.split()
    assert ok == "True"
    assert waited(lambda: not runs(int(pid))), "the child outlived its parent"


def test_the_child_ignores_an_interrupt(service: TorchService) -> None:
    assert service.compare(random_problem()).ok
    os.kill(pid_of(service), signal.SIGINT)
    assert service.compare(random_problem(seed=1)).ok


def test_an_operator_is_asked_about_by_its_expression(service: TorchService) -> None:
    x, dout = np.array([[1.0, -2.0, 3.0]]), np.array([[5.0, 6.0]])
    question = OperatorQuestion(
        "F.avg_pool1d(x, size, stride)", {"x": x}, {"size": (2,), "stride": (1,)}, {"dout": dout}, ("dx",)
    )
    oracle, gradients = service.gradients(question)
    assert oracle.startswith("PyTorch ")
    assert np.array_equal(gradients["dx"], [[2.5, 5.5, 3.0]])
    with pytest.raises(
        OracleUnavailable, match="PyTorch could not compute these gradients: name 'nope' is not"
    ):
        service.gradients(OperatorQuestion("nope(x)", {"x": x}, {}, {"dout": dout}, ("dx",)))
    # and a convolution after it
    problem = random_problem()
    assert service.compare(problem).ok
