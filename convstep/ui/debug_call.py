"""`convstep.debug`: the debugger in the middle of a script, like `breakpoint()`.

Where no debugger can be opened, in a test, a notebook or a job without a terminal, a problem or a
function's recording is saved and the command that opens it is printed; of what was captured, which may
be large, it is said how it is saved. Textual is loaded only where there is a terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import operator
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from convstep import waiting
from convstep.conv.problem import Problem
from convstep.conv.validation import ProblemError
from convstep.language import tr
from convstep.oracle.capture import Capture
from convstep.oracle.captured import Captured, CapturedLayer, CaptureError
from convstep.printable import printable
from convstep.recording.recording import Recording
from convstep.served import in_browser
from convstep.ui.rescue import ScreenError
from convstep.ui.temporary_files import command_for, in_new_folder, save


def debug(
    subject: Problem | Captured | CapturedLayer | Capture | Callable[..., Any],
    /,
    *args: Any,
    **kwargs: Any,
) -> None:
    """Open the debugger here, and go on with the script when the person leaves it.

    A function over NumPy arrays is run once on copies of its arguments, recorded, and stepped.

    Several captured layers open as a list to pick from. Under pytest, in a notebook, inside an event
    loop, in another thread or without a terminal, nothing is opened: of what `capture` has seen, a line
    says how much there is and how to save it; one problem, or one layer, is saved to a new file in a
    temporary folder, and the command that opens it is printed.

        with convstep.capture(model) as captured:
            loss(model(images), labels).backward()
        convstep.debug(captured)
        convstep.debug(max_pool_backward, dout, cache)

    A mistake of ours that ends the screen is no reason to end the script: it is a RuntimeWarning that
    says where the session was saved, and the script goes on. A signal (SIGTERM, SIGHUP, SIGINT) first
    ends the screen and then does with the script what it does without one.

    Args:
        subject: a problem, what `capture` has seen so far, or a function.
        *args: of a function its arguments; else `sample`, one sample of the batch, which is the whole
            batch if left out.
        **kwargs: of a function its keyword arguments; else `sample`.

    Raises:
        CaptureError: nothing was captured, or there is no such sample; the sentence says what to do.
        ProblemError: the problem has no such sample.
        RecordingError: the function's source is not known, or it is not written in Python.
        TypeError: it is none of these.
        OSError: the file cannot be written.
    """
    try:
        if callable(subject) and not isinstance(subject, (Problem, Captured, CapturedLayer, Capture)):
            _step(partial(_recorded, subject, args, kwargs))
            return
        sample = _sample(*args, **kwargs)
        if isinstance(subject, Captured) and (len(subject.layers) > 1 or not can_open_here()):
            _pick(subject, sample)
        else:
            _open(*_single(subject, sample))
    except ScreenError as crash:
        warnings.warn(str(crash), RuntimeWarning, stacklevel=2)


def _sample(sample: int | None = None) -> int | None:
    """What is given beside a problem; its name stands in the sentence of Python's own error."""
    return sample


def _recorded(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    numbers: Mapping[str, Mapping[tuple[int, ...], Any]],
) -> Recording:
    from convstep.recording.record import record_call

    return record_call(function, args, kwargs, numbers)


def _step(recorded: Callable[[Mapping[str, Mapping[tuple[int, ...], Any]]], Recording]) -> None:
    """Run a function and open the debugger on it, or say what opens it.

    `recorded` records it, with other numbers in what it is handed.
    """
    recording = recorded({})
    if not recording.total:
        _say(tr("{name} has no step: only what touches NumPy arrays is stepped", name=recording.name))
    elif not can_open_here():
        from convstep.candidate.record.file import save as save_recording

        path = in_new_folder(recording.name)
        save_recording(recording, path)
        _say(command_for(path))
    else:
        with _saying_so():
            from convstep.ui.recording_app import RecordingApp
            from convstep.ui.running import run

            paths = recording.handed_in

            def anew(numbers: Mapping[str, Mapping[tuple[int, ...], Any]]) -> Recording:
                return recorded({paths[name]: cells for name, cells in numbers.items()})

            run(RecordingApp(recording, anew=anew))


def can_open_here() -> bool:
    """Whether somebody sits in front of a terminal that this thread may use, or of a browser."""
    if threading.current_thread() is not threading.main_thread() or _in_event_loop() or _in_notebook():
        return False
    if in_browser():
        return True
    if os.environ.get("TERM") == "dumb":
        return False
    if "PYTEST_CURRENT_TEST" in os.environ and sys.stdin is not sys.__stdin__:
        return False  # pytest captures; with -s it leaves the terminal to the test
    # the app reads the one and draws on the other, whatever stands in sys.stdin and sys.stdout
    return _is_terminal(sys.__stdin__) and _is_terminal(sys.__stderr__) and _in_foreground()


