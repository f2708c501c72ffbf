"""Survey: what became of every backward of a folder, or of one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from convstep.brief import brief
from convstep.candidate.call.conventions import AUTO, check_convention
from convstep.candidate.call.opening import check_timeout, checked_jobs, cores
from convstep.candidate.load.target import SUFFIXES, CandidateError, Target
from convstep.candidate.operators.file import known
from convstep.candidate.operators.ways import CONV2D
from convstep.candidate.survey.judges import Answer, Judges, Question, UnansweredError
from convstep.candidate.survey.row import MISSING, UNCHECKED, UNLOADED, Row
from convstep.conv.validation import check_type
from convstep.files import path_of
from convstep.frozen import frozen
from convstep.language import tr
from convstep.operators.registry import operator_named, operators

_NOBODYS = frozenset({"__pycache__", "__MACOSX", "node_modules", "site-packages", "dist-packages"})
"""Folders that hold what nobody has written for the course."""


@frozen()
class Handed:
    """A file that was handed in."""

    submission: str
    """Whose it is: a folder in the course's, or the file itself where it lies there."""
    file: str
    """Its path, as the command line can name it."""


def handed_in(folder: str) -> list[Handed]:
    """Each Python file and notebook below a folder by name; CandidateError if there is none."""
    if os.path.isfile(folder):
        raise CandidateError(tr("{folder} is a file; name a folder, or `convstep check` it", folder=folder))
    if not os.path.isdir(folder):
        raise CandidateError(tr("there is no folder {folder}; check the name", folder=folder))
    try:
        top = _top(folder)
        found = [Handed(os.path.relpath(file, top).split(os.sep)[0], file) for file in _files(top)]
    except OSError as error:
        raise CandidateError(
            tr("{path} cannot be read: {reason}", path=folder, reason=error.strerror or error)
        ) from None
    if not found:
        raise CandidateError(tr("there is no .py file and no notebook in {folder}", folder=folder))
    return sorted(found, key=lambda each: (each.submission, each.file))


def _top(folder: str) -> str:
    """The folder in which the submissions lie: of one that holds nothing but another, that one."""
    while True:
        with os.scandir(folder) as entries:
            held = [entry for entry in entries if not _is_nobodys(entry.name)]
        if len(held) != 1 or not held[0].is_dir(follow_symlinks=False):
            return folder
        folder = held[0].path


def _files(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not _is_nobodys(name) and not os.path.exists(os.path.join(place, name, "pyvenv.cfg"))
        )
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not _is_nobodys(name):
                yield os.path.join(place, name)


def _is_nobodys(name: str) -> bool:
    return name.startswith(".") or name in _NOBODYS


@frozen()
class Options:
    """How backwards are checked; see `convstep.check`."""

    convention: str = AUTO
    timeout: float | None = None
    run_all: bool = False
    python2: bool = False
    adapter: str | None = None
    operator: str | None = None

    def check(self) -> None:
        """Refuse what no backward could be checked with; raises CandidateError or OperatorError."""
        check_type("convention", self.convention, str)
        if self.convention not in {one.name for each in operators() for one in each.conventions}:
            check_convention(self.convention)
        if self.operator is not None:
            check_type("operator", self.operator, str)
            with known(self.operator) as name:
                if name not in (None, CONV2D):
                    operator_named(name)
        check_timeout(self.timeout)
        if self.adapter is not None:
            check_type("adapter", self.adapter, str)
            Target.parse(self.adapter)


Progress = Callable[[int, int, str], None]
"""Told how much is done, of how much, and what was the last."""


@dataclass
class Survey:
    """What became of many backwards."""

    folder: str
    """Where they lie; of one file, the file."""
    rows: list[Row] = field(default_factory=list)
    """One for each backward that was found, and for each submission without one, by submission and line."""
    submissions: int = 0
    left: int = 0
    """How many backwards were not reached, because it was interrupted."""
    interrupted: bool = False

    __repr__ = brief

    def labels(self) -> dict[str, str]:
        """By file, what it is called in a table: its submission, or its path where that has several."""
        files: dict[str, set[str]] = {}
        for row in self.rows:
            files.setdefault(row.submission, set()).add(row.file)
        return {
            file: os.path.relpath(file, self.folder) if len(held) > 1 else submission
            for submission, held in files.items()
            for file in held
        }


