"""`convstep open`: the debugger, or the picker of a file with many layers."""

from __future__ import annotations

import gc
from dataclasses import dataclass

from convstep.cli.arguments import FORWARD, OfProblem, flag, option
from convstep.cli.console import FINE, UsageError, lacking, say_loading

USE = "open a problem in the debugger"


@dataclass(frozen=True, slots=True)
class Options(OfProblem):
    """What `convstep open` is asked."""

    goto: str | None = option("STEP|H,W,C", "start after a step: its number or its loop index")
    breaks: list[str] = option(
        "COND",
        "stop a run here: 'abs(dz) > 0.1', '4,*,1' or 'watch NAME[INDEX]'; repeatable",
        "--break",
        action="append",
        default=[],
    )
    forward: bool = flag(FORWARD)


def run(options: Options) -> int:
    """Open a problem in the debugger, a file of many layers in the picker."""
    say_loading(options.problem)
    from convstep.cli.problems import run_in, start

    name = options.problem
    if (captured := run_in(name)) is not None:
        if options.goto is not None or options.breaks or options.forward:
            raise UsageError("--goto, --break and --forward are about one layer; add --layer NAME")
        _need_screen(f"`convstep compare {name}` works")
        from convstep.ui.layers_app import LayersApp
        from convstep.ui.running import run

        run(LayersApp(captured.layers, skipped=captured.skipped, file=name))
        return FINE
    session, problem = start(name, options.goto, options.breaks, options.forward)
    _need_screen(f"`convstep compare {name}` and `convstep trace {name}` work")
    gc.disable()  # much is made and nothing is garbage: looking through it costs a fifth of the loading
    from convstep.ui.app import run_debugger

    gc.freeze()
    gc.enable()
    run_debugger(problem, session)
    return FINE


def _need_screen(others: str) -> None:
    if lack := lacking():
        raise UsageError(f"convstep open needs {lack}; {others} without one")
