"""`convstep open`: the debugger on a problem, an operator or one's own function, or the picker of layers."""

from __future__ import annotations

import contextlib
import gc
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convstep.cli.arguments import FORWARD, flag, option
from convstep.cli.console import FINE, UsageError, lacking, say_loading
from convstep.cli.recordings import OfStepped, refuse_unused
from convstep.cli.targets import is_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from convstep.candidate.operators.file import FileShown
    from convstep.candidate.operators.shown import Shown
    from convstep.candidate.operators.so_far import Running
    from convstep.candidate.record.recorder import Recorded
    from convstep.recording.recording import Recording
    from convstep.ui.recording_app import Again, Edited, Judge

USE = "open a problem, an operator or your own function in the debugger"


@dataclass(frozen=True, slots=True)
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
        from convstep.cli.recordings import kept, operator_shown
    name = options.problem
    shown = operator_shown(
        name,
        options.call,
        options.values,
        options.wanted,
        forward=options.forward,
        timeout=options.loading.timeout,
    )
    if shown is not None:
        try:
            return _show_operator(options, shown)
        finally:
            shown.close()
    if is_target(name):
        return _open_function(options)
    refuse_unused(options.values, options.wanted)
    if (found := kept(name)) is not None:
        return _show_kept(options, found)
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


def _open_function(options: Options) -> int:
    """Record a function, and open the debugger on it; on save of its file it is recorded anew."""
    from convstep.cli.recordings import recordable

    function = recordable(options.problem, options.call, options.values, options.loading)
    return _show(
        options,
        function.record(),
        again=function.again,
        judge=function.judge,
        anew=function.with_numbers,
        ends=function.close,
    )


def _show_operator(options: Options, shown: Shown | FileShown) -> int:
    """The debugger on an operator's own backward, or forward."""
    judge, running = (shown.judge, shown.running) if shown.compares else (None, None)
    return _show(
        options,
        shown.recorded,
        judge=judge,
        running=running,
        again=shown.again,
        anew=shown.with_numbers,
        ends=shown.close,
    )


def _show_kept(options: Options, found: Recorded) -> int:
    """The debugger on a recording of a file; nothing runs before a number of it is edited."""
    from convstep.candidate.record.kept import Kept

    kept = Kept(found.recording, found.target, found.words)
    anew, runs = (kept.with_numbers, kept.runs) if kept.is_there else (None, "")
    return _show(options, found, anew=anew, ends=kept.close, runs=runs)


def _show(
    options: Options,
    found: Recorded,
    *,
    again: Again | None = None,
    judge: Judge | None = None,
    anew: Edited | None = None,
    ends: Callable[[], object] = lambda: None,
    running: Callable[[Recording], Running] | None = None,
    runs: str = "",
) -> int:
    from convstep.cli.recordings import begun, nothing_to_step, session_of

    if not found.recording.total:
        raise UsageError(nothing_to_step(found.recording))
    session = begun(found, session_of(options.problem), options.goto, options.breaks)
    _need_screen(f"`convstep trace {shlex.join([found.target, *found.words])}` works")
    from convstep.ui.recording_app import run_recording

    run_recording(
        found.recording,
        session,
        options=found.words,
        again=again,
        judge=judge,
        anew=anew,
        ends=ends,
        how=found.how,
        running=running,
        runs=runs,
    )
    return FINE


def _need_screen(others: str) -> None:
    if lack := lacking():
        raise UsageError(f"convstep open needs {lack}; {others} without one")
