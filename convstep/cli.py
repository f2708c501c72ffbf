"""The command line: what each command does, and how it ends.

Whatever a command needs is imported inside it, so that `convstep --version` starts neither NumPy
nor Textual. Exit codes: 0 fine, 1 gradients differ, 2 bad usage or input, a candidate that
cannot be called, or results that cannot be written (one sentence on stderr), 130 interrupted, 128 + N
ended by signal N. Gradients that differ are 1 whether or not anybody can be told: in front of `head -c0`,
on a full disk, and where `--save` cannot write its file. A screen that crashes is one sentence and 1.
"""

from __future__ import annotations

import os
import sys

from convstep import waiting
from convstep.printable import SENTENCE, SentenceError, printable, printable_lines

TYPE_CHECKING = False  # typing itself costs as much time as a whole `python -c pass`
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from convstep.oracle.comparison import Comparison

FINE, DIFFERENT, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130
CRASHED = 1
DRAWN = "dZ is not in the file; it is drawn at random from a fixed seed"


class UsageError(SentenceError):
    """The command line asks for something that is not there; the message is one sentence."""


class UnsaidError(Exception):
    """Results could not be written to stdout."""

    def __init__(self, code: int, reason: OSError) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason
        """What the command would have ended with, and what is wrong with stdout."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What stands after `convstep`; by default the process's own.

    Returns:
        The exit code.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    _open_standard_files()
    try:
        try:
            code = _run(given)
        except SystemExit as ended:  # argparse, after --help
            code = int(ended.code or 0)
        _say(code=code)
        return code
    except KeyboardInterrupt:
        _drop(sys.stdout)
        return INTERRUPTED
    except UnsaidError as unsaid:
        _drop(sys.stdout)
        if isinstance(unsaid.reason, BrokenPipeError):  # the reader, `head` say, has seen enough
            return unsaid.code
        _complain(f"the results cannot be written: {unsaid.reason.strerror or unsaid.reason}")
        return unsaid.code or BAD_USAGE
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        _flush_or_drop(sys.stdout)
        _complain(sentence)
        return CRASHED if _is_crash(error) else BAD_USAGE
    finally:
        _flush_or_drop(sys.stderr)  # Python would end with a code of its own


def _open_standard_files() -> None:
    """Give a closed stdin, stdout or stderr a place: the next file opened would take it, and get its text."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def _run(given: list[str]) -> int:
    if given[:1] == ["--version"]:
        _say(f"convstep {_version()}")
        return FINE
    _check_words(given)
    from convstep.cli_arguments import parse
    from convstep.ending import EndsWhenAsked

    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a character
    parsed = parse(given)
    command: Callable[[argparse.Namespace], int] = COMMANDS[parsed.command]
    with EndsWhenAsked() as ends:
        try:
            return command(parsed)
        finally:
            waiting.wipe()
    _drop(sys.stdout)
    return ends.code


def _check_words(given: list[str]) -> None:
    """Refuse what no file can be called and no shell passes on; only a caller in Python can."""
    for word in given:
        try:
            fits = b"\0" not in os.fsencode(word)
        except UnicodeEncodeError:
            fits = False
        if not fits:
            raise UsageError(f"{word!r} holds a character that no argument can have")


def _version() -> str:
    """The version in the package's metadata.

    The name of the metadata's folder tells it in no time; importlib.metadata takes as long as
    starting Python four times.
    """
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.startswith("convstep-") and name.endswith(".dist-info"):
                return name.removeprefix("convstep-").removesuffix(".dist-info")
    from importlib.metadata import version

    return version("convstep")


def _say(*texts: str, code: int = FINE) -> None:
    """Print results, and with no texts what is still unwritten.

    Args:
        texts: what to print, lines of it; into a closed stdout nothing goes.
        code: what the results come to, for whoever cannot read them.

    Raises:
        UnsaidError: they cannot be written.
    """
    try:
        for text in texts:
            print(printable_lines(text))  # noqa: T201  the one place that prints results
        if not texts and sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        raise UnsaidError(code, error) from error


def _complain(sentence: str) -> None:
    """Say on stderr what went wrong, if it can be written there."""
    try:
        if sys.stderr is not None:  # print would take None for stdout
            print(f"convstep: {sentence}", file=sys.stderr)  # noqa: T201
    except OSError:
        _drop(sys.stderr)


