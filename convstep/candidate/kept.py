"""Kept: a recording from a file, whose function is run again only once somebody edits a number of it.

The file has to be what was recorded, and the same call has to do the same before another number is put in.
"""

from __future__ import annotations

import argparse
import re
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.recordable import Recordable
from convstep.language import tr
from convstep.recording.recorder import Edited
from convstep.recording.recording import Recording

_STEP = re.compile(r"\[(?:'(\w+)'|(\d+))\]|\.(\w+)")


class Kept:
    """A kept recording and what can be run to make it again."""

    def __init__(self, recording: Recording, target: str, words: Sequence[str]) -> None:
        """Nothing runs yet; a target or words, `relu(x)` of `--call`, count before the recording's own."""
        self._recording, self._words = recording, tuple(words)
        self._target = target if _is_file(target) else f"{recording.source.path}:{recording.name}"
        self._given = target == self._target
        self._function: Recordable | None = None
        self._closed = False
        self._folder = tempfile.TemporaryDirectory(prefix="convstep-", ignore_cleanup_errors=True)

    @property
    def runs(self) -> str:
        """What runs when a number is edited, as a command line has it."""
        return shlex.join([self._target, *(self._words if self._given else ())])

    @property
    def is_there(self) -> bool:
        """Whether the function's file is still what was recorded; of a notebook, whether it is there."""
        try:
            path = Target.parse(self._target).path
            text = "" if path is None else Path(path).read_text(encoding="utf-8")
        except (CandidateError, OSError, ValueError):
            return False
        return self._recording.source.cell is not None or text.rstrip("\n") == _text(self._recording)

    def with_numbers(self, numbers: Edited) -> Recording:
        """Run it with other numbers in what it was handed; with none, what was kept.

        Raises CandidateError: it cannot be run so, or does something else now; OSError: its arguments cannot
        be written.
        """
        if not numbers:
            return self._recording.scout()
        if self._function is None:
            function = Recordable(self._target, self._arguments(), self._options())
            self._function = function
            if self._closed:
                self.close()
            try:
                same = _same(function.record().recording, self._recording)
            except CandidateError:
                self._function = None
                raise
            if not same:
                self._function = None
                raise CandidateError(
                    tr("run again it does not do what was recorded: its arguments, or its code, are others")
                )
        return self._function.with_numbers(numbers)

    def close(self) -> None:
        """End what is being run."""
        self._closed = True
        if self._function is not None:
            self._function.close()
        self._folder.cleanup()

    def _arguments(self) -> Arguments:
        """Those of the words, or else what was recorded of them, in a file."""
        if self._given:
            found = _read(self._words)
            return Arguments(found.call, found.args, tuple(found.shape))
        path = Path(self._folder.name) / "arguments.npz"
        arrays: dict[str, Any] = dict(_handed_in(self._recording))
        np.savez(path, **arrays)
        return Arguments(file=str(path))

    def _options(self) -> dict[str, Any]:
        if not self._given:
            return {}
        found = _read(self._words)
        return {"run_all": found.run_all, "python2": found.python2}


def _is_file(target: str) -> bool:
    """Whether it names a function of a file."""
    path, colon, _ = target.rpartition(":")
    return bool(colon) and path.lower().endswith((".py", ".ipynb"))


def _read(words: Sequence[str]) -> argparse.Namespace:
    """What a session's words say. Raises CandidateError: they are none of a function's."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--call")
    parser.add_argument("--args")
    parser.add_argument("--shape", action="append", default=[])
    parser.add_argument("--run-all", action="store_true")
    parser.add_argument("--python2", action="store_true")
    try:
        found, others = parser.parse_known_args([*words])
    except argparse.ArgumentError as error:
        raise CandidateError(tr("it cannot be run as the session says")) from error
    if others:
        raise CandidateError(tr("it cannot be run as the session says"))
    return found


def _handed_in(recording: Recording) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """What was recorded of a function's arguments, by the names that `--args` has for them: `cache.1.W`."""
    run = recording.scout()
    first = next((site for site in recording.log.sites.functions if site.name == recording.name), None)
    values: dict[str, Any] = {}
    for name in () if first is None else first.parameters:
        if name in run.variables:
            values |= _flat(name, run.variables[name])
    for array, path in recording.handed_in.items():
        dotted = _STEP.sub(lambda found: "." + next(filter(None, found.groups())), path)
        if array in run.arrays:
            # a container that the log has a word for is made of what it held
            values = {name: held for name, held in values.items() if not dotted.startswith(f"{name}.")}
            values[dotted] = run.arrays[array]
    for name, value in values.items():
        if value is not None:
            yield name, np.array(value)


def _flat(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, tuple):
        return {
            key: held for at, part in enumerate(value) for key, held in _flat(f"{name}.{at}", part).items()
        }
    return {name: value}


def _same(one: Recording, other: Recording) -> bool:
    """Whether two runs are of the same lines on the same numbers, and come to the same."""
    if (one.total, one.name, one.handed_in) != (other.total, other.name, other.handed_in):
        return False
    if _text(one) != _text(other):
        return False
    first, second = one.scout(), other.scout()
    for position in (0, one.total):
        first.seek(position)
        second.seek(position)
        if first.arrays.keys() != second.arrays.keys():
            return False
        if any(_bits(array) != _bits(second.arrays[name]) for name, array in first.arrays.items()):
            return False
    return True


def _text(recording: Recording) -> str:
    """The file of a recording's function; whether its last line ends makes no difference."""
    return "\n".join(recording.source.lines).rstrip("\n")


def _bits(array: np.ndarray[Any, Any]) -> tuple[object, ...]:
    return array.dtype, array.shape, array.tobytes()
