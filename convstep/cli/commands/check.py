"""`convstep check`: whether somebody's own backward is right."""

from __future__ import annotations

import os
import shlex
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from convstep.cli import candidates
from convstep.cli.arguments import flag, group, option, positional
from convstep.cli.console import (
    BAD_USAGE,
    DIFFERENT,
    FINE,
    INTERRUPTED,
    UsageError,
    complain,
    is_watched,
    on_one_screen,
    say,
    say_json,
    sentence_of,
    show_progress,
    terminal_width,
)
from convstep.cli.outputs import check_new, write, writing
from convstep.cli.recordings import Values
from convstep.cli.targets import PYTHON
from convstep.frozen import frozen
from convstep.printable import SentenceError, printable

if TYPE_CHECKING:
    from convstep.candidate.operators.verdict import OperatorVerdict
    from convstep.candidate.pair import PairVerdict
    from convstep.candidate.record.arguments import Arguments
    from convstep.candidate.verdict import Verdict

PRINTED = "-"
"""In place of a snippet's file: on the screen."""


@frozen()
class Options:
    """What `convstep check` is asked."""

    target: str = positional(
        candidates.TARGET[0], f"{candidates.TARGET[1]}; or a file alone, for all of its backwards"
    )
    calling: candidates.Calling = group(candidates.Calling)
    operator: str | None = option(
        "NAME",
        "what it is the backward of: a name of `convstep operators`, or FILE.py:NAME, one of yours; "
        "by default found from its name",
    )
    way: str | None = option(
        "CALL",
        "how to call it, in the file's own names: 'f(dout, cache)'; its own forward is the judge then",
        "--call",
    )
    values: Values = group(Values)
    json: bool = flag("one JSON object")
    save: str | None = option("FILE.npz", "write the smallest failing problem")
    snippet: str | None = option(
        "FILE.py", "write the smallest failing problem as a pytest function; - prints it instead of a verdict"
    )
    write_adapter: str | None = option(
        "FILE.py", "instead of a verdict, write an adapter for TARGET: a function to start from"
    )
    force: bool = flag("overwrite an existing file")
    watch: bool = flag("check again whenever the file is saved, until ctrl+c; the last verdict's exit code")


def run(options: Options) -> int:
    """Say the verdict, once or at each save of the file; of a file with several backwards, a table."""
    if options.target.lower().endswith(PYTHON) and os.path.isfile(options.target):
        from convstep.candidate.survey.backwards import contents

        listed = contents(options.target)
        found = listed.backwards
        if not found:
            place = printable(options.target)
            hint = f"; name what is to be checked: {place}:NAME" if listed.readable else ""
            raise UsageError(f"{place}: {listed.said}{hint}")
        if len(found) > 1:
            return _check_all(options, found[0].name)
        options = replace(options, target=f"{options.target}:{found[0].name}")
    from convstep.candidate.check.wording import fitted

    with fitted(None if options.json else terminal_width()):
        return _watch(options) if options.watch else _check(options)


def _check_all(options: Options, example: str) -> int:
    """A line for each backward of a file; DIFFERENT if one is wrong, BAD_USAGE if none can be called.

    Raises UsageError: something is asked that is about one function.
    """
    given: dict[str, object] = {"--adapter": options.calling.adapter, "--save": options.save}
    given["--watch"] = options.watch
    given |= {"--snippet": options.snippet, "--write-adapter": options.write_adapter}
    given |= {"--call": options.way, "--args": options.values.args, "--shape": options.values.shape}
    for name, value in given.items():
        if value:
            target = f"{printable(options.target)}:{example}"
            raise UsageError(f"{name} is about one function, and the file has several; name one: {target}")
    from convstep.candidate.survey.row import RIGHT, UNCALLED, WRONG, counted
    from convstep.candidate.survey.surveying import Options as Calls
    from convstep.candidate.survey.surveying import survey_file
    from convstep.candidate.survey.table import summary, table

    with candidates.progress() as progress:
        found = survey_file(
            options.target, Calls(**asdict(options.calling), operator=options.operator), progress
        )
    verdicts = {row.verdict for row in found.rows}
    code = DIFFERENT if WRONG in verdicts else FINE if RIGHT in verdicts else BAD_USAGE
    if found.interrupted:
        code = INTERRUPTED
    if options.json:
        rows = [row.as_dict() for row in found.rows]
        say_json({"target": options.target, "counts": counted(found.rows), "rows": rows}, code)
        return code
    say(*table(found, terminal_width()), "", summary(found), code=code)
    told = [row for verdict in (WRONG, UNCALLED, RIGHT) for row in found.rows if row.verdict == verdict]
    if told:
        say(f"all that is known of one: convstep check {shlex.quote(told[0].target)}", code=code)
    return code


def _watch(options: Options) -> int:
    """Check at each save, also after one that could not be loaded; UsageError if nothing could be saved."""
    if options.write_adapter is not None:
        raise UsageError("--watch and --write-adapter do not go together; leave one out")
    from convstep.candidate.record.watching import EVERY

    saved = candidates.Saved(options.target, options.calling, None)
    if saved.path is None:
        raise UsageError(f"--watch is about a file; {printable(options.target)} is an installed module")
    _check_outputs(options)  # later they are this command's own
    code: int | None = None
    try:
        while True:
            code = _verdict_at_save(options, first=code is None)
            if is_watched():
                show_progress(f"waiting for {printable(saved.path)} to be saved; ctrl+c ends\n")
            while not saved.changed():
                time.sleep(EVERY)
    except KeyboardInterrupt:
        if code is None:
            raise
        return code


def _verdict_at_save(options: Options, *, first: bool) -> int:
    if not first and not options.json:
        say("")
    try:
        return _check(replace(options, force=True))
    except (SentenceError, OSError) as error:
        complain(sentence_of(error) or str(error))
        return BAD_USAGE


