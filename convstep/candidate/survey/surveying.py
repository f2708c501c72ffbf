"""Survey: what became of every backward of a folder, or of one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convstep.brief import brief
from convstep.candidate.survey.folder import Handed, handed_in
from convstep.candidate.survey.judges import MOST, Answer, Judges, Question, UnansweredError
from convstep.candidate.survey.row import MISSING, UNCHECKED, UNLOADED, Row

Progress = Callable[[int, int, str], None]
"""Told how much is done, of how much, and what was the last."""


@dataclass
class Survey:
    """The rows of many submissions."""

    folder: str
    """Where they lie; of one file, the file."""
    rows: list[Row] = field(default_factory=list)
    """One for each backward that was found, and for each submission without one, by submission and line."""
    submissions: int = 0
    """How many there are."""
    left: int = 0
    """How many backwards were not reached, because it was interrupted."""
    interrupted: bool = False
    """Whether it was."""

    __repr__ = brief

    def label(self, row: Row) -> str:
        """What a row's submission is called in a table: with its file if it has handed in several."""
        files = {each.file for each in self.rows if each.submission == row.submission}
        return os.path.relpath(row.file, self.folder) if len(files) > 1 else row.submission


def jobs_at_most() -> int:
    """How many cores this process may use."""
    try:
        return min(MOST, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on Linux
        return min(MOST, os.cpu_count() or 1)


def survey(
    folder: str | os.PathLike[str],
    *,
    function: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Survey:
    """Check everybody's backwards.

    Every backward is checked in a process of its own, several at a time. One that hangs, dies or cannot be
    read is a row like the others. After Ctrl+C the rows are those that were done, `.interrupted` is true.

    Args:
        folder: a file or a folder for each submission, at any depth.
        function: the function or class to check; by default all that sound like a backward.
        jobs: how many at a time; by default as many as there are cores.
        progress: called as it goes on.
        options: as for `check`: convention, timeout, run_all, python2, adapter; and operator, to leave out
            those whose name says that they are of another.

    Raises:
        CandidateError: there is no such folder, or nothing in it.
    """
    path = os.fspath(folder)
    files = handed_in(path)
    found = Survey(path, submissions=len({each.submission for each in files}))
    _look(found, files, function, jobs, progress, options)
    return found


def survey_file(
    file: str, jobs: int | None = None, progress: Progress | None = None, **options: Any
) -> Survey:
    """Check all backwards of one file; see `survey`."""
    found = Survey(file, submissions=1)
    _look(found, [Handed("", file)], None, jobs, progress, options)
    return found


def _look(
    found: Survey,
    files: Sequence[Handed],
    function: str | None,
    jobs: int | None,
    progress: Progress | None,
    options: dict[str, Any],
) -> None:
    told = progress or (lambda done, total, last: None)
    order = {each.file: number for number, each in enumerate(files)}
    try:
        with Judges(jobs or jobs_at_most()) as judges:
            read = _read(judges, files, function, options.pop("operator", None), found.folder, told)
            _judge(found, judges, files, read, told, options)
    except KeyboardInterrupt:
        found.interrupted = True
    found.rows.sort(key=lambda row: (order[row.file], row.cell, row.line))


def _read(
    judges: Judges,
    files: Sequence[Handed],
    function: str | None,
    operator: str | None,
    top: str,
    told: Progress,
) -> dict[str, Answer]:
    """What is in each file."""
    wanted = {"function": function, "operator": operator, "top": top}
    questions = [{"file": each.file, **wanted} for each in files]
    read: dict[str, Answer] = {}
    for question, answer in judges.answers(questions):
        if isinstance(answer, UnansweredError):
            answer = {"backwards": [], "key": "", "said": str(answer), "unread": True}
        read[question["file"]] = answer
        told(len(read), len(files), question["file"])
    return read


def _judge(
    found: Survey,
    judges: Judges,
    files: Sequence[Handed],
    read: dict[str, Answer],
    told: Progress,
    options: dict[str, Any],
) -> None:
    """Check what was found, and what holds the same only once."""
    found.rows += _without(files, read)
    first: dict[str, Handed] = {}
    twins: dict[str, list[Handed]] = {}
    to_judge: list[Handed] = []
    for each in files:
        key = "" if options.get("run_all") else read[each.file]["key"]
        if key and first.setdefault(key, each) is not each:
            twins.setdefault(first[key].file, []).append(each)
        elif read[each.file]["backwards"]:
            to_judge.append(each)
    whose = {each.file: each.submission for each in files}
    lost: set[str] = set()
    total = found.left = sum(len(read[each.file]["backwards"]) for each in to_judge)

    def questions() -> Iterator[Question]:
        for each in to_judge:
            for backward in read[each.file]["backwards"]:
                if each.file not in lost:
                    yield {"file": each.file, "found": backward, "options": options}

    for question, answer in judges.answers(questions()):
        row = _row(question, answer, whose[question["file"]])
        found.left -= 1
        told(total - found.left, total, row.target)
        if row.file in lost:
            continue  # it was asked when nobody knew yet
        if not row.name:
            lost.add(row.file)
        same = twins.get(row.file, ())
        found.rows += [row, *(row.of(each.submission, each.file, row.submission) for each in same)]
    found.left = 0


def _row(question: Question, answer: Answer | UnansweredError, submission: str) -> Row:
    if isinstance(answer, UnansweredError):
        backward = question["found"]
        told = {"line": backward["line"], "cell": backward["cell"], "says": str(answer)}
        return Row(question["file"], backward["name"], UNCHECKED, submission, **told)
    return replace(Row.unpacked(answer), submission=submission)


def _without(files: Sequence[Handed], read: dict[str, Answer]) -> Iterator[Row]:
    """A row for what cannot be read, and for each submission in which no file has a backward."""
    with_some = {each.submission for each in files if read[each.file]["backwards"]}
    seen: set[str] = set()
    for each in files:
        answer = read[each.file]
        if "unread" in answer:
            yield Row(each.file, "", UNLOADED, each.submission, says=answer["said"])
            seen.add(each.submission)
    for each in files:
        if each.submission not in with_some | seen:
            seen.add(each.submission)
            yield Row(each.file, "", MISSING, each.submission, says=read[each.file]["said"])
