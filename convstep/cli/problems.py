"""What a command works on: problems by path or name, sessions, and cells, as they are typed."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from convstep.cli.console import UsageError
from convstep.conv.layout import forward_layout
from convstep.conv.problem import Problem, ProblemError
from convstep.printable import printable
from convstep.replay.session import ENDING, SavedStop, Session, SessionError, load

if TYPE_CHECKING:
    from convstep.oracle.captured import Captured
    from convstep.steps.layout import Layout

TENSOR_FILES = (".pt", ".pth", ".safetensors")
"""How the names of files of tensors end; any other path is a `.npz`."""
DRAWN = "dZ is not in the file; it is drawn at random from a fixed seed"


def start(name: str, goto: str | None, breaks: list[str], forward: bool = False) -> tuple[Session, Problem]:
    """The session to begin with, at a place, with stops and pass as asked, and its problem; UsageError."""
    session, problem = load_session(name)
    if forward and not session.forward:
        session = replace(session, forward=True)
        _check_fits(session, problem)
    if goto is not None:
        session = replace(session, position=position_of(goto, problem))
    if breaks:
        about = layout_of(problem, session.forward)
        session = replace(session, stops=with_breaks(session.stops, breaks, about))
    return session, problem


def _check_fits(session: Session, problem: Problem) -> None:
    """Refuse a session that names what the problem lacks. Raises SessionError: one sentence."""
    from convstep.view.panels.resuming import resumed

    resumed(session, problem.geometry, problem.b is not None, forward=session.forward)


def with_breaks(stops: tuple[SavedStop, ...], breaks: list[str], layout: Layout) -> tuple[SavedStop, ...]:
    """A session's stops, and those of the command line. Raises UsageError: one of them cannot be."""
    from convstep.replay.stops import parse_stop

    with given("--break"):
        for text in breaks:
            parse_stop(text, layout)
        return Session("--break", stops=(*stops, *map(SavedStop, breaks))).stops


def position_of(goto: str, problem: Problem) -> int:
    """Where `--goto` goes. Raises UsageError: there is no such place."""
    from convstep.replay.places import parse_place

    with given("--goto"):
        return parse_place(goto, problem.geometry)


def load_session(name: str) -> tuple[Session, Problem]:
    """A session and its problem, of a `.json` or new; raises SessionError, UsageError or ProblemError."""
    if not name.endswith(ENDING):
        problem = _no_session(name)
        try:
            return Session(name), problem
        except SessionError as error:  # it could be opened, so its name has no other fault
            raise UsageError(
                f"the name of the file {printable(name)} holds a character that a session cannot keep, "
                "a control character or half of one; rename the file"
            ) from error
    session = load(name)
    try:
        beside = os.path.join(os.path.dirname(name), session.problem)
        if (
            layer_in(beside)[0].lower().endswith((".npz", *TENSOR_FILES))
            and not os.path.exists(layer_in(session.problem)[0])
            and os.path.exists(layer_in(beside)[0])
        ):
            session = replace(session, problem=beside)
        problem = _no_session(session.problem)
        _check_fits(session, problem)
    except (OSError, ValueError) as error:
        said = (
            str(error) if isinstance(error, ValueError) else f"{session.problem}: {error.strerror or error}"
        )
        raise UsageError(f"{name}: {said}") from error
    return session, problem


def load_problem(name: str) -> Problem:
    """A problem by its path or bundled name, or a session's; see `named_problem`."""
    return named_problem(name)[1]


def named_problem(name: str) -> tuple[str, Problem]:
    """A problem and its name, of a path, bundled name or session; SessionError, UsageError, ProblemError."""
    if not name.endswith(ENDING):
        return name, _no_session(name)
    session, problem = load_session(name)
    return session.problem, problem


def pass_of(name: str, forward: bool) -> tuple[bool, Problem]:
    """Whether a forward pass is meant, by the person or a session, and its problem; see `named_problem`."""
    if not name.endswith(ENDING):
        return forward, _no_session(name)
    session, problem = start(name, None, [], forward)
    return session.forward, problem


