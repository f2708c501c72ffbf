"""Run a person's test on each known mistake of what it tests; the public way in: `power`."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from convstep.candidate.call.conventions import AUTO
from convstep.candidate.call.opening import check_timeout, checked_jobs
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.operators.caller import open_caller
from convstep.candidate.power.copies import FAILED, NONE, OUT_OF_TIME, PASSED
from convstep.candidate.power.power import MISSED, SEEN, UNTRIED, Power, Row
from convstep.candidate.power.suspects import can_be_asked, few, shown_on, suspects, telling
from convstep.candidate.referee import judged
from convstep.conv.validation import check_type
from convstep.language import spoken, tr
from convstep.operators.operator import Operator, OperatorProblem
from convstep.operators.registry import is_ours, operator_named
from convstep.oracle import messages, watched
from convstep.oracle.conversation import Conversation, Ended, Silent
from convstep.printable import SENTENCE, printable

INSIDE = "CONVSTEP_POWER"
"""What the environment has where a test runs with a mistake, so that it does not ask for its power again."""
FIRST = 300.0
"""Seconds that the test itself may take."""
SLOWER = 3.0
"""How many times as long it may take with a mistake, and so many seconds more."""
Progress = Callable[[int, int], None]


def power(
    test: str | os.PathLike[str],
    target: str,
    operator: str | None = None,
    *,
    convention: str = AUTO,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Power:
    """Find out which known mistakes a gradient test would let pass.

    The target is checked first, as `check` does it. Then the test runs with each known mistake in the
    target's place, in processes that end with this one.

    Args:
        test: a pytest file, also `file.py::test`, or a script that ends well if the gradients are right.
        target: what it tests: `path.py:function`, `path.py:Class.method`.
        operator: which operator that is; by default found from its name.
        convention: as for `check`.
        timeout: seconds that the test may take, 300 if not given.
        jobs: how many mistakes are tried at a time; by default as many as there are cores.
        progress: called with how many mistakes are done, and of how many.

    Returns:
        What it would let pass: `.ok`, `.missed`, `.rows`; `str` of it explains.

    Raises:
        CandidateError: the target is wrong or cannot be loaded; the test cannot be run, fails as it is, or
            never calls the target.
        CannotCall: no way of calling the target works.
        OperatorError: there is no operator of that name.
    """
    check_type("test", test, str, os.PathLike)
    check_type("target", target, str)
    check_timeout(timeout)
    checked_jobs(jobs)
    test = os.fspath(test)
    check_files(test, target)
    with open_caller(target, {}, None) as worker:
        verdict = judged(worker, convention, None, None, operator)
        name = worker.candidate.name
    return power_of_checked(test, target, verdict, name, timeout=timeout, jobs=jobs, progress=progress)


def check_files(test: str, target: str) -> None:
    """Refuse, with a CandidateError, a test that is not there or a target in no Python file."""
    file, _, _ = test.partition("::")
    if not os.path.isfile(file) or not file.endswith(".py"):
        raise CandidateError(
            tr("{file} is no Python file; name the file that your test is in", file=printable(file))
        )
    path = Target.parse(target).path
    if path is None or not path.endswith(".py"):
        said = tr(
            "{target} is in no Python file; name one, like layers.py:relu_backward", target=printable(target)
        )
        raise CandidateError(said)


def power_of_checked(
    test: str,
    target: str,
    verdict: Any,
    name: str,
    *,
    timeout: float | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Power:
    """`power` of a target, called `Pool.backward`, whose verdict is known."""
    if not verdict.ok:
        said = tr(
            "{headline}; what its test would let pass is known only once it is right: see convstep check",
            headline=printable(verdict.headline, SENTENCE),
        )
        raise CandidateError(said)
    if not is_ours(verdict.operator):
        said = tr(
            "{operator} is your own operator; only mistakes of those in `convstep operators` are tried",
            operator=printable(verdict.operator),
        )
        raise CandidateError(said)
    whole = operator_named(verdict.operator)
    return power_of(
        test,
        target,
        whole,
        name=name,
        asked=can_be_asked(verdict, whole),
        jobs=jobs,
        timeout=timeout or FIRST,
        progress=progress,
    )


def power_of(
    test: str,
    target: str,
    operator: Operator,
    *,
    name: str = "",
    asked: Sequence[OperatorProblem] | None = None,
    jobs: int | None = None,
    timeout: float = FIRST,
    progress: Progress | None = None,
) -> Power:
    """Run a test on each known mistake of a target that is right, as far as `check` knows; see `power`.

    `name` is what is called in the target's file, if the target does not say it; `asked` are problems that it
    takes, among which those are looked for that would show a mistake, by default any of the operator's.
    """
    check_files(test, target)
    parsed = Target.parse(target)
    file, _, _ = test.partition("::")
    command = watched.command(
        "convstep.candidate.power.server",
        os.path.abspath(file) + test[len(file) :],
        os.path.abspath(str(parsed.path)),
        name or parsed.name,
        operator.name,
        spoken(),
    )
    listed = suspects(operator)
    with _server(command) as talk:
        if progress is not None:
            progress(0, len(listed))
        started = time.monotonic()
        (plain,) = _heard(talk, [], 1, 0, timeout)
        _check_plain(plain, test, target, operator)
        seconds = SLOWER * (time.monotonic() - started) + SLOWER
        same = [int(number) for number in plain["same"]] or list(range(len(listed)))
        numbers = sorted({number for number in same if number >= 0})
        runs: dict[int, dict[str, Any]] = {}
        last: dict[str, Any] = {}
        for run in (
            _heard(talk, numbers, checked_jobs(jobs), plain["calls"], max(seconds, timeout))
            if numbers
            else ()
        ):
            if run["suspect"] < 0:
                last = run
                break
            runs[run["suspect"]] = run
            if progress is not None:
                progress(len(runs), len(numbers))
    # where a mistake never showed, no copy was made, and the test passes, if it has come to its end
    ended = not numbers or last["code"] in (PASSED, NONE)
    unseen = {"code": PASSED if ended else OUT_OF_TIME}
    unread = plain["calls"] - plain["read"]
    problems = telling(operator) if asked is None else list(asked)
    rows, shows = list[Row](), list[list[OperatorProblem]]()
    for suspect, number in zip(listed, same, strict=True):
        run = runs.get(number, unseen if number >= 0 else {"code": PASSED})
        outcome, by = _outcome(run)
        spoiled = tuple(run.get("spoiled", ())) if outcome == MISSED else ()
        shown = shown_on(operator, suspect, problems, plain["placed"]) if outcome == MISSED else []
        shows.append([] if unread or spoiled else shown)
        outcome = UNTRIED if unread and (shown or spoiled) else outcome
        rows.append(Row(suspect, outcome, by, spoiled, shown[0] if shown else None))
    return Power(
        test,
        target,
        operator,
        tuple(rows),
        tuple(printable(str(one)) for one in plain["problems"]),
        few(shows),
        script=bool(plain["script"]),
        asks_check=bool(plain["check"]),
        unread=unread,
        unplaced=tuple(name for name in operator.gradients if name not in plain["placed"]),
    )


@contextlib.contextmanager
def _server(command: Sequence[str]) -> Iterator[Conversation]:
    """The process in which the test runs, as long as it is needed."""
    process = subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    talk = Conversation(process.stdin, process.stdout)
    try:
        yield talk
    finally:
        talk.close()
        watched.end(process)


def _heard(
    talk: Conversation, numbers: Sequence[int], jobs: int, calls: int, seconds: float
) -> Iterator[dict[str, Any]]:
    """What is said of a run's copies, `jobs` at a time, one for each mistake, and last of the run itself."""
    talk.ask({"suspects": list(numbers), "jobs": jobs, "calls": calls, "seconds": seconds})
    while True:
        try:
            said: dict[str, Any] = json.loads(messages.text(talk.hear(3 * seconds + FIRST), "run"))
        except (Silent, Ended, messages.Malformed, ValueError):
            raise CandidateError(tr("the process that runs the test has ended")) from None
        yield said
        if said["suspect"] < 0:
            return


