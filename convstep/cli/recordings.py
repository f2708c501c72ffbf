"""Somebody's own function as a command steps it: its target, and where its arguments come from."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from convstep.cli.arguments import LAYER, flag, group, option, positional, seconds
from convstep.cli.console import UsageError
from convstep.cli.targets import is_target, target_of
from convstep.frozen import frozen

if TYPE_CHECKING:
    from convstep.candidate.operators.file import FileShown
    from convstep.candidate.operators.shown import Shown
    from convstep.candidate.operators.so_far import Running
    from convstep.candidate.record.recorder import Recorded
    from convstep.candidate.recordable import Recordable
    from convstep.recording.log import Ended
    from convstep.recording.recording import Recording
    from convstep.replay.session import Session
    from convstep.ui.recording_app import Again, Edited, Judge


@frozen()
class Values:
    """What a person says of a function's arguments, beside `--call`."""

    args: str | None = option("FILE.npz", "the arguments of a target: arrays by the names of its parameters")
    shape: list[str] = option(
        "NAME=SHAPE",
        "an argument of a target, drawn from a fixed seed: x=1x1x5x5 or b=5x, or given: stride=2; repeatable",
        action="append",
        default=[],
    )


@frozen()
class Loading:
    """How the file of a function is loaded and run."""

    timeout: float | None = option(
        "SECONDS", "time limit of loading a target's file, and of running it", type=seconds
    )
    run_all: bool = flag("run all of a target's file, not only imports, definitions and constants")
    python2: bool = flag("a target's file is written for Python 2")


CALL = (
    "CALL",
    "of a layer of PROBLEM, which call of it, from 0; of a function, the call to step, "
    "in the file's own names: 'f(dout, cache)'",
)


@frozen()
class Wanted:
    """What of an operator is to be stepped."""

    case: str | None = option(
        "N|WORDS", "of an operator, which of its problems; by default small whole numbers"
    )
    mistake: str | None = option(
        "ID", "of an operator, its backward with a mistake: an id of `convstep operators NAME`"
    )


@frozen()
class OfStepped:
    """The options of a command about whatever can be stepped: a problem, an operator, one's own function."""

    problem: str = positional(
        "PROBLEM|TARGET",
        "a .npz, .pt or .safetensors file, a saved session, a layer FILE.npz:NAME of a capture, "
        "a name of `convstep examples` or `convstep operators`, or a function: FILE.py:FUNCTION, "
        "FILE.py:Class.method",
    )
    """With the layer and the call in its name, if they were given and it is a problem."""
    layer: str | None = option(*LAYER)
    call: str | None = option(*CALL)
    values: Values = group(Values)
    wanted: Wanted = group(Wanted)
    loading: Loading = group(Loading)

    def stepped(self, *, forward: bool) -> Found | None:
        """See `stepped`."""
        return stepped(self.problem, self.call, self.values, self.wanted, self.loading, forward=forward)


@frozen(eq=False)
class Found:
    """What is stepped where it is no problem, and what may be asked about it as long as it is entered."""

    recorded: Recorded
    """What there is to step."""
    again: Again | None = None
    """Records it anew once its file is saved."""
    judge: Judge | None = None
    """What its author's own forward says."""
    anew: Edited | None = None
    """Records it with other numbers."""
    running: Callable[[Recording], Running] | None = None
    """What an operator's gradients should be at any step."""
    ends: Callable[[], object] = lambda: None
    """Ends whatever runs for it."""
    runs: str = ""
    """Of a recording in a file, what runs when a number is edited."""

    def __enter__(self) -> Found:
        return self

    def __exit__(self, *_: object) -> None:
        self.ends()


def stepped(
    name: str, call: str | None, values: Values, wanted: Wanted, loading: Any, *, forward: bool
) -> Found | None:
    """What a name means, recorded: an operator, a function, a recording in a file; None for a problem.

    `loading` has `timeout`, `run_all` and `python2`; `forward` means that of an operator. Raises
    SentenceError: it cannot be recorded; OSError: a file cannot be read.
    """
    shown = operator_shown(name, call, values, wanted, forward=forward, timeout=loading.timeout)
    if shown is not None:
        judge, running = (shown.judge, shown.running) if shown.compares else (None, None)
        return Found(shown.recorded, shown.again, judge, shown.with_numbers, running, shown.close)
    if is_target(name):
        function = recordable(name, call, values, loading)
        recorded, ends = function.record(), function.close
        return Found(recorded, function.again, function.judge, function.with_numbers, ends=ends)
    refuse_unused(values, wanted)
    if (held := kept(name)) is None:
        return None
    from convstep.candidate.kept import Kept

    of_file = Kept(held.recording, held.target, held.words)
    anew, runs = (of_file.with_numbers, of_file.runs) if of_file.is_there else (None, "")
    return Found(held, anew=anew, ends=of_file.close, runs=runs)


