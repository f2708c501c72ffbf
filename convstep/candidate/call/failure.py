"""What to say of an exception, and whether a candidate raised it on purpose."""

from __future__ import annotations

import functools
import linecache
import os
import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from convstep.candidate.call.outcome import RAISED, REFUSED, Candidate
from convstep.candidate.load.installed import is_installed
from convstep.candidate.load.placeholders import Missing
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import SentenceError
from convstep.recording.source import SourceText

_HERE = f"{Path(__file__).absolute().parents[2]}{os.sep}"
_CALLING = (
    "called",
    "run",
    "forward",
    "backward",
    "one",
    "_forward",
    "_made",
    "_result",
    "_run",
    "by_autograd",
)
"""Functions of this program that call somebody's."""
_GRADIENT = re.compile(r"d[A-Z_xwb]|grad")
_CELL = re.compile(r"(?P<file>.*\.ipynb):cell (?P<cell>\d+)", re.S)


class Unusable(SentenceError):
    """What came back is not a gradient; the message is one sentence."""


@frozen()
class _Line:
    """A line of the candidate's code in a traceback."""

    filename: str
    number: int
    frame: FrameType | None

    @property
    def text(self) -> str:
        """The text of the line."""
        return linecache.getline(self.filename, self.number).strip()

    @property
    def statement(self) -> str:
        """The text of the statement that it belongs to."""
        lines = tuple(line.rstrip("\r\n") for line in linecache.getlines(self.filename))
        return SourceText(self.filename, lines).statement(self.number)


def failure(error: BaseException, candidate: Candidate) -> dict[str, Any]:
    """What to say of an exception, where it was, and whether the candidate raised it on purpose."""
    if isinstance(error, Unusable):
        return {"kind": RAISED, "message": str(error)}
    lines = list(_lines(error.__traceback__, candidate))
    last = lines[-1] if lines else None
    own = _own_line(lines, candidate)
    # only what is raised by a line of theirs can be meant
    itself = last is not None and _innermost(error.__traceback__) is last.frame
    refused = isinstance(error, NotImplementedError) or (
        last is not None and itself and _on_purpose(error, last, lines, candidate)
    )
    facts: dict[str, Any] = {
        "kind": REFUSED if refused else RAISED,
        "message": short(_message(error, last.text if last else "")),
    }
    if own is not None:
        facts |= _place(own)
    elif _is_ours(error):
        facts["message"] = tr("convstep itself failed: {error}", error=facts["message"])
        facts["ours"] = True
    user = last.filename if last is not None else candidate.file
    file = os.path.basename(_CELL.sub(r"\g<file>", user)) or candidate.name
    if isinstance(error, ModuleNotFoundError) and error.name:  # imported where it is needed
        error = Missing(error.name, "", error.name.partition(".")[0])
    if isinstance(error, Missing):
        facts["lacks"] = error.sentence(file)
    elif isinstance(error, FileNotFoundError) and error.filename:
        facts["lacks"] = tr(
            "{file} opens {name}, which is not there; what needs its arguments alone can be checked",
            file=file,
            name=repr(error.filename),
        )
    return facts


def _is_ours(error: BaseException) -> bool:
    """Whether an exception that came through no line of the candidate's is a mistake of this program.

    What is raised where somebody's function is called may be about its arguments, or come from compiled code.
    """
    frame = _innermost(error.__traceback__)
    if frame is None or isinstance(error, SentenceError) or not isinstance(error, Exception):
        return False
    code = frame.f_code
    return code.co_filename.startswith(_HERE) and code.co_name not in _CALLING


def died_at(places: Sequence[tuple[str, int]], candidate: Candidate) -> dict[str, Any]:
    """Where a process died, as far as Python could tell: the author's line; the innermost place is first."""
    lines = [_Line(*place, frame=None) for place in reversed(places) if _is_theirs(place[0], candidate.file)]
    own = _own_line(lines, candidate)
    return {} if own is None else _place(own)


def _place(line: _Line) -> dict[str, Any]:
    file, cell = line.filename, 0
    if found := _CELL.fullmatch(line.filename):
        file, cell = found["file"], int(found["cell"])
    return {"line": line.number, "line_text": line.statement, "file": file, "cell": cell}