def _flush_or_drop(stream: TextIO | None) -> None:
    """Write what is still unwritten, if it can be written."""
    try:
        if stream is not None:
            stream.flush()
    except OSError:
        _drop(stream)


def _drop(stream: TextIO | None) -> None:
    """Send what is still unwritten nowhere: nobody reads it, and Python would wait, or complain, at exit."""
    import contextlib

    with contextlib.suppress(OSError, AttributeError):  # a stream without a file behind it, or none
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]


def _sentence(error: Exception) -> str | None:
    """What went wrong for the person at the keyboard; None if it is our own mistake."""
    if isinstance(error, OSError):
        subject = f"{error.filename}: " if error.filename else ""
        return printable(f"{subject}{error.strerror or error}", SENTENCE)
    if isinstance(error, MemoryError):
        from convstep.language import tr

        return tr("there is not enough memory for these arrays; use smaller ones")
    return str(error) if isinstance(error, SentenceError) or _is_crash(error) else None


def _is_crash(error: Exception) -> bool:
    """Whether a mistake in the screen has ended it."""
    if "convstep.ui.rescue" not in sys.modules:
        return False
    from convstep.ui.rescue import ScreenError

    return isinstance(error, ScreenError)


def has_terminal() -> bool:
    """Whether a person sits in front of this process."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def lacking() -> str:
    """What is missing for a screen, as the object of a sentence; "" if nothing is."""
    from convstep.language import tr
    from convstep.served import in_browser

    if in_browser():
        return ""
    if not has_terminal():
        return tr("a terminal")
    dumb = os.environ.get("TERM") == "dumb"
    return tr("a terminal that can show a full screen (TERM=dumb cannot)") if dumb else ""


def say_loading(name: str) -> None:
    """Say at once, to a person who waits for a screen, that something is being loaded."""
    if has_terminal():
        from convstep.language import tr

        waiting.say(tr("loading {name} …", name=name), sys.__stderr__)


def _open(given: argparse.Namespace) -> int:
    say_loading(given.problem)
    from convstep.cli_problems import start
    from convstep.cli_run import open_run, run_in

    if (captured := run_in(given.problem)) is not None:
        open_run(captured, given)
        return FINE
    session, problem = start(given.problem, given.goto, given.breaks)
    if lack := lacking():
        raise UsageError(
            f"convstep open needs {lack}; `convstep compare {given.problem}` and "
            f"`convstep trace {given.problem}` work without one"
        )
    from convstep.ui.app import run_debugger

    run_debugger(problem, session)
    return FINE


def _new(given: argparse.Namespace) -> int:
    import shlex

    from convstep.cli_new import default_name, new_problem

    path = default_name(given) if given.output is None else given.output
    _check_output(path)
    if os.path.exists(path) and not given.force:
        raise UsageError(f"{path} already exists; choose another -o or add --force")
    problem = new_problem(given)
    with Writing(path):
        problem.save(path)
    # a bare name would be looked up among the bundled problems
    opened = path if os.path.dirname(path) or os.path.splitext(path)[1] else os.path.join(".", path)
    _say(f"{printable(path, None)}: {problem!r}, {problem.total_steps} steps")
    _say(printable(f"convstep open {shlex.quote(opened)}", None))
    return FINE


def _compare(given: argparse.Namespace) -> int:
    from convstep.cli_problems import load_problem
    from convstep.cli_run import compare_run, run_in
    from convstep.oracle.comparison import best_comparison, compare
    from convstep.view.panels.trace import json_value

    if (captured := run_in(given.problem)) is not None:
        return compare_run(captured, given, _say)
    problem = load_problem(given.problem)
    comparison = best_comparison(problem)
    recorded = None if problem.recorded is None else compare(problem, oracle="recorded")
    agrees = comparison.ok and (recorded is None or recorded.ok)
    code = FINE if agrees else DIFFERENT
    if given.json:
        import json

        known = {"problem": given.problem, "dZ_drawn": problem.dZ_drawn}
        more = {} if recorded is None else {"recorded": recorded.as_dict()}
        lines = [json.dumps(json_value(known | comparison.as_dict() | more), allow_nan=False)]
    else:
        lines = _comparison_lines(comparison)
        if recorded is not None:
            lines += ["\nrecorded:", *_comparison_lines(recorded)]
        if problem.dZ_drawn:
            lines.append(DRAWN)
    _say(*lines, code=code)
    return code


def _comparison_lines(comparison: Comparison) -> list[str]:
    from convstep.view.verdicts import comparison_rows

    lines = [sentence for sentence in (comparison.note, comparison.verdict) if sentence]
    table = comparison_rows(comparison)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        lines.append("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    return [*lines, comparison.tolerance_text]


def _trace(given: argparse.Namespace) -> int:
    import json

    from convstep.cli_problems import load_problem
    from convstep.conv.timeline import Timeline
    from convstep.view.panels.trace import step_record, step_text

    problem = load_problem(given.problem)
    total = problem.total_steps
    first, last = given.first, total if given.last is None else given.last
    if not 1 <= first <= last <= total:
        raise UsageError(f"steps {first} to {last} do not exist; {given.problem} has steps 1 to {total}")
    timeline = Timeline(problem)
    timeline.seek(first - 1)
    if given.format == "text" and problem.dZ_drawn:
        _say(f"{DRAWN}\n")
    for position in range(first, last + 1):
        timeline.next()
        if given.format == "jsonl":
            _say(json.dumps(step_record(timeline.event), allow_nan=False))
        else:
            end = "" if position == last else "\n"
            _say(step_text(timeline.event, total) + end)
    return FINE


def _serve(given: argparse.Namespace) -> int:
    from convstep.cli_serve import serve

    def say(words: str) -> None:
        _say(words)
        _say()  # it may be read by a program that waits for it

    return 128 + serve(given, say)


def _examples(given: argparse.Namespace) -> int:
    from convstep.examples import EXAMPLES

    width = max(len(example.name) for example in EXAMPLES)
    for example in EXAMPLES:
        _say(f"{example.name.ljust(width)}  {example.description}")
    return FINE


def _export(given: argparse.Namespace) -> int:
    from convstep.cli_export import export, is_lesson

    if given.problem is not None and is_lesson(given.problem):
        from convstep.cli_learn import language_of
        from convstep.language import speak

        speak(language_of(given))
    _check_output(given.output)
    with Writing(given.output):
        written = export(given)
    for path in written:
        _say(printable(path, None))
    return FINE


def _check(given: argparse.Namespace) -> int:
    from convstep.cli_candidate import checked, written_adapter

    if given.write_adapter is not None:
        _check_output(given.write_adapter, "--write-adapter")
        _say(*written_adapter(given))
        return FINE
    if given.save is not None:
        _check_output(given.save, "--save")
    found = checked(given)
    try:
        _say(found.text, code=found.code)
        _say(code=found.code)  # before the complaint, where both go to one file
    finally:
        if found.complaint:
            _complain(found.complaint)
    return found.code


def _debug(given: argparse.Namespace) -> int:
    from convstep.cli_candidate import debug

    debug(given)
    return FINE


def _learn(given: argparse.Namespace) -> int:
    from convstep.cli_learn import language_of, learn, listing
    from convstep.language import speak

    speak(language_of(given))
    if given.list:
        for line in listing(given):
            _say(line)
    else:
        learn(given)
    return FINE


def _check_output(path: str, option: str = "-o") -> None:
    """Refuse, before any work is done, a path that no file can be written to."""
    from convstep.language import tr

    if not path:
        raise UsageError(tr("{option} is empty; give it a file name", option=option))
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        said = "the folder {folder} does not exist; create it or choose another {option}"
        if os.path.exists(folder):
            said = "{folder} is a file, not a folder; choose another {option}"
        raise UsageError(tr(said, folder=folder, option=option))
    if os.path.isdir(path):
        raise UsageError(tr("{path} is a folder; give {option} a file name in it", path=path, option=option))
    from convstep.files import check_target

    with Writing(path):
        check_target(path)


class Writing:
    """While a file is written, name the one the person asked for: what fails is its temporary twin."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError):
            from convstep.files import FileRefused
            from convstep.language import tr

            # of several files, the one that is refused
            path = error.filename if isinstance(error, FileRefused) else self._path
            reason = error.strerror or error
            raise UsageError(tr("{path} cannot be written: {reason}", path=path, reason=reason)) from error


COMMANDS = {
    "open": _open,
    "new": _new,
    "compare": _compare,
    "trace": _trace,
    "check": _check,
    "debug": _debug,
    "learn": _learn,
    "examples": _examples,
    "export": _export,
    "serve": _serve,
}
"""What each command does, by name."""
