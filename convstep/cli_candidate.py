"""`convstep check` and `convstep debug`: somebody's own backward, on the command line."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from convstep import waiting
from convstep.cli import BAD_USAGE, DIFFERENT, FINE, UsageError, Writing, lacking, say_loading
from convstep.printable import printable

if TYPE_CHECKING:
    import argparse

    from convstep.candidate.call.worker import Worker
    from convstep.candidate.verdict import Verdict
    from convstep.conv.problem import Problem

BAR = 24
"""Columns of the progress bar."""


class Checked(NamedTuple):
    """What `convstep check` has to say."""

    text: str
    """The verdict, as it was asked for, or why there is none."""
    code: int
    """What it comes to: FINE, DIFFERENT or, where there is no verdict, BAD_USAGE."""
    complaint: str
    """One sentence for stderr: why there is no verdict, or the failing problem could not be written."""


def checked(given: argparse.Namespace) -> Checked:
    """What `convstep check` found out; a file that cannot be written takes nothing from the verdict.

    Raises:
        CandidateError: the candidate cannot be loaded.
        UsageError: the file it would be saved to exists.
    """
    if given.save is not None and os.path.exists(given.save) and not given.force:
        raise UsageError(f"{given.save} already exists; choose another --save or add --force")
    with opened(given.target, given) as worker:
        from convstep.candidate.call.outcome import CannotCall
        from convstep.candidate.report import uncallable_json, uncallable_report

        try:
            verdict = swept(worker, given, None)
        except CannotCall as error:
            if given.json:
                text = _json(uncallable_json(error, given.target))
            else:
                text = uncallable_report(error, given.target, adapted=given.adapter is not None)
            return Checked(text, BAD_USAGE, str(error))
    unsaved = ""
    if given.save is not None and verdict.failing is not None:
        try:
            with Writing(given.save):
                verdict = verdict.saved(given.save)
        except UsageError as error:
            unsaved = str(error)
    text = _json(verdict.as_dict()) if given.json else str(verdict)
    return Checked(text, FINE if verdict.ok else DIFFERENT, unsaved)


def written_adapter(given: argparse.Namespace) -> tuple[str, ...]:
    """Write an adapter to start from, and say how it is used.

    Raises:
        CandidateError: it cannot be loaded, or has no backward.
        UsageError: the file exists, or cannot be written.
    """
    path = given.write_adapter
    if not path.endswith(".py"):
        raise UsageError(f"{path} is not a Python file; choose another --write-adapter, like adapter.py")
    if os.path.exists(path) and not given.force:
        raise UsageError(f"{path} already exists; choose another --write-adapter or add --force")
    from convstep.candidate.adapter import adapter_text, likely_call
    from convstep.candidate.load.target import Target
    from convstep.files import written_whole

    flags = [f"--{name.replace('_', '-')}" for name in ("run_all", "python2") if getattr(given, name)]
    with opened(given.target, given) as worker:
        call = likely_call(worker, given.convention)
        text = adapter_text(Target.parse(given.target), worker.candidate, call, path, flags)
    with Writing(path), written_whole(path) as file:
        file.write(text.encode())
    return printable(path, None), text.splitlines()[0].removeprefix("# ")


def _json(value: dict[str, Any]) -> str:
    import json

    from convstep.view.panels.trace import json_value

    return json.dumps(json_value(value), allow_nan=False)


def opened(target: str, given: argparse.Namespace) -> Worker:
    """The candidate of a command line, loaded in a process of its own.

    Raises:
        CandidateError: it cannot be loaded.
    """
    from convstep.candidate.call.opening import open_worker

    options = {"run_all": given.run_all, "python2": given.python2, "adapter": given.adapter}
    return open_worker(target, options, given.timeout, _meanwhile)


def _meanwhile() -> None:
    """What a verdict needs, made ready while another interpreter starts."""
    from convstep.candidate.referee import prepare

    prepare()


def swept(worker: Worker, given: argparse.Namespace, problem: Problem | None) -> Verdict:
    """The verdict, with progress on a terminal's stderr meanwhile.

    Raises:
        CannotCall: no way of calling it works.
    """
    from convstep.candidate.referee import verdict_of

    shown = sys.stderr is not None and sys.stderr.isatty()

    def progress(done: int, total: int) -> None:
        waiting.wipe()
        filled = done * BAR // total
        bar = "━" * filled + "─" * (BAR - filled)
        _draw(f"\r{bar} {done}/{total} problems")

    try:
        return verdict_of(worker, given.convention, problem, progress if shown else None)
    finally:
        if shown:
            _draw("\r\x1b[K")


def _draw(text: str) -> None:
    """Write on the terminal; one that is gone is no reason to give up what is being found out."""
    with contextlib.suppress(OSError):
        print(text, end="", file=sys.stderr, flush=True)  # noqa: T201


def debug(given: argparse.Namespace) -> None:
    """Open the debugger with the candidate beside the reference.

    Raises:
        CandidateError: the candidate cannot be loaded.
        UsageError: it cannot be called, there is no terminal, or no such place.
    """
    say_loading(given.target)
    from convstep.candidate.call.outcome import CannotCall
    from convstep.cli_problems import named_problem
    from convstep.replay.places import parse_place

    with opened(given.target, given) as worker:
        name, problem = (None, None) if given.problem is None else named_problem(given.problem)
        if lack := lacking():  # it can be loaded, so that the other command does work
            raise UsageError(
                f"convstep debug needs {lack}; `convstep check {shlex.quote(given.target)}` works without one"
            )
        try:
            verdict = swept(worker, given, problem)
        except CannotCall as error:
            command = f"convstep check {shlex.quote(given.target)}"
            raise UsageError(f"{error}; `{command}` says what was tried") from error
        shown = shown_problem(verdict, problem)
        position = None
        if given.goto is not None:
            try:
                position = parse_place(given.goto, shown.geometry)
            except ValueError as error:
                raise UsageError(f"--goto: {error}") from error
        say_loading(given.target)  # the bar of the sweep is gone
        from convstep.ui.app import run_candidate

        run_candidate(worker, verdict, shown, name=given.target, problem_name=name, position=position)


def shown_problem(verdict: Verdict, problem: Problem | None) -> Problem:
    """The problem to open: the given one, else the failing one, else one of medium size from the sweep.

    Raises:
        UsageError: the convention cannot express the given one.
    """
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