def _message(error: BaseException, line: str) -> str:
    """The exception in words; `line` is the innermost line of the candidate's own."""
    if isinstance(error, SentenceError):
        return str(error)  # ours, and a sentence
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)
        return tr("it called sys.exit({code})", code=code)
    if isinstance(error, EOFError) and "input" in line:
        return tr("it waits for keyboard input")
    if isinstance(error, RecursionError):
        return tr("RecursionError: it calls itself without end")
    if isinstance(error, MemoryError):
        said = short(str(error))
        return tr("it ran out of memory: {said}", said=said) if said else tr("it ran out of memory")
    # where it was is told elsewhere: to look up each line of the traceback takes longer than most calls
    raised = traceback.TracebackException.from_exception(error, limit=0)
    raised.__notes__ = None  # they would come last, in the message's place
    text = list(raised.format_exception_only())[-1].strip().removeprefix("numpy.exceptions.")
    text = text.removeprefix("numpy._core._exceptions.").removeprefix("_UFunc")
    if text == "AssertionError" and line.startswith("assert"):
        text = f"{text}: {line}"
    if text.endswith("'float' object cannot be interpreted as an integer"):
        text = tr("{error}; / gives a float: write //", error=text)
    return text


def _lines(trace: TracebackType | None, candidate: Candidate) -> Iterator[_Line]:
    """The lines of the candidate's files that an exception came through, the outermost first."""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if _is_theirs(name, candidate.file):
            yield _Line(name, trace.tb_lineno, trace.tb_frame)
        trace = trace.tb_next


def _innermost(trace: TracebackType | None) -> FrameType | None:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return None if trace is None else trace.tb_frame


@functools.cache
def _is_theirs(name: str, file: str) -> bool:
    """Whether a file is the candidate's, a helper's or the adapter's: not an installed one, and not ours."""
    if file and (name == file or name.startswith(file + ":")):
        return True
    if name.startswith("<"):  # Python's own; a cell of an interpreter is the candidate's file
        return False
    beside = bool(file) and os.path.dirname(name) == os.path.dirname(file)
    return beside if is_installed(name) else beside or not name.startswith(_HERE)


def _own_line(lines: list[_Line], candidate: Candidate) -> _Line | None:
    """The author's own line: not the adapter's that calls it, and not that of a helper it calls."""

    def is_files(line: _Line) -> bool:
        return line.filename == candidate.file or line.filename.startswith(candidate.file + ":")

    own = [line for line in lines if candidate.file and is_files(line)]
    if own and candidate.parameters == ("problem",) and candidate.kind == "function":
        # a function of a problem calls what somebody wrote before; an adapter's class is in its own file
        called = [line for line in lines[lines.index(own[0]) :] if not is_files(line)]
        own = [line for line in called if line.filename == called[0].filename] or own
    own = own or [line for line in lines if line.filename == lines[0].filename]
    return own[-1] if own else None


def _on_purpose(error: BaseException, raising: _Line, lines: list[_Line], candidate: Candidate) -> bool:
    """Whether the candidate refuses this size, rather than trips over a result of its own.

    `raising` is the line that raised; the lines it came through are the outermost first.
    """
    text, own = raising.text, raising.frame.f_locals if raising.frame else {}
    if re.search(r"(^|:\s*)raise\b", text):
        # `raise Valueerror(...)` trips over itself
        slip = isinstance(error, (NameError, AttributeError, TypeError))
        return isinstance(error, Exception) and (not slip or type(error).__name__ in text)
    if not isinstance(error, AssertionError) or not text:
        return False
    said = text.partition(",")[0] if "%" in text else text
    names = set(re.findall(r"[A-Za-z_]\w*", said)) - set(candidate.parameters)
    outermost = lines[0].frame
    given = list(_handed_in(outermost)) if len(lines) > 1 and outermost else []
    if "%" not in said and any(name in own and _made_here(own[name], own, given) for name in names):
        return False
    return not any(map(_GRADIENT.match, names))


def _handed_in(frame: FrameType) -> Iterator[Any]:
    """What a function was given, with the contents of the caches, layers and problems among it."""
    code = frame.f_code
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        value = frame.f_locals.get(name)
        if isinstance(value, (tuple, list)):
            yield from value
        elif isinstance(value, Mapping):
            yield from value.values()
        else:
            yield value
            inside = {each: getattr(value, each, None) for each in getattr(type(value), "__slots__", ())}
            inside |= getattr(value, "__dict__", {})
            # a layer's gradients are its own results
            yield from (each for name, each in inside.items() if not _GRADIENT.match(name))


def _made_here(value: Any, own: Mapping[str, Any], given: list[Any]) -> bool:
    """Whether a value is an array that the candidate made: it was not handed in, alone or in a cache."""
    if not getattr(value, "shape", ()) or any(value is each for each in given):
        return False
    caches = [held for held in own.values() if isinstance(held, (tuple, list, Mapping))]
    inside = [each for held in caches for each in (held.values() if isinstance(held, Mapping) else held)]
    return not any(value is each for each in inside)


def short(text: str) -> str:
    """One line of at most 300 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"
