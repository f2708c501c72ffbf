"""The wrong backward of a lesson, taken from its text and run like anybody's: in a child process."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from convstep.candidate.load import names

BUDGET = 3.0
"""Seconds that finding out about it may take at the most: a lesson shows where it goes wrong."""

if TYPE_CHECKING:
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.conv.problem import Problem


def function_name(source: str) -> str:
    """The function that a piece of code is about: its last one, rather one called backward; "" if none."""
    found = names.defined(source)
    named = [name for name in found if names.looks_backward(name)]
    return (named or found or [""])[-1]


class LessonCandidate:
    """A candidate of a lesson, with the file it lives in."""

    def __init__(self, source: str, problem: Problem) -> None:
        """Load it and find out about it, which takes a second; CandidateError if it fits no convention."""
        from convstep.candidate.call.opening import open_worker
        from convstep.candidate.call.worker import SECONDS
        from convstep.candidate.conv_verdict import verdict_of
        from convstep.candidate.load.target import CandidateError
        from convstep.candidate.step.stepping import CandidateTimeline

        self.source, self.problem = source, problem
        # the process may be started anew after a call that hangs: the file stays as long as this
        self._folder = tempfile.TemporaryDirectory(prefix="convstep-")
        path = Path(self._folder.name) / "lesson.py"
        path.write_text(source, encoding="utf-8")
        # a few lines of a page load at once, or never; a reader waits for them
        try:
            worker = open_worker(f"{path}:{function_name(source)}", timeout=SECONDS)
        except CandidateError as error:  # to the reader there is no such file
            raise CandidateError(str(error).replace(f"{path}:", "")) from error
        try:
            verdict = verdict_of(worker, problem=problem, budget=BUDGET)
        except BaseException:
            worker.close()
            raise
        # the file is ours and gone soon: to the learner the code stands in the lesson
        nowhere = replace(verdict.swept.candidate, file="")
        verdict = replace(verdict, swept=replace(verdict.swept, candidate=nowhere))
        self.timeline: CandidateTimeline = CandidateTimeline(worker, verdict, problem)
        """The candidate on the problem."""

    def close(self) -> None:
        """End its process and forget its file."""
        self.timeline.close()
        self._folder.cleanup()
