"""`convstep debug`: somebody's own backward beside the reference."""

from __future__ import annotations

import shlex

from convstep.cli import candidates
from convstep.cli.arguments import CALL, LAYER, count, group, option, positional
from convstep.cli.console import FINE, UsageError, lacking, say_loading
from convstep.frozen import frozen
from convstep.printable import printable


@frozen()
class Options:
    """What `convstep debug` is asked."""

    target: str = positional(*candidates.TARGET)
    calling: candidates.Calling = group(candidates.Calling)
    problem: str | None = positional("PROBLEM", "by default the smallest one on which it fails", nargs="?")
    goto: str | None = option("STEP|H,W,C", "by default the first divergence")
    layer: str | None = option(*LAYER)
    call: int | None = option(*CALL, type=count)


def run(options: Options) -> int:
    """Open the debugger with the candidate beside the reference."""
    say_loading(options.target)
    check = f"convstep check {shlex.quote(options.target)}"
    with candidates.opened(options.target, options.calling) as worker:
        from convstep.candidate.call.outcome import CannotCall
        from convstep.candidate.operators.ways import likely
        from convstep.cli.problems import named_problem, position_of

        name, problem = (None, None) if options.problem is None else named_problem(options.problem)
        saved = candidates.Saved(options.target, options.calling, problem)
        if lack := lacking():  # it can be loaded, so that the other command does work
            raise UsageError(f"convstep debug needs {lack}; `{check}` works without one")
        try:
            verdict = candidates.swept(worker, options.calling, problem)
        except CannotCall as error:
            if likely(error.candidate):
                step = f"convstep open {shlex.quote(options.target)}"
                said = f"{printable(error.candidate.name)} is not called like one"
                said = f"convstep debug is for the backward of a conv2d, and {said}"
                raise UsageError(f"{said}; `{check}` says whether it is right, `{step}` steps it") from error
            raise UsageError(f"{error}; `{check}` says what was tried") from error
        shown = candidates.shown_problem(verdict, problem)
        position = None if options.goto is None else position_of(options.goto, shown)
        say_loading(options.target)  # the bar of the sweep is gone
        from convstep.ui.candidate_app import run_candidate

        run_candidate(
            worker, verdict, shown, name=options.target, problem_name=name, position=position, again=saved
        )
    return FINE
