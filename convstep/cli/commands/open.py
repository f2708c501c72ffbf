"""`convstep open`: the debugger on a problem, an operator or one's own function, or the picker of layers."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

from convstep.cli.arguments import FORWARD, flag, option
from convstep.cli.console import FINE, UsageError, lacking, say_loading
from convstep.cli.recordings import Found, OfStepped, begun, nothing_to_step, session_of
from convstep.frozen import frozen


@frozen()
class Options(OfStepped):
    """What `convstep open` is asked."""

    goto: str | None = option("STEP|H,W,C", "start after a step: its number or its loop index")
    breaks: list[str] = option(
        "COND",
        "stop a run here: 'abs(dz) > 0.1', '4,*,1', 'watch NAME[INDEX]' or 'line 12'; repeatable",
        "--break",
        action="append",
        default=[],
    )
    forward: bool = flag(FORWARD)


def run(options: Options) -> int:
    """Open a problem or a function in the debugger, a file of many layers in the picker."""
    say_loading(options.problem)
    with _no_garbage():
        from convstep.cli.problems import run_in, start
    if (found := options.stepped(forward=options.forward)) is not None:
        with found:
            return _show(options, found)
    name = options.problem
    if (captured := run_in(name)) is not None:
        if options.goto is not None or options.breaks or options.forward:
            raise UsageError("--goto, --break and --forward are about one layer; add --layer NAME")
        _need_screen(f"`convstep compare {name}` works")
        from convstep.ui.layers_app import LayersApp
        from convstep.ui.running import run

        run(LayersApp(captured.layers, skipped=captured.skipped, file=name))
        return FINE
    with _no_garbage():
        session, problem = start(name, options.goto, options.breaks, options.forward)
        _need_screen(f"`convstep compare {name}` and `convstep trace {name}` work")
        from convstep.ui.app import run_debugger
    run_debugger(problem, session)
    return FINE


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """While much is made and nothing thrown away: to look through it all costs a tenth of the loading."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _show(options: Options, found: Found) -> int:
    """The debugger on what was recorded; of a file, nothing runs before a number of it is edited."""
    recorded = found.recorded
    if not recorded.recording.total:
        raise UsageError(nothing_to_step(recorded.recording))
    session = begun(recorded, session_of(options.problem), options.goto, options.breaks)
    import shlex

    _need_screen(f"`convstep trace {shlex.join([recorded.target, *recorded.words])}` works")
    from convstep.ui.recording_app import run_recording

    run_recording(
        recorded.recording,
        session,
        options=recorded.words,
        again=found.again,
        judge=found.judge,
        anew=found.anew,
        ends=found.ends,
        how=recorded.how,
        running=found.running,
        runs=found.runs,
    )
    return FINE


def _need_screen(others: str) -> None:
    if lack := lacking():
        raise UsageError(f"convstep open needs {lack}; {others} without one")