def _check(options: Options) -> int:
    """Say the verdict; a file that cannot be written takes nothing from it."""
    if options.write_adapter is not None:
        return _write_adapter(options, options.write_adapter)
    _check_outputs(options)
    arguments = _arguments(options)
    with candidates.opened(options.target, options.calling) as worker:
        from convstep.candidate.call.outcome import CannotCall
        from convstep.candidate.report import uncallable_json, uncallable_report

        try:
            verdict = (
                candidates.held(worker, arguments)
                if arguments is not None
                else candidates.judged(worker, options.calling, options.operator)
            )
        except CannotCall as error:
            adapted = options.calling.adapter is not None
            said = (
                uncallable_json(error, options.target)
                if options.json
                else uncallable_report(error, options.target, adapted=adapted)
            )
            repeated = not options.json and on_one_screen()  # the report begins with the sentence
            return _tell(said, BAD_USAGE, "" if repeated else str(error))
    unsaved = ""
    if options.save is not None and verdict.failing is not None:
        try:
            with writing(options.save):
                verdict = verdict.saved(options.save)
        except UsageError as error:
            unsaved = str(error)
    wanted = options.save or options.snippet
    if wanted and not verdict.ok and verdict.failing is None:
        unsaved = f"there is no problem to write to {printable(wanted)}: its own forward is the judge"
    code, said = FINE if verdict.ok else DIFFERENT, verdict.as_dict() if options.json else str(verdict)
    if options.snippet is not None and verdict.failing is not None:
        try:
            written = _write_snippet(options.snippet, verdict)
        except (SentenceError, OSError) as error:
            unsaved = "; ".join(filter(None, [unsaved, sentence_of(error)]))
        else:
            if options.snippet == PRINTED:
                return _tell(written, code, unsaved)
    return _tell(said, code, unsaved)


def _arguments(options: Options) -> Arguments | None:
    """What is said of the arguments, checked; None, without importing NumPy, if nothing is."""
    if options.way is None and options.values.args is None and not options.values.shape:
        return None
    from convstep.candidate.record.arguments import Arguments

    arguments = Arguments(options.way, options.values.args, tuple(options.values.shape))
    _check_alone(options, arguments.words[0])
    arguments.check()
    return arguments


def _check_alone(options: Options, word: str) -> None:
    """Refuse what does not go with arguments that are given. Raises UsageError: one sentence."""
    calling = options.calling
    given: dict[str, object] = {"--operator": options.operator, "--adapter": calling.adapter}
    given |= {"--convention": calling.convention != "auto", "--write-adapter": options.write_adapter}
    given |= {"--save": options.save, "--snippet": options.snippet}
    for name, value in given.items():
        if value:
            word = word.partition("=")[0]
            raise UsageError(f"with {word} its own forward is the judge, and {name} has no part in it")


def _check_outputs(options: Options) -> None:
    """Refuse, before any work is done, files that cannot be written, or exist: UsageError."""
    if options.save is not None:
        check_new(options.save, "--save", options.force)
    path = options.snippet
    if path == PRINTED:
        if options.json:
            raise UsageError("--snippet - prints code, and --json prints JSON; give --snippet a file")
        if options.watch:
            raise UsageError("--snippet - and --watch do not go together; give --snippet a file")
    elif path is not None:
        check_new(path, "--snippet", options.force, like="test_mine.py", beside=_beside(path))


def _beside(path: str) -> str:
    """The file of a snippet's arrays, where they are many."""
    return f"{path.removesuffix('.py')}.npz"


def _write_snippet(path: str, verdict: Verdict | OperatorVerdict | PairVerdict) -> str:
    """Write the failing problem as a pytest function, and its code; raises SnippetError or UsageError."""
    from convstep.candidate.snippet import snippet_of
    from convstep.snippet import SnippetError

    made = snippet_of(verdict)
    if path == PRINTED:
        if made.large:
            raise SnippetError("its arrays are too large to be printed; give --snippet a file")
        return made.text(as_test=True).rstrip("\n")
    if made.large:
        with writing(_beside(path)):
            made.save(_beside(path))
    code = made.text(as_test=True, beside=_beside(path))
    write(path, code.encode())
    return code


def _tell(said: str | dict[str, Any], code: int, complaint: str) -> int:
    """Say the verdict, or why there is none, and then what else went wrong, if anything did."""
    try:
        if isinstance(said, str):
            say(said, code=code)
        else:
            say_json(said, code)
        say(code=code)  # before the complaint, where both go to one file
    finally:
        if complaint:
            complain(complaint)
    return code


def _write_adapter(options: Options, path: str) -> int:
    """Write an adapter to start from, and say how it is used; raises CandidateError or UsageError."""
    check_new(path, "--write-adapter", options.force, like="adapter.py")
    from convstep.candidate.adapter import adapter_text, likely_call
    from convstep.candidate.load.target import Target
    from convstep.candidate.operator_adapter import operator_adapter
    from convstep.candidate.operators.ways import CONV2D, likely
    from convstep.operators.registry import operator_named

    flags = [
        f"--{name.replace('_', '-')}" for name in ("run_all", "python2") if getattr(options.calling, name)
    ]
    with candidates.opened(options.target, options.calling) as worker:
        target, candidate = Target.parse(options.target), worker.candidate
        named = [operator_named(options.operator)] if options.operator else likely(candidate)
        if named and named[0].name != CONV2D:
            text = operator_adapter(target, worker, named[0], path, flags)
        else:
            call = likely_call(worker, options.calling.convention)
            text = adapter_text(target, candidate, call, path, flags)
    write(path, text.encode())
    say(printable(path, None), text.splitlines()[0].removeprefix("# "))
    return FINE
