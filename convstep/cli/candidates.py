"""Somebody's own backward, as `check`, `debug` and `export` take it."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from convstep import waiting
from convstep.cli.arguments import flag, option, seconds
from convstep.cli.console import UsageError, is_watched, show_progress
from convstep.frozen import frozen
from convstep.printable import printable

if TYPE_CHECKING:
    from convstep.candidate.call.worker import Worker
    from convstep.candidate.operators.caller import Caller
    from convstep.candidate.operators.verdict import OperatorVerdict
    from convstep.candidate.pair import PairVerdict
    from convstep.candidate.record.arguments import Arguments
    from convstep.candidate.verdict import Verdict
    from convstep.conv.problem import Problem

BAR = 24
"""Columns of the progress bar."""


def jobs(text: str) -> int:
    """`4` -> 4: how many at a time."""
    if not re.fullmatch("[0-9]{1,2}", text) or not 1 <= int(text) <= 64:
        import argparse

        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64; write it like 4")
    return int(text)


TARGET = (
    "TARGET",
    "path.py:function, path.py:Class, path.py:Class.method, notebook.ipynb:function, package.module:function",
)


@frozen()
class Calling:
    """How a candidate is loaded and called."""

    convention: str = option(
        "NAME",
        "how it is called: article, coursera, cs231n, alx, torch, problem; auto (default) finds out",
        default="auto",
    )
    timeout: float | None = option(
        "SECONDS",
        "time limit of one call, default 10, and of loading the file, default 60; "
        "importing installed packages is not counted",
        type=seconds,
    )
    run_all: bool = flag("run all of the file's top-level code, not only imports, definitions and constants")
    adapter: str | None = option(
        "FILE.py:FUNCTION",
        "a function that takes the target and a problem, calls it and returns the gradients; "
        "see --write-adapter of `convstep check`",
    )
    python2: bool = flag("the file is written for Python 2")


def opened(target: str, calling: Calling) -> Caller:
    """The candidate of a command line, loaded in a process of its own; CandidateError if it cannot be."""
    from convstep.candidate.call.opening import open_worker
    from convstep.candidate.call.processes import AskedSpawned

    loading = {"run_all": calling.run_all, "python2": calling.python2, "adapter": calling.adapter}
    # as `open_caller` does, which would import NumPy before the other interpreter starts
    return open_worker(  # type: ignore[return-value]
        target, loading, calling.timeout, _meanwhile, spawned=AskedSpawned, kind=_caller
    )


class Saved:
    """A candidate that is checked anew whenever its file is saved."""

    def __init__(self, target: str, calling: Calling, problem: Problem | None) -> None:
        """Look at the target's file now; it is checked on a problem besides, None for the sweep alone."""
        from convstep.candidate.load.target import Target
        from convstep.candidate.record.watching import WatchedFile

        paths = [Target.parse(text).path for text in (target, calling.adapter) if text]
        self._files = [WatchedFile(path) for path in paths if path is not None]
        self._target, self._calling, self._problem = target, calling, problem

    @property
    def path(self) -> str | None:
        """The file; None for an installed module."""
        return self._files[0].path if self._files else None

    def changed(self) -> bool:
        """Whether it, or its adapter's, was saved since this was asked before."""
        return sum(file.changed() for file in self._files) > 0  # every one of them is asked

    def checked(self) -> tuple[Worker, Verdict]:
        """Load and check it, or CandidateError; whoever asks ends its process."""
        from convstep.candidate.conv_verdict import verdict_of

        worker = opened(self._target, self._calling)
        try:
            return worker, verdict_of(worker, self._calling.convention, self._problem, None)
        except BaseException:
            worker.close()
            raise


def _caller() -> type[Caller]:
    from convstep.candidate.operators.caller import Caller

    return Caller


def _meanwhile() -> None:
    """What a verdict needs, imported while another interpreter starts."""
    import convstep.candidate.referee  # noqa: F401


def swept(worker: Worker, calling: Calling, problem: Problem | None = None) -> Verdict:
    """The verdict on a convolution's backward, with progress on a terminal's stderr; or CannotCall."""
    from convstep.candidate.conv_verdict import verdict_of

    with _progress() as told:
        return verdict_of(worker, calling.convention, problem, told)


def judged(worker: Caller, calling: Calling, operator: str | None) -> Verdict | OperatorVerdict | PairVerdict:
    """The verdict on a backward as what it is, see `referee.judged`; raises CannotCall or OperatorError."""
    from convstep.candidate import referee

    with _progress() as told:
        return referee.judged(worker, calling.convention, None, told, operator)


def held(worker: Caller, arguments: Arguments) -> PairVerdict:
    """The verdict on a backward that is called as somebody says, by its own forward; or CannotCall."""
    from convstep.candidate.call.outcome import CannotCall
    from convstep.candidate.pair import Open, against_forward

    said, name = against_forward(worker, arguments), worker.candidate.name
    if isinstance(said, Open):
        raise CannotCall(f"{name} cannot be held against its own forward: {said.why}", worker.candidate)
    return said


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """What is told how many problems are done, of how many; None where nobody looks on."""
    with progress() as told:
        yield None if told is None else lambda done, total: told(done, total, "problems")


@contextlib.contextmanager
def progress() -> Iterator[Callable[[int, int, str], None] | None]:
    """What is told how much is done, of how much, and of what; None where nobody looks on."""

    def told(done: int, total: int, words: str) -> None:
        waiting.wipe()
        filled = done * BAR // total
        line = f"{'━' * filled}{'─' * (BAR - filled)} {done}/{total} {printable(words)}"
        room = shutil.get_terminal_size().columns - 1
        while waiting.columns_of(line) > room:
            line = line[:-1]
        show_progress(f"\r{line}\x1b[K")

    shown = is_watched()
    try:
        yield told if shown else None
    finally:
        if shown:
            show_progress("\r\x1b[K")


def shown_problem(verdict: Verdict, problem: Problem | None) -> Problem:
    """The given problem, UsageError if it cannot be expressed, else the failing, else one of medium size."""
    if problem is not None:
        from convstep.candidate.call.conventions import convention_of

        convention = convention_of(verdict.swept.call)
        unsaid = convention.cannot_say(problem.geometry, verdict.swept.candidate)
        if unsaid:
            raise UsageError(
                f"the {convention.name} convention cannot express {unsaid}, which this problem has"
            )
        return problem
    if verdict.failing is not None:
        return verdict.failing
    taken = [result for result in verdict.swept.results if result.ok] or verdict.swept.results
    return taken[len(taken) // 2].right.problem
