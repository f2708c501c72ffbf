"""The files of a folder in which a course keeps what was handed in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from convstep.candidate.load.target import SUFFIXES, CandidateError
from convstep.language import tr

_NOBODYS = frozenset({"__pycache__", "__MACOSX", "node_modules", "site-packages", "dist-packages"})
"""Folders that hold what nobody has written for the course."""


@dataclass(frozen=True, slots=True)
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
            name for name in folders if not _is_nobodys(name) and not _is_installed(place, name)
        )
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES) and not _is_nobodys(name):
                yield os.path.join(place, name)


def _is_nobodys(name: str) -> bool:
    return name.startswith(".") or name in _NOBODYS


def _is_installed(place: str, name: str) -> bool:
    """Whether a folder is a virtual environment."""
    return os.path.exists(os.path.join(place, name, "pyvenv.cfg"))
