"""What to say of an exception, and whether a candidate raised it on purpose."""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import Any

from convstep.candidate.call.outcome import RAISED, REFUSED, Candidate
from convstep.language import tr
from convstep.printable import SentenceError


class Unusable(SentenceError):
    """What came back is not a gradient; the message is one sentence."""


def failure(error: BaseException, candidate: Candidate) -> dict[str, Any]:
    """What to say of an exception, and whether the candidate raised it on purpose."""
    if isinstance(error, Unusable):
        return {"kind": RAISED, "message": str(error)}
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)
        text = tr("it called sys.exit({code})", code=code)
    elif isinstance(error, EOFError) and "input" in _innermost_line(error.__traceback__, candidate)[1]:
        text = tr("it waits for keyboard input")
    elif isinstance(error, RecursionError):
        text = tr("RecursionError: it calls itself without end")
    elif isinstance(error, MemoryError):
        said = short(str(error))
        text = tr("it ran out of memory: {said}", said=said) if said else tr("it ran out of memory")
    else:
        raised = traceback.TracebackException.from_exception(error)
        raised.__notes__ = None  # they would come last, in the message's place
        text = list(raised.format_exception_only())[-1].strip().removeprefix("numpy.exceptions.")
        text = text.removeprefix("numpy._core._exceptions.").removeprefix("_UFunc")
    if text.endswith("'float' object cannot be interpreted as an integer"):
        text = tr("{error}; / gives a float: write //, or add --python2 if the file is that old", error=text)
    line, line_text, own = _innermost_line(error.__traceback__, candidate)
    refused = isinstance(error, NotImplementedError) or (
        own is not None and _on_purpose(error, line_text, candidate, own)
    )
    return {
        "kind": REFUSED if refused else RAISED,
        "message": short(text),
        "line": line,
        "line_text": line_text,
    }


def _innermost_line(
    trace: TracebackType | None, candidate: Candidate
) -> tuple[int, str, Mapping[str, Any] | None]:
    """The deepest line of the candidate's own file: number, text, and the names there if it raised itself."""
    found: tuple[int, str, Mapping[str, Any] | None] = (0, "", None)
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if _is_theirs(trace.tb_frame, candidate):
            own = trace.tb_frame.f_locals if trace.tb_next is None else None
            found = trace.tb_lineno, linecache.getline(name, trace.tb_lineno).strip(), own
        trace = trace.tb_next
    return found


def _is_theirs(frame: FrameType, candidate: Candidate) -> bool:
    name = frame.f_code.co_filename
    if candidate.file:
        return name == candidate.file or name.startswith(candidate.file + ":")
    return "convstep" not in name and "site-packages" not in name


def _on_purpose(error: BaseException, line_text: str, candidate: Candidate, own: Mapping[str, Any]) -> bool:
    """Whether the candidate refuses this size, rather than trips over a result of its own.

    Args:
        error: what it raised.
        line_text: the line that did.
        candidate: who.
        own: the values of the names there.
    """
    if re.search(r"(^|:\s*)raise\b", line_text):
        # `raise Valueerror(...)` trips over itself
        slip = isinstance(error, (NameError, AttributeError, TypeError))
        return isinstance(error, Exception) and (not slip or type(error).__name__ in line_text)
    if not isinstance(error, AssertionError) or not line_text:
        return False
    said = line_text.partition(",")[0] if "%" in line_text else line_text
    names = set(re.findall(r"[A-Za-z_]\w*", said)) - set(candidate.parameters)
    if "%" not in said and any(name in own and _made_here(own[name], own) for name in names):
        return False
    return not any(re.match(r"d[A-Z_xwb]|grad", name) for name in names)


def _made_here(value: Any, own: Mapping[str, Any]) -> bool:
    """Whether a value is an array that was not handed in, on its own or in a cache."""
    if not getattr(value, "shape", ()):
        return False
    caches = [held for held in own.values() if isinstance(held, (tuple, list, Mapping))]
    inside = [each for held in caches for each in (held.values() if isinstance(held, Mapping) else held)]
    return not any(value is each for each in inside)


def short(text: str) -> str:
    """One line of at most 300 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"
