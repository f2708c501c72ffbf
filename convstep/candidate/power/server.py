"""The process in which a person's test runs: once as it is, then once more, copied for each mistake.

The test is pytest's, or a script where it holds no tests.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib.machinery
import json
import os
import runpy
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

from convstep.candidate import referee
from convstep.candidate.power.asking import INSIDE
from convstep.candidate.power.copies import BROKEN, FAILED, NONE, OUT_OF_TIME, PASSED, Copies
from convstep.candidate.power.replacing import Replaced
from convstep.language import speak
from convstep.operators.registry import operator_named
from convstep.oracle import messages
from convstep.oracle.conversation import answering
from convstep.oracle.watched import private_pipes

OPTIONS = ("-q", "-x", "-p", "no:cacheprovider", "-o", "addopts=", "--tb=short", "--capture=sys")
"""Of pytest. Copies of a process have one file where it writes to, so what it captures stays in memory."""
_LONGEST = 200
"""Letters of a message; see `Copies.tell`."""


class _Watching:
    """What pytest tells of a run.

    A copy ends as soon as it is known how: it shares temporary folders and whatever a fixture has started
    with others, and must not finish them.
    """

    def __init__(self, replaced: Replaced) -> None:
        self.replaced = replaced
        self.failed, self.message = "", ""

    def said(self, code: int) -> dict[str, Any]:
        failed, message = self.failed[:_LONGEST], self.message[:_LONGEST]
        return {"code": code, "script": False, "failed": failed, "message": message}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid.rpartition("::")[2]
            self.message = _last_line(report)
            self.replaced.end_copy(self.said(FAILED))
        elif report.when == "call" and self.replaced.done:
            self.replaced.end_copy(self.said(PASSED))

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.message:
            self.message = _last_line(report)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self.replaced.end_copy(self.said(int(exitstatus)))
        self.replaced.copies.wait()


def _last_line(report: Any) -> str:
    crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", None)
    lines = [line for line in str(crash or report.longrepr).splitlines() if line.strip()]
    return (lines[0] if crash else lines[-1].removeprefix("E   ")).strip()[:_LONGEST] if lines else ""


def run(test: str, replaced: Replaced, file: str, name: str) -> None:
    """Run a test, a script or `test_layers.py::test_pool`; it and its copies, which end here, say how."""
    watching, code = _Watching(replaced), NONE
    with contextlib.suppress(ImportError):
        import pytest

        first = pytest.hookimpl(tryfirst=True)  # before somebody else's removes what copies still use
        first(_Watching.pytest_sessionfinish)
        code = int(pytest.main([test, *OPTIONS], plugins=[watching]))
    said = watching.said(code)
    if code == NONE:
        code, message = _run_script(test, replaced, file, name)
        said |= {"code": code, "script": True, "message": message[:_LONGEST]}
    replaced.end(said)


def _run_script(test: str, replaced: Replaced, file: str, name: str) -> tuple[int, str]:
    """Run a file as a program; one that holds the target itself has it replaced as soon as it is defined."""
    try:
        if os.path.realpath(test) == os.path.realpath(file):
            _run_own(test, replaced, name)
        else:
            sys.argv = [test]
            runpy.run_path(test, run_name="__main__")
    except SystemExit as error:
        return (FAILED, f"SystemExit: {error.code}") if error.code else (PASSED, "")
    except BaseException as error:
        return FAILED, f"{type(error).__name__}: {error}"
    return PASSED, ""


def _run_own(test: str, replaced: Replaced, name: str) -> None:
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__file__ = test
    sys.argv = [test]
    with open(test, "rb") as opened:
        tree = ast.parse(opened.read(), test)
    put = "_convstep_put_"
    vars(module)[put] = lambda: replaced.put_into(module, name)
    body: list[ast.stmt] = []
    for statement in tree.body:
        body.append(statement)
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Assign)):
            call = ast.Expr(ast.Call(ast.Name(put, ast.Load()), [], []))
            body.append(ast.fix_missing_locations(ast.copy_location(call, statement)))
    tree.body = body
    exec(compile(tree, test, "exec"), vars(module))


SILENT = 2.0
"""How many times as long as a run may take nothing may be said."""


def main(arguments: Sequence[str]) -> None:
    """Answer which mistakes a test sees: the test, the target's file, its name, operator, language."""
    test, file, name, operator, language = arguments
    questions, answers = private_pipes()
    speak(language)
    sys.stdin = open(os.devnull)  # noqa: SIM115  open as long as the process lives
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    os.environ |= {"MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1", INSIDE: "1"}
    os.environ.pop("PYTEST_ADDOPTS", None)
    sys.dont_write_bytecode = True
    sys.path[:0] = [os.path.dirname(os.path.realpath(file)), os.getcwd()]
    with contextlib.suppress(ImportError):
        import pytest  # noqa: F401  once for all runs
    if "import torch" in _text(file) + _text(test):
        with contextlib.suppress(Exception):  # the test will say what is wrong with it
            from convstep.oracle.pytorch import torch_module

            torch_module().set_num_threads(1)  # others would stay behind in a copy
    whole = operator_named(operator)

    def begin(question: messages.Message, pipe: int) -> None:
        copies = Copies(pipe, int(question["jobs"]), float(question["seconds"]))
        numbers = [int(number) for number in question["suspects"]]
        replaced = Replaced(whole, numbers, copies, int(question["calls"]))
        at_import(file, lambda module: replaced.put_into(module, name))
        _note_checks(replaced)
        run(test, replaced, file, name)

    while (received := messages.receive(questions)) is not None:
        question = messages.opened(received)
        for said in _forked(functools.partial(begin, question), SILENT * float(question["seconds"])):
            messages.send(answers, answering(question, {"run": json.dumps(said)}))


