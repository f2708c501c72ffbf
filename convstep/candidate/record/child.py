"""The process in which a function is recorded: it answers calls as a candidate's does, and sends logs."""

from __future__ import annotations

import ast
import contextlib
import inspect
import json
from collections.abc import Sequence

import numpy.typing as npt

from convstep.candidate.call import child
from convstep.candidate.call.call import Call
from convstep.candidate.call.failure import short
from convstep.candidate.call.served import Served
from convstep.candidate.call.ways import Ways
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.calling import Ready, by_convention, given_call
from convstep.oracle import messages
from convstep.printable import SentenceError
from convstep.recording import transfer
from convstep.recording.recorder import RecordingError, Run, run
from convstep.recording.registry import Limits
from convstep.recording.source import Source, SourceText

QUESTION = "record"
"""What a question holds that asks for a recording."""
TRIES = 3
"""How often a function is loaded otherwise because of what it raises."""


def recorded(ways: Ways, question: messages.Message) -> dict[str, npt.ArrayLike]:
    """Record a call, and say what came of it: its log, or why there is none.

    Args:
        ways: the function as it is loaded.
        question: how it is called; with a problem where a convention says how.
    """
    asked = json.loads(str(question[QUESTION]))
    limits = Limits(seconds=asked["seconds"])
    try:
        if asked["call"] is not None:
            call = Call.read(asked["call"])
            served = ways.used(call)
            ready = by_convention(served, call, messages.read_problem(question))
            done = _run(served, ready, limits)
        else:
            # a path was typed where the command was; the file's own code may have gone elsewhere
            with contextlib.chdir(asked["folder"]):
                done, served, ready = _first_that_fits(ways.first, Arguments.read(asked["arguments"]), limits)
    except (SentenceError, RecordingError) as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "there is not enough memory for its arguments; use smaller ones"}
    except BaseException as error:
        return {"error": short(f"recording it ended with {type(error).__name__}: {error}")}
    facts = {"how": ready.how, "notes": list(served.candidate.notes)}
    return {"facts": json.dumps(facts), **{f"log.{n}": a for n, a in transfer.arrays_of(done).items()}}


def _first_that_fits(served: Served, arguments: Arguments, limits: Limits) -> tuple[Run, Served, Ready]:
    """The first call that does not raise; of several that do, the one that came furthest."""
    best: tuple[Run, Served, Ready] | None = None
    for _ in range(TRIES):
        said = ""
        for ready in given_call(served, arguments):
            done = _run(served, ready, limits)
            ended = done.log.ended
            if ended is None or ended.kind != "raised":
                return done, served, ready
            said = said or ended.sentence
            if best is None or len(done.log.order) > len(best[0].log.order):
                best = done, served, ready
        other = served.otherwise(said) if said else None
        if other is None:
            break
        served = other
    assert best is not None
    return best


def _run(served: Served, ready: Ready, limits: Limits) -> Run:
    """Run a call with hooks; its lines are those that were loaded, whatever became of the file."""
    function = inspect.unwrap(ready.function)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    part = served.part(code.co_filename) if code is not None else None
    source = None
    if part is not None:
        text = SourceText(part.filename, tuple(part.text.split("\n")), part.cell)
        source = Source(text, ast.Module(part.statements, []))
    return run(ready.function, ready.places, ready.named, source=source, limits=limits)


def main(arguments: Sequence[str]) -> None:
    """Serve a target; see `convstep.candidate.call.child.main`."""
    child.main(arguments, {QUESTION: recorded})
