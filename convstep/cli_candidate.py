"""`convstep check` and `convstep debug`: somebody's own backward, on the command line."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from typing import TYPE_CHECKING, NamedTuple

from convstep import waiting
from convstep.cli import UsageError, Writing, lacking, say_loading

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
    """The verdict, as it was asked for."""
    right: bool
    """Whether the candidate is right."""
    unsaved: str
    """Why the failing problem could not be written, one sentence; "" if it was, or need not be."""


def checked(given: argparse.Namespace) -> Checked:
    """What `convstep check` found out; a file that cannot be written takes nothing from the verdict.

    Raises:
        UsageError: the candidate cannot be loaded, or the file it would be saved to exists.
    """
    if given.save is not None and os.path.exists(given.save) and not given.force:
        raise UsageError(f"{given.save} already exists; choose another --save or add --force")
    with opened(given.target, given) as worker:
        verdict = swept(worker, given, None)
    unsaved = ""
    if given.save is not None and verdict.failing is not None:
        try:
            with Writing(given.save):
                verdict = verdict.saved(given.save)
        except UsageError as error:
            unsaved = str(error)
    if not given.json:
        return Checked(str(verdict), verdict.ok, unsaved)
    import json

    from convstep.view.text import json_value

    return Checked(json.dumps(json_value(verdict.as_dict()), allow_nan=False), verdict.ok, unsaved)


def opened(target: str, given: argparse.Namespace) -> Worker:
    """The candidate of a command line, loaded in a process of its own.

    Raises:
        UsageError: it cannot be loaded.
    """
    from convstep.candidate.load.target import CandidateError
    from convstep.candidate.referee import open_worker

    try:
        return open_worker(
            target,
            {"run_all": given.run_all, "python2": given.python2, "adapter": given.adapter},
            given.timeout,
        )
    except CandidateError as error:
        raise UsageError(str(error)) from error


def swept(worker: Worker, given: argparse.Namespace, problem: Problem | None) -> Verdict:
    """The verdict, with progress on a terminal's stderr meanwhile.

    Raises:
        UsageError: it fits no convention.
    """
    from convstep.candidate.load.target import CandidateError
    from convstep.candidate.referee import verdict_of

    shown = sys.stderr is not None and sys.stderr.isatty()

    def progress(done: int, total: int) -> None:
        waiting.wipe()
        filled = done * BAR // total
        bar = "━" * filled + "─" * (BAR - filled)
        _draw(f"\r{bar} {done}/{total} problems")

    try:
        return verdict_of(worker, given.convention, problem, progress if shown else None)
    except CandidateError as error:
        raise UsageError(str(error)) from error
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
        UsageError: there is no terminal, or the candidate or the place cannot be.
    """
    say_loading(given.target)
    from convstep.cli_problems import named_problem
    from convstep.replay.places import parse_place

    with opened(given.target, given) as worker:
        name, problem = (None, None) if given.problem is None else named_problem(given.problem)
        if lack := lacking():  # it can be loaded, so that the other command does work
            raise UsageError(
                f"convstep debug needs {lack}; `convstep check {shlex.quote(given.target)}` works without one"
            )
        verdict = swept(worker, given, problem)
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
        from convstep.candidate.call.named import convention_of

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