def recordable(name: str, call: str | None, values: Values, loading: Any) -> Recordable:
    """The function of a target, nothing of which has run; raises SentenceError or OSError, see `stepped`."""
    from convstep.candidate.record.arguments import Arguments
    from convstep.candidate.recordable import Recordable

    arguments = Arguments(call, values.args, tuple(values.shape))
    options = {"run_all": loading.run_all, "python2": loading.python2}
    return Recordable(target_of(name), arguments, options, loading.timeout)


def refuse_unused(values: Values, wanted: Wanted | None = None) -> None:
    """Refuse for a problem, with a UsageError, what is about a function or an operator."""
    given = [name for name, value in (("--args", values.args), ("--shape", values.shape)) if value]
    if given:
        raise UsageError(f"{given[0]} is about a function, as in FILE.py:FUNCTION; leave it out")
    if wanted is not None:
        refuse_wanted(wanted)


def refuse_wanted(wanted: Wanted) -> None:
    """Refuse what is about an operator. Raises UsageError: something is given that is."""
    given = [name for name, value in (("--case", wanted.case), ("--mistake", wanted.mistake)) if value]
    if given:
        raise UsageError(f"{given[0]} is about an operator, a name of `convstep operators`; leave it out")


def operator_shown(
    name: str,
    call: str | None,
    values: Values,
    wanted: Wanted,
    *,
    forward: bool,
    timeout: float | None = None,
) -> Shown | FileShown | None:
    """The backward of an operator, recorded, if a name is one's, or a session is about one; else None.

    One of a file runs in a process of its own, which `close` ends, for at most `timeout` seconds. A session's
    is recorded anew if it is ours, and not of somebody's file; for the other arguments see `stepped`.

    Raises SentenceError: it has no such problem or mistake.
    """
    from convstep.cli.targets import is_operator, operator_in

    if (place := operator_in(name)) is not None:
        _refuse_beside(call, values)
        from convstep.candidate.operators.file import SECONDS, OperatorFile

        file = OperatorFile(*place, SECONDS if timeout is None else timeout)
        try:
            return file.shown(wanted.case, wanted.mistake, forward=forward)
        except BaseException:
            file.close()
            raise
    if is_target(name):
        refuse_wanted(wanted)
        return None

    session = session_of(name)
    if not is_operator(name if session is None else session.problem):
        return None
    _refuse_beside(call, values)
    from convstep.candidate.operators.shown import shown

    if session is not None:
        import itertools
        import shlex

        refuse_wanted(wanted)
        name, words = session.problem, shlex.split(session.function)[1:]
        said = dict(itertools.pairwise(words))
        wanted, forward = Wanted(said.get("--case"), said.get("--mistake")), "--forward" in words
    return shown(name, wanted.case, wanted.mistake, forward=forward)


def _refuse_beside(call: str | None, values: Values) -> None:
    refuse_unused(values)
    if call is not None:
        raise UsageError("--call is about a function, or a layer; leave it out for an operator")


def kept(name: str) -> Recorded | None:
    """The recording that a file or session holds, or None; raises ProblemError or SessionError."""
    session = session_of(name)
    path = name if session is None else _beside(name, session.problem)
    if not path.lower().endswith(".npz") or not os.path.isfile(path):
        return None
    from convstep.candidate.record.marked import holds_recording

    if not holds_recording(path):
        return None
    import shlex

    from convstep.candidate.record.file import load
    from convstep.candidate.record.recorder import Recorded

    # what a session says of the function is shown and copied, and not run
    target, *words = shlex.split(session.function) if session and session.function else [path]
    return Recorded(load(path), target, tuple(words), "", ())


def session_of(name: str) -> Session | None:
    """The session in a file that is named like one, or SessionError; None for any other name."""
    from convstep.replay.session import ENDING, load

    return load(name) if name.endswith(ENDING) else None


def _beside(name: str, path: str) -> str:
    """A session's recording: beside the session, where it was saved, else where the path leads from here."""
    beside = os.path.join(os.path.dirname(name), path)
    return beside if os.path.exists(beside) else path


def begun(found: Recorded, session: Session | None, goto: str | None, breaks: list[str]) -> Session:
    """The session to begin with, at a place and with stops as typed; UsageError if one cannot be."""
    from dataclasses import replace

    from convstep.cli.problems import given, with_breaks
    from convstep.replay.places import parse_place
    from convstep.replay.session import Session

    session = Session(found.target) if session is None else replace(session, problem=found.target)
    if goto is not None:
        with given("--goto"):
            session = replace(session, position=parse_place(goto, found.recording.layout))
    if breaks:
        session = replace(session, stops=with_breaks(session.stops, breaks, found.recording.layout))
    return session


def ended_words(ended: Ended) -> str:
    """Why a function ended before it returned, a sentence."""
    at = f"line {ended.line}: " if ended.line else ""
    if ended.kind == "raised":
        return f"it raised at {at}{ended.sentence}" if at else f"it raised {ended.sentence}"
    return f"{at}{ended.sentence}"


def nothing_to_step(recording: Recording) -> str:
    """The sentence about a function that does nothing with arrays."""
    why = "" if recording.ended is None else f": {ended_words(recording.ended)}"
    return f"{recording.name} has no step on an array{why or '; only what touches NumPy arrays is stepped'}"
