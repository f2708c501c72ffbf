"""The process in which a person's test runs: once as it is, then once more, copied for each mistake."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from convstep.candidate import referee
from convstep.candidate.power.asking import INSIDE
from convstep.candidate.power.copies import BROKEN, OUT_OF_TIME, Copies
from convstep.candidate.power.importing import at_import
from convstep.candidate.power.replacing import Replaced
from convstep.candidate.power.running import run
from convstep.language import speak
from convstep.operators.registry import operator_named
from convstep.oracle import messages
from convstep.oracle.conversation import answering
from convstep.oracle.watched import private_pipes

SILENT = 2.0
"""How many times as long as a run may take nothing may be said."""


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
    """What a run and its copies say, in a copy of this process that ends with it; its own word last.

    Args:
        begin: runs it, and writes lines to a pipe.
        seconds: how long it may say nothing.
    """
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
