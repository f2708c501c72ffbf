"""Runs in the child: a person's test, by pytest, or as a script where it holds no tests."""

from __future__ import annotations

import ast
import contextlib
import os
import runpy
import sys
from types import ModuleType
from typing import Any

from convstep.candidate.power.copies import FAILED, NONE, PASSED
from convstep.candidate.power.replacing import Replaced

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
    """Run a test; it says how it ended, as do its copies, each of which ends here.

    Args:
        test: `test_layers.py`, `test_layers.py::test_pool`, a script.
        replaced: what it tests, in its module.
        file: that module's file.
        name: what it tests, in the module.
    """
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
