"""How many processes do something at a time."""

from __future__ import annotations

import os

from convstep.candidate.load.target import CandidateError
from convstep.conv.validation import check_type
from convstep.language import tr

MOST = 64
"""That can be asked for; each holds some hundred megabytes with what it runs."""


def cores() -> int:
    """How many this process may use."""
    try:
        return min(MOST, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on Linux
        return min(MOST, os.cpu_count() or 1)


def checked_jobs(jobs: int | None) -> int:
    """How many to run at a time.

    Raises:
        CandidateError: not so many.
    """
    if jobs is None:
        return cores()
    check_type("jobs", jobs, int)
    if not 1 <= jobs <= MOST:
        raise CandidateError(tr("jobs is {jobs}; it must be from 1 to {most}", jobs=jobs, most=MOST))
    return jobs