def survey(
    folder: str | os.PathLike[str],
    *,
    function: str | None = None,
    operator: str | None = None,
    convention: str = AUTO,
    timeout: float | None = None,
    run_all: bool = False,
    python2: bool = False,
    adapter: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Check everybody's backwards: all submissions of a course.

    Each is checked in a process of its own, several at a time. One that hangs, dies or cannot be read is a
    row like the others. After Ctrl+C the rows are those that were done, and `.interrupted` is true.

    Args:
        folder: a file or a folder for each submission, at any depth.
        function: the function or class to check; by default all whose name says backward or gradient.
        operator: what they are the backward of; those whose name says that they are of another are left out.
        convention: as for `check`, and so are the next four.
        timeout: see there.
        run_all: see there.
        python2: see there.
        adapter: see there; a target.
        jobs: how many at a time; by default as many as there are cores.
        progress: called with how much is done, of how much, and what was the last.

    Returns:
        The survey: `.rows`, each with `.submission`, `.file`, `.name`, `.verdict`, `.mistakes`, `.says`;
        `.as_dict()` of a row is one of a table.

    Raises:
        CandidateError: there is no such folder, nothing in it, or no such operator or convention.
    """
    options = Options(convention, timeout, run_all, python2, adapter, operator)
    options.check()
    if function is not None:
        check_type("function", function, str)
    path = path_of(folder)
    files = handed_in(path)
    found = Survey(path, submissions=len({each.submission for each in files}))
    _look(found, files, function, options, checked_jobs(jobs), progress)
    return found


def survey_file(file: str, options: Options, progress: Progress | None = None) -> Survey:
    """Check all backwards of one file; see `survey`."""
    options.check()
    found = Survey(file, submissions=1)
    _look(found, [Handed("", file)], None, options, cores(), progress)
    return found


def _look(
    found: Survey,
    files: Sequence[Handed],
    function: str | None,
    options: Options,
    jobs: int,
    progress: Progress | None,
) -> None:
    told = progress or (lambda done, total, last: None)
    order = {each.file: number for number, each in enumerate(files)}
    try:
        with Judges(jobs) as judges:
            wanted = {"function": function, "operator": options.operator, "top": found.folder}
            read = _read(judges, files, wanted, told)
            _judge(found, judges, files, read, told, options)
    except KeyboardInterrupt:
        found.interrupted = True
    found.rows.sort(key=lambda row: (order[row.file], row.cell, row.line))


def _read(
    judges: Judges, files: Sequence[Handed], wanted: dict[str, Any], told: Progress
) -> dict[str, Answer]:
    questions = [{"file": each.file, **wanted} for each in files]
    read: dict[str, Answer] = {}
    for question, answer in judges.answers(questions):
        if isinstance(answer, UnansweredError):
            answer = {"backwards": [], "key": "", "said": str(answer), "unread": True}
        read[question["file"]] = answer
        told(len(read), len(files), os.path.basename(question["file"]))
    return read


def _judge(
    found: Survey,
    judges: Judges,
    files: Sequence[Handed],
    read: dict[str, Answer],
    told: Progress,
    options: Options,
) -> None:
    """Check what was found, and what holds the same only once."""
    found.rows += _without(files, read)
    first: dict[str, Handed] = {}
    twins: dict[str, list[Handed]] = {}
    to_judge: list[Handed] = []
    for each in files:
        key = "" if options.run_all else read[each.file]["key"]
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
                    yield {"file": each.file, "found": backward, "options": asdict(options)}

    def lose(question: Question, answer: Answer | UnansweredError) -> None:
        if not isinstance(answer, UnansweredError) and not answer["name"]:  # it is about the whole file
            lost.add(question["file"])

    seen: set[str] = set()
    for question, answer in judges.answers(questions(), lose):
        row = _row(question, answer, whose[question["file"]])
        found.left -= 1
        told(total - found.left, total, f"{row.submission} {row.name}".strip())
        if not row.name and row.file in seen:
            continue  # two judges have met it at the same time
        if not row.name:
            seen.add(row.file)
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
