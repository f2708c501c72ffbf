"""What a command works on: problems by path or name, sessions, and cells, as they are typed."""

from __future__ import annotations

import os
from dataclasses import replace

from convstep.cli import UsageError
from convstep.conv.problem import Problem
from convstep.replay.places import parse_place
from convstep.replay.session import SavedStop, Session, load

TENSOR_FILES = (".pt", ".pth", ".safetensors")
"""How the names of files of tensors end; any other path is a `.npz`."""


def start(name: str, goto: str | None, breaks: list[str]) -> tuple[Session, Problem]:
    """The session to begin with, and its problem.

    Args:
        name: a `.json` session, a problem's file, or a bundled name.
        goto: where to begin instead, as it was typed.
        breaks: more stops, as they were typed.

    Raises:
        UsageError: one of them cannot be, one sentence.
        ProblemError: there is no such problem.
    """
    session, problem = load_session(name)
    try:
        if goto is not None:
            session = replace(session, position=parse_place(goto, problem.geometry))
    except ValueError as error:
        raise UsageError(f"--goto: {error}") from error
    texts = (*(stop.text for stop in session.stops), *breaks)
    if texts:
        _check_stops(texts, problem)
    return replace(session, stops=(*session.stops, *map(SavedStop, breaks))), problem


def _check_stops(texts: tuple[str, ...], problem: Problem) -> None:
    from convstep.replay.stops import parse_stop

    try:
        for text in texts:
            parse_stop(text, problem.geometry, problem.b is not None)
    except ValueError as error:
        raise UsageError(f"--break: {error}") from error


def load_session(name: str) -> tuple[Session, Problem]:
    """A session and its problem: from a session file, or a new one for a problem.

    Args:
        name: a `.json` session, a problem's file, or a bundled name.

    Raises:
        UsageError: the session cannot be read, or does not fit its problem.
        ProblemError: there is no such problem.
    """
    if not name.endswith(".json"):
        problem = load_problem(name)
        return Session(name), problem
    try:
        session = load(name)
        beside = os.path.join(os.path.dirname(name), session.problem)
        if (
            session.problem.lower().endswith((".npz", *TENSOR_FILES))
            and not os.path.exists(session.problem)
            and os.path.exists(beside)
        ):
            session = Session(beside, session.position, session.stops, session.bookmarks, session.view)
        problem = load_problem(session.problem)
        session.check_fits(problem.total_steps)
    except ValueError as error:
        raise UsageError(f"{name}: {error}" if name not in str(error) else str(error)) from error
    return session, problem


def load_problem(name: str) -> Problem:
    """A problem by its path or bundled name; what looks like a path is one.

    Args:
        name: What the person typed.

    Raises:
        ProblemError: there is no such problem, or the file is not one.
    """
    from convstep.examples import load, names

    looks_like_a_path = os.path.dirname(name) or os.path.splitext(name)[1]
    if looks_like_a_path or (name not in names() and os.path.exists(name)):
        if name.lower().endswith(TENSOR_FILES):
            from convstep.oracle.tensor_files import load_tensors

            return load_tensors(name)
        return Problem.load(name)
    return load(name)


def watched_cell(text: str, problem: Problem) -> tuple[str, tuple[int, ...]]:
    """A cell of a gradient as it is written: `dW[2,0,1,0]`.

    Raises:
        UsageError: there is no such cell.
    """
    from convstep.replay.stops import Watchpoint, parse_stop

    try:
        stop = parse_stop(f"watch {text}", problem.geometry, problem.b is not None)
    except ValueError as error:
        raise UsageError(f"--why: {error}") from error
    assert isinstance(stop, Watchpoint)
    return stop.gradient, stop.index
