"""Open what somebody wants checked, however it was named; and how many of them at a time."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any

from convstep.candidate.call.processes import Spawned
from convstep.candidate.load.target import CandidateError, Target
from convstep.language import tr

if TYPE_CHECKING:
    from convstep.candidate.call.worker import Worker

import os

LONGEST = 999_999
"""Seconds that one call may take at most: eleven days, what the command line's six digits can say."""


def open_worker(
    candidate: Callable[..., Any] | str,
    options: dict[str, Any] | None = None,
    timeout: float | None = None,
    meanwhile: Callable[[], object] | None = None,
    *,
    spawned: type[Spawned] = Spawned,
    kind: Callable[[], type[Worker]] | None = None,
) -> Worker:
    """The candidate in a process of its own; candidate, options and timeout are those of `check`.

    `meanwhile` is done while a new interpreter starts, which takes some time, and `kind`, the class of the
    worker, asked. `spawned` is how that is started. A `CandidateError` if the candidate cannot be loaded.
    """
    adapter = (options or {}).get("adapter")
    if adapter is not None and isinstance(candidate, str) != isinstance(adapter, str):
        raise CandidateError(
            tr("give the candidate and its adapter in the same way: both as text or both as functions")
        )
    check_timeout(timeout)
    started = None
    if isinstance(candidate, str):
        target = Target.parse(candidate)
        with contextlib.suppress(OSError):  # the worker tries again, and says what is wrong
            started = spawned(target, options or {})
        if meanwhile is not None:
            meanwhile()
    from convstep.candidate.call.worker import Worker
    from convstep.conv.validation import check_type

    made = Worker if kind is None else kind()
    if isinstance(candidate, str):
        return made.of_target(target, options, timeout, started)
    if adapter is not None:
        check_type("adapter", adapter, Callable)  # type: ignore[arg-type]
    called = candidate if adapter is None else functools.partial(adapter, candidate)
    return made.of_function(called, timeout)


def check_timeout(timeout: float | None) -> None:
    """Refuse, by a `CandidateError`, a time limit that is none."""
    if timeout is not None and (not isinstance(timeout, Real) or not 0 < timeout <= LONGEST):
        raise CandidateError(
            tr(
                "timeout is {value!r}; it must be a number of seconds, above 0 and at most {most}",
                value=timeout,
                most=LONGEST,
            )
        )


MOST = 64
"""That can be asked for; each holds some hundred megabytes with what it runs."""


def cores() -> int:
    """How many this process may use."""
    try:
        return min(MOST, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on Linux
        return min(MOST, os.cpu_count() or 1)


def checked_jobs(jobs: int | None) -> int:
    """How many to run at a time; a `CandidateError` if not so many."""
    from convstep.conv.validation import check_type

    if jobs is None:
        return cores()
    check_type("jobs", jobs, int)
    if not 1 <= jobs <= MOST:
        raise CandidateError(tr("jobs is {jobs}; it must be from 1 to {most}", jobs=jobs, most=MOST))
    return jobs
