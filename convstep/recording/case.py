"""The call of a recorded function as code: its arguments, and what it returned when it was recorded."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np

from convstep.language import tr
from convstep.printable import printable
from convstep.recording.log import Other
from convstep.recording.recording import Recording
from convstep.recording.sites import FunctionSite
from convstep.snippet import Check, Snippet, SnippetError, importing

PRECISION = 1e-9
"""What a number may be off, as a share of the largest, on another machine."""


def case_of(recording: Recording, call: str = "", imports: Sequence[str] | None = None) -> Snippet:
    """A recorded call as code; raises `SnippetError` for an argument that cannot be written, in one sentence.

    The call is as it was typed, in the names of the function's file, or takes the recorded arguments;
    `imports` define the function by the name in its source, or are made.
    """
    source, name = recording.source, recording.name
    if imports is not None:
        name = _site(recording).name
    if source.cell is not None and call:
        raise SnippetError(tr("{file} is no file that Python imports", file=printable(source.path)))
    given = {} if call else arguments(recording)
    lines = [f"result = {call or f'{name}({_passed(recording)})'}"]
    if imports is None:
        imports = importing(source.path, "*" if call else name)
    ended = recording.ended
    checks = [] if ended is not None else _checks(recording.result, "result")
    expected = tr("expected is what it returned when it was recorded")
    if ended is not None:
        expected = tr("as it ended when it was recorded: {reason}", reason=ended.sentence)
    about = [f"{name}: {expected}"]
    return Snippet(name, about, imports, given, lines, checks)


def arguments(recording: Recording) -> dict[str, Any]:
    """What a recorded function was called with, by parameter; raises SnippetError if one was not kept."""
    variables = dict(recording.scout().variables)
    given = {name: variables[name] for name in _site(recording).parameters if name in variables}
    for name, value in given.items():
        if lost := _lost(value):
            said = "{name} has a {kind}, whose content is not recorded; give the call with --call"
            raise SnippetError(tr(said, name=name, kind=lost))
    return {
        name: np.array(value) if isinstance(value, np.ndarray) else value for name, value in given.items()
    }


def _lost(value: Any) -> str:
    """What of a value was too much to be kept, in a few words; "" if nothing was."""
    if isinstance(value, Other):
        return value
    return next(filter(None, map(_lost, value)), "") if isinstance(value, tuple) else ""


def _site(recording: Recording) -> FunctionSite:
    """The function that was called."""
    return recording.log.sites.functions[recording.index.frames[0].function]


def _passed(recording: Recording) -> str:
    """The arguments of the call by the names that they have in the snippet."""
    site = _site(recording)
    stars, named = dict[str, str](), set[str]()
    for node in ast.walk(ast.parse("\n".join(recording.source.lines))):
        if isinstance(node, ast.FunctionDef) and node.lineno <= site.line <= node.body[0].lineno:
            given = node.args
            stars = {one.arg: star for one, star in ((given.vararg, "*"), (given.kwarg, "**")) if one}
            named = {one.arg for one in given.kwonlyargs}
    return ", ".join(
        f"{name}={name}" if name in named else stars.get(name, "") + name for name in site.parameters
    )


def _checks(result: Any, code: str) -> list[Check]:
    if isinstance(result, np.ndarray) and result.dtype.kind in "biuf":
        finite = np.abs(np.asarray(result, np.float64))
        most = float(finite[np.isfinite(finite)].max(initial=0.0))
        return [Check(code, code.replace("[", "_").replace("]", ""), result, most * PRECISION)]
    if isinstance(result, (tuple, list)):
        return [check for at, one in enumerate(result) for check in _checks(one, f"{code}[{at}]")]
    return []