def at_import(file: str, put: Callable[[ModuleType], None]) -> None:
    """Have something done with a module of a file whenever it has run, however it is imported."""
    meant = os.path.realpath(file)
    kinds: list[Any] = [importlib.machinery.SourceFileLoader]
    try:
        from _pytest.assertion.rewrite import AssertionRewritingHook

        kinds.append(AssertionRewritingHook)
    except ImportError:
        pass
    for kind in kinds:
        kind.exec_module = _then(kind.exec_module, meant, put)


def _then(run: Callable[..., None], file: str, put: Callable[[ModuleType], None]) -> Callable[..., None]:
    def exec_module(loader: Any, module: ModuleType) -> None:
        run(loader, module)
        origin = getattr(module.__spec__, "origin", None)
        if origin and os.path.realpath(origin) == file:
            put(module)

    return exec_module


def _text(path: str) -> str:
    with contextlib.suppress(OSError, ValueError), open(path.partition("::")[0], encoding="utf-8") as file:
        return file.read(1 << 20)
    return ""


def _note_checks(replaced: Replaced) -> None:
    """Note that a test asks `check`, which runs the file elsewhere, where there is no mistake in it."""
    check = referee.check

    def noted(*places: Any, **named: Any) -> Any:
        replaced.asks_check = True
        return check(*places, **named)

    vars(referee)["check"] = noted


def _forked(begin: Callable[[int], None], seconds: float) -> Iterator[dict[str, Any]]:
    """What a run and its copies say in a process's copy that ends with it, within so many silent seconds."""
    here, there = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(here)
            os.setsid()
            begin(there)
        finally:
            os._exit(0)
    os.close(there)
    kept, last = b"", False
    until = time.monotonic() + seconds
    while not last and select.select([here], [], [], max(until - time.monotonic(), 0))[0]:
        part = os.read(here, 1 << 16)
        if not part:
            break
        until = time.monotonic() + seconds
        *lines, kept = (kept + part).split(b"\n")
        for line in lines:
            said: dict[str, Any] = json.loads(line)
            last = said["suspect"] < 0
            yield said
    os.close(here)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if not last:
        yield {"suspect": -1, "code": OUT_OF_TIME if time.monotonic() >= until else BROKEN}