def _check_plain(plain: Mapping[str, Any], test: str, target: str, operator: Operator) -> None:
    """Refuse a test that says nothing as it is."""
    test, target, why = printable(test), printable(target), printable(str(plain.get("message", "")), SENTENCE)
    code = plain["code"]
    if code == OUT_OF_TIME:
        raise CandidateError(tr("{test} does not end in time; give it more with --timeout", test=test))
    if code == FAILED:
        said = tr(
            "{test} fails as it is: {why}; what it would let pass is known only once it passes",
            test=test,
            why=why or printable(str(plain.get("failed", ""))),
        )
        raise CandidateError(said)
    if code not in (PASSED, NONE):
        raise CandidateError(tr("{test} cannot be run: {why}", test=test, why=why or tr("its process ended")))
    if not plain["calls"]:
        raise CandidateError(tr("{test} never calls {target}", test=test, target=target))
    if not plain["read"]:
        said = tr(
            "no call of {target} in {test} can be read as {operator}, so that no mistake can be put in",
            test=test,
            target=target,
            operator=tr(operator.title),
        )
        raise CandidateError(said)


def _outcome(run: Mapping[str, Any]) -> tuple[str, str]:
    """What became of the test with a mistake, and which test fails. One that dies is seen."""
    if run["code"] == PASSED:
        return MISSED, ""
    if run["code"] == OUT_OF_TIME:
        return UNTRIED, ""
    return SEEN, printable(str(run.get("failed", "")))
