"""`convstep debug`: somebody's own backward beside the reference."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass

from convstep.cli import candidates
from convstep.cli.arguments import add_layer, add_problem
from convstep.cli.console import FINE, UsageError, lacking, say_loading


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(candidates.CandidateOptions):
    """What `convstep debug` is asked."""

    target: str
    problem: str | None
    goto: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `convstep debug`."""
    candidates.add_candidate(parser)
    add_problem(parser, nargs="?", help="by default the smallest one on which it fails")
    parser.add_argument("--goto", metavar="STEP|H,W,C", help="by default the first divergence")
    add_layer(parser)


def run(options: Options) -> int:
    """Open the debugger with the candidate beside the reference."""
    say_loading(options.target)
    from convstep.candidate.call.outcome import CannotCall
    from convstep.cli.problems import named_problem, position_of

    check = f"convstep check {shlex.quote(options.target)}"
    with candidates.opened(options.target, options) as worker:
        name, problem = (None, None) if options.problem is None else named_problem(options.problem)
        if lack := lacking():  # it can be loaded, so that the other command does work
            raise UsageError(f"convstep debug needs {lack}; `{check}` works without one")
        try:
            verdict = candidates.swept(worker, options.convention, problem)
        except CannotCall as error:
            raise UsageError(f"{error}; `{check}` says what was tried") from error
        shown = candidates.shown_problem(verdict, problem)
        position = None if options.goto is None else position_of(options.goto, shown)
        say_loading(options.target)  # the bar of the sweep is gone
        from convstep.ui.app import run_candidate

        run_candidate(worker, verdict, shown, name=options.target, problem_name=name, position=position)
    return FINE