def _single(subject: object, sample: int | None) -> tuple[str, Problem]:
    """What to call the one problem, and the problem."""
    if isinstance(subject, Problem):
        return "problem", subject if sample is None else _one_sample(subject, sample)
    if isinstance(subject, Captured):
        subject = subject.layer()
    if isinstance(subject, CapturedLayer):
        return subject.name, subject.problem(sample)
    if isinstance(subject, Capture):
        return _single(subject.seen(), sample)
    raise TypeError(
        tr(
            "debug takes a Problem, what capture returns or a function, not {kind}; "
            "make one with convstep.Problem(A_prev, W, b, dZ)",
            kind=type(subject).__name__,
        )
    )


def _one_sample(problem: Problem, sample: int) -> Problem:
    samples, sample = problem.geometry.samples, operator.index(sample)
    if not -samples <= sample < samples:
        raise ProblemError(
            tr("sample {sample} does not exist; samples go from 0 to {last}", sample=sample, last=samples - 1)
        )
    if problem.geometry.batch is None:
        return problem
    geometry = problem.stride, problem.padding, problem.dilation, problem.groups
    single = Problem(problem.A_prev[sample], problem.W, problem.b, problem.dZ[sample], *geometry)
    recorded = None if problem.recorded is None else problem.recorded.of_sample(sample)
    return single if recorded is None else single.with_recorded(recorded)


def _open(name: str, problem: Problem) -> None:
    if not can_open_here():
        _say(command_for(save(name, problem)))
        return
    with _saying_so():
        from convstep.ui.layers_app import ScriptApp
        from convstep.ui.running import run

        run(ScriptApp(problem, name))


def _pick(captured: Captured, sample: int | None) -> None:
    layers = captured.layers
    if not layers:
        captured.layer()  # says why there is none
    if sample is not None:
        _check_sample(layers, sample)
    if not can_open_here():
        _say(_how_to_save(captured, sample))
        return
    with _saying_so():
        from convstep.ui.layers_app import LayersApp
        from convstep.ui.running import run

        run(LayersApp(layers, sample, skipped=captured.skipped))


def _check_sample(layers: Sequence[CapturedLayer], sample: int) -> None:
    """Batches may be of different sizes: one of them must have the sample."""
    error: CaptureError | None = None
    for layer in layers:
        try:
            layer.problem(sample)
        except CaptureError as found:
            error = error or found
        else:
            return
    if error is not None:
        raise error


def _how_to_save(captured: Captured, sample: int | None) -> str:
    """What there is, and the way to a terminal: nothing is written that nobody has asked for."""
    layers, one = captured.layers, ""
    if len(layers) == 1 and sample is not None:
        one = f", sample={sample}"
    names = len({layer.name for layer in layers})
    return tr(
        "{calls} of {layers} captured, {size}; there is no terminal here to open them in: "
        'captured.save("run.npz"{one}) writes a file, and `convstep open run.npz` opens it in a terminal',
        calls=tr("1 call" if len(layers) == 1 else "{count} calls", count=len(layers)),
        layers=tr("1 layer" if names == 1 else "{count} layers", count=names),
        size=_size_text(captured.memory),
        one=one,
    )


def _size_text(size: float) -> str:
    unit, name = next(
        ((unit, name) for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")) if size >= unit), (1, "bytes")
    )
    return f"{size / unit:,.1f} {name}" if unit > 1 else f"{size:.0f} {name}"


@contextlib.contextmanager
def _saying_so() -> Iterator[None]:
    """Textual takes a while to load the first time: say what the script stands still for."""
    waiting.say(tr("opening the debugger …"), sys.__stderr__)
    try:
        yield
    finally:
        waiting.wipe()


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; merely importing ipykernel makes none."""
    kernel: Any = sys.modules.get("ipykernel.kernelapp")
    return kernel is not None and bool(kernel.IPKernelApp.initialized())


def _is_terminal(stream: Any) -> bool:
    try:
        return stream is not None and bool(stream.isatty())
    except ValueError:  # closed, as in a worker process
        return False


def _in_foreground() -> bool:
    """Whether the terminal listens to this process: a job in the background would be stopped."""
    if not hasattr(os, "tcgetpgrp") or sys.__stdin__ is None:
        return True
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno()) == os.getpgrp()
    except OSError:
        return False


def _say(line: str) -> None:
    if sys.stdout is None:
        return
    try:
        print(printable(line, None), flush=True)  # noqa: T201  the command is the result
    except UnicodeEncodeError:
        print(printable(line, None).encode("ascii", "backslashreplace").decode(), flush=True)  # noqa: T201
