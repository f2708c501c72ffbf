"""The process in which a person's test runs: once as it is, then once for each mistake, in a fork each."""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from convstep.candidate.power.replacing import Replaced, at_import
from convstep.candidate.power.suspects import suspects
from convstep.language import speak
from convstep.operators.registry import operator_named
from convstep.oracle import messages
from convstep.oracle.conversation import answering
from convstep.oracle.watched import private_pipes

PASSED, FAILED, NONE, BROKEN = 0, 1, 5, 2
"""How a run ends, as pytest says it: every test passes, one fails, there is none, it does not come to that."""
OUT_OF_TIME = 9
LONGEST = 1 << 20
"""Bytes of what a run says of itself."""


@dataclass(slots=True, eq=False)
class _Watching:
    """What pytest tells of a run."""

    failed: str = ""
    """The first test that fails."""
    message: str = ""
    """Why."""
    passed: int = 0
    """How many pass."""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid.rpartition("::")[2]
            self.message = _last_line(report)
        self.passed += report.when == "call" and report.passed

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.message:
            self.message = _last_line(report)


def _last_line(report: Any) -> str:
    crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", None)
    lines = [line for line in str(crash or report.longrepr).splitlines() if line.strip()]
    return (lines[0] if crash else lines[-1].removeprefix("E   ")).strip()[:300] if lines else ""


def main(arguments: Sequence[str]) -> None:
    """Answer which mistakes a test sees.

    Args:
        arguments: the test, the target's file, its name, the operator's name, the language.
    """
    test, file, name, operator, language = arguments
    questions, answers = private_pipes()
    speak(language)
    sys.stdin = open(os.devnull)  # noqa: SIM115  open as long as the process lives
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    os.environ |= {"MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    sys.path[:0] = [os.path.dirname(os.path.realpath(file)), os.getcwd()]
    with contextlib.suppress(ImportError):
        import pytest  # noqa: F401  once for all forks
    if "import torch" in _text(file) + _text(test):
        with contextlib.suppress(Exception):  # the test will say what is wrong with it
            from convstep.oracle.pytorch import torch_module

            torch_module().set_num_threads(1)  # others would stay behind in a fork
    whole = operator_named(operator)
    while (received := messages.receive(questions)) is not None:
        question = messages.opened(received)
        number, seconds = int(question["suspect"]), float(question["seconds"])

        def run(number: int = number) -> dict[str, Any]:
            replaced = Replaced(whole, None if number < 0 else suspects(whole)[number])
            at_import(file, lambda module: replaced.put_into(module, name))
            return _run(test, replaced)

        messages.send(answers, answering(question, {"run": json.dumps(_forked(run, seconds))}))


def _text(path: str) -> str:
    with contextlib.suppress(OSError, ValueError), open(path.partition("::")[0], encoding="utf-8") as file:
        return file.read(1 << 20)
    return ""


def _run(test: str, replaced: Replaced) -> dict[str, Any]:
    """Run a test file; as a script where it holds no tests."""
    watching, code = _Watching(), NONE
    try:
        import pytest
    except ImportError:
        pytest = None  # type: ignore[assignment]
    if pytest is not None:
        options = ["-q", "-x", "-p", "no:cacheprovider", "-o", "addopts=", "--tb=short"]
        code = int(pytest.main([test, *options], plugins=[watching]))
    script = code == NONE
    if script:
        code = PASSED
        try:
            runpy.run_path(test, run_name="__main__")
        except SystemExit as error:
            code = FAILED if error.code else PASSED
        except BaseException as error:
            code, watching.message = FAILED, f"{type(error).__name__}: {error}"[:300]
    if replaced.suspect is None:
        replaced.mark()
    return {
        "code": code,
        "script": script,
        "failed": watching.failed,
        "message": watching.message,
        "passed": watching.passed,
        "calls": replaced.calls,
        "read": replaced.read,
        "shown": replaced.shown,
        "problems": replaced.problems[:20],
        "same": replaced.marks,
    }


def _forked(run: Callable[[], dict[str, Any]], seconds: float) -> dict[str, Any]:
    """What a run says, made in a copy of this process that ends with it."""
    here, there = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(here)
            os.setsid()
            said = json.dumps(run()).encode()
            with os.fdopen(there, "wb") as pipe:
                pipe.write(said[:LONGEST])
        finally:
            os._exit(0)
    os.close(there)
    said, end = b"", time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([here], [], [], max(end - time.monotonic(), 0))
        if not ready:
            break
        part = os.read(here, LONGEST)
        if not part:
            break
        said += part
    os.close(here)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        late = time.monotonic() >= end
        return {"code": OUT_OF_TIME if late else BROKEN, "message": "", "calls": 0, "read": 0, "shown": 0}
    return found
