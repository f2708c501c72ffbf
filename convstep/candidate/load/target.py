"""Where a candidate lives, as people write it on the command line: `mine.py:conv_backward`."""

from __future__ import annotations

import keyword
import os
import re
from pathlib import Path

from convstep.candidate.load import names
from convstep.files import contents, opened
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import SentenceError

SUFFIXES = (".py", ".ipynb")
"""The files that can be loaded."""
LARGEST = 2_000_000
"""Bytes of Python in a file or a notebook; the longest module of Python itself has half of it."""

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_EXAMPLE = "mine.py:conv_backward"


class CandidateError(SentenceError, ValueError):
    """One sentence: what is wrong with the target and what to do."""


class NotLoaded(CandidateError):
    """Nothing of its file can be used: running that did not end, or ended its process."""


@frozen()
class Target:
    """Where a candidate lives."""

    path: str | None
    """The file as given, .py or .ipynb; None for an importable module."""
    module: str | None
    """The dotted module when `path` is None."""
    name: str
    """What is meant there: "function", "Class" or "Class.method"."""

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read "file.py:function", "file.ipynb:Class.method" or "package.module:function"; CandidateError."""
        text = text.strip()
        place, name = _split(text)
        if not place:
            raise CandidateError(f"{text or 'an empty target'} does not name a file; write {_EXAMPLE}")
        try:
            if not name:
                raise CandidateError(_without_function(place))
            _check_name(name)
            if _is_module(place):
                return cls(None, place, name)
            _check_file(place, name)
        except OSError as error:  # a name that is too long for this system
            raise CandidateError(f"{place} cannot be opened: {error.strerror or error}") from error
        return cls(place, None, name)

    def __str__(self) -> str:
        return f"{self.path or self.module}:{self.name}"


def _split(text: str) -> tuple[str, str]:
    """The parts before and after the last colon that is not a drive's."""
    start = 2 if _DRIVE.match(text) else 0
    colon = text.rfind(":", start)
    return (text, "") if colon < 0 else (text[:colon], text[colon + 1 :].strip())


def _is_module(place: str) -> bool:
    """Whether this can only be a dotted module; an existing file or folder of that name is not one."""
    if place.lower().endswith(SUFFIXES) or Path(place).exists():
        # a folder that is a package can be meant as a module
        return (Path(place) / "__init__.py").is_file() and place.isidentifier()
    return all(_is_identifier(part) for part in place.split("."))


def _is_identifier(word: str) -> bool:
    return word.isidentifier() and not keyword.iskeyword(word)


def _check_name(name: str) -> None:
    for part in name.split("."):
        if not _is_identifier(part):
            raise CandidateError(
                f"{name!r} is not a Python name; write the function's name after the colon, as in {_EXAMPLE}"
            )


def _check_file(place: str, name: str) -> None:
    path = Path(place)
    if path.is_dir():
        raise CandidateError(f"{place} is a folder; name a file in it: {_in_folder(path)}:{name}")
    try:
        opened(path).close()
    except (FileNotFoundError, NotADirectoryError):
        raise CandidateError(_missing(path, name)) from None
    except OSError as error:
        raise CandidateError(
            tr("{path} cannot be read: {reason}", path=place, reason=error.strerror or error)
        ) from None
    if path.suffix.lower() not in SUFFIXES:
        raise CandidateError(
            f"{place} is not a Python file; a candidate is a function in a .py or .ipynb file"
        )


def _in_folder(folder: Path) -> Path:
    """A file that could be meant there; the example's name when there is none."""
    files = _loadable(folder)
    wanted = [name for name in files if names.looks_backward(name) or "conv" in name.lower()]
    return folder / (wanted or files or ["mine.py"])[0]


def _loadable(folder: Path) -> list[str]:
    try:
        files = [file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.exists()]
        return sorted(file.name for file in files)
    except OSError:
        return []


def _missing(path: Path, name: str) -> str:
    if not path.parent.is_dir():
        return f"there is no file {path}: there is no folder {path.parent} either"
    if path.is_symlink():
        return f"{path} is a link to {os.readlink(path)}, which does not exist; name the file itself"
    found = names.closest(path.name, _loadable(path.parent))
    if found is None:
        return f"there is no file {path}; check the name and the folder"
    near = path.with_name(found)
    meant = f"{near}:{name}" if name in _defined(near) else str(near)
    return f"there is no file {path}; did you mean {meant}?"


def _without_function(place: str) -> str:
    """What to write after the colon, taken from the file when it can be read."""
    path = Path(place)
    if path.is_dir():
        return f"{place} is a folder; name a file in it and the function: {_in_folder(path)}:conv_backward"
    if not path.is_file():
        example = f"{place}:conv_backward" if place.lower().endswith(SUFFIXES) else _EXAMPLE
        return f"{place} does not name a function; write it after a colon: {example}"
    if path.suffix.lower() not in SUFFIXES:
        return f"{place} is not a Python file; name a .py or .ipynb file and the function: {_EXAMPLE}"
    found = names.backward_first(name for name in _defined(path) if names.looks_backward(name))
    if not found:
        return f"name the function: {place}:conv_backward"
    if len(found) == 1:
        return f"name the function: {place}:{found[0]}"
    return f"name the function: {place}:{found[0]}; the file also has {names.listed(found[1:])}"


def _defined(path: Path) -> list[str]:
    """What a `.py` file defines; nothing if it cannot be read."""
    if path.suffix.lower() != ".py":
        return []
    try:
        return names.defined(contents(path, LARGEST).decode("utf-8", errors="replace"))
    except OSError:
        return []