def _no_session(name: str) -> Problem:
    """A problem by its path or bundled name; what looks like a path is one."""
    from convstep.cli.targets import is_operator, is_target, like_operator
    from convstep.examples import load

    if is_target(name):
        raise UsageError(
            f"{printable(name)} is a function and no problem; `convstep open {printable(name)}` and "
            f"`convstep trace {printable(name)}` step it"
        )
    path, layer = layer_in(name)
    if layer:
        return _captured_problem(path, layer)
    if is_path(name):
        if name.lower().endswith(TENSOR_FILES):
            from convstep.oracle.tensor_files import load_tensors

            return load_tensors(name)
        return _loaded(name)
    if is_operator(name):
        raise UsageError(
            f"{name} is an operator and no problem; `convstep open {name}` and `convstep trace {name}` "
            "step it"
        )
    if name == "conv2d":
        raise UsageError(
            "conv2d is stepped on a problem: `convstep open digit`, or one of `convstep examples`"
        )
    try:
        return load(name)
    except ProblemError:
        if near := like_operator(name):
            said = f"{printable(name)} is no problem and no operator; did you mean {near}?"
            raise UsageError(said) from None
        raise


def _loaded(path: str) -> Problem:
    try:
        return Problem.load(path)
    except ProblemError:
        from convstep.candidate.record.marked import holds_recording

        if not holds_recording(path):
            raise
        raise UsageError(
            f"{printable(path)} is a recording of a function and no problem; `convstep open` and "
            "`convstep trace` take it"
        ) from None


def is_path(name: str) -> bool:
    """Whether a name is a file's, and not a bundled problem's: what looks like a path is one."""
    from convstep.examples import names

    looks_like_one = os.path.dirname(name) or os.path.splitext(name)[1]
    return bool(looks_like_one) or (name not in names() and os.path.exists(name))


def layer_in(name: str) -> tuple[str, str]:
    """The file and the layer of `run.npz:stem.conv`, or `run.npz:stem.conv:2` for its call 2; "" for none."""
    if not os.path.exists(name):
        for found in re.finditer(":", name):
            if os.path.isfile(path := name[: found.start()]):
                return path, name[found.end() :]
    return name, ""


def with_layer(name: str, layer: str | None, call: int | None) -> str:
    """A problem's name with what `--layer` and `--call` add; UsageError with nothing to choose from."""
    if layer is None:
        if call is None:
            return name
        if not layer_in(name)[1]:
            raise UsageError("--call counts the calls of a layer; add --layer NAME")
        return f"{name}:{call}"
    if not layer or not os.path.isfile(name) or name.lower().endswith((ENDING, *TENSOR_FILES)):
        raise UsageError(
            f"--layer names a layer in a file that captured.save wrote; {printable(name)} is not such a file"
            if layer
            else "--layer is empty; name a layer"
        )
    return f"{name}:{layer}" if call is None else f"{name}:{layer}:{call}"


def _captured_problem(path: str, layer: str) -> Problem:
    from convstep.oracle.captured import Captured

    captured = Captured.load(path)
    name, _, call = layer.rpartition(":")
    if layer not in captured.names and name and re.fullmatch("[0-9]{1,9}", call):
        return captured.problem(layer=name, call=int(call))
    return captured.problem(layer=layer)


def run_in(name: str) -> Captured | None:
    """What a file of several captured calls holds, None for other names; ProblemError if damaged."""
    if layer_in(name)[1] or name.lower().endswith((ENDING, *TENSOR_FILES)) or not is_path(name):
        return None
    from convstep.oracle.captured import Captured
    from convstep.oracle.run_file import holds_several

    return Captured.load(name) if holds_several(name) else None


def layout_of(problem: Problem, forward: bool) -> Layout:
    """What may be named of a pass."""
    return forward_layout(problem.geometry, problem.b is not None) if forward else problem.layout


def watched_cell(text: str, layout: Layout) -> tuple[str, tuple[int, ...]]:
    """A cell as it is written: `dW[2,0,1,0]`; of a forward pass, `Z[4,2,0]`; UsageError if there is none."""
    from convstep.replay.stops import Watchpoint, parse_stop

    with given("--why"):
        stop = parse_stop(f"watch {text}", layout)
    assert isinstance(stop, Watchpoint)
    return stop.array, stop.index


@contextlib.contextmanager
def given(option: str) -> Iterator[None]:
    """Say of which option it is that something in it cannot be."""
    try:
        yield
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
