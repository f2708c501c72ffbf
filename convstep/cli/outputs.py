"""Files that a command writes: refused before any work is done, named as the person named them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from convstep.cli.console import UsageError
from convstep.files import FileRefused, check_target, written_whole
from convstep.language import tr


def check_output(path: str, option: str = "-o") -> None:
    """Refuse, before any work is done, a path that no file can be written to."""
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
    with writing(path):
        check_target(path)


def check_new(path: str, option: str, force: bool, *, like: str = "", beside: str = "") -> None:
    """Refuse as `check_output`, and what is no Python file `like` one, or exists, as what is beside it."""
    check_output(path, option)
    if like and not path.endswith(".py"):
        raise UsageError(f"{path} is not a Python file; choose another {option}, like {like}")
    for each in (path, beside):
        if os.path.exists(each) and not force:
            raise UsageError(f"{each} already exists; choose another {option} or add --force")


def write(path: str, content: bytes) -> None:
    """Write a file whole or not at all; UsageError names it if it cannot be."""
    with writing(path), written_whole(path) as file:
        file.write(content)


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
    """While a file is written, name the one the person asked for: what fails is its temporary twin."""
    try:
        yield
    except OSError as error:
        # of several files, the one that is refused
        path = error.filename if isinstance(error, FileRefused) else path
        reason = error.strerror or error
        raise UsageError(tr("{path} cannot be written: {reason}", path=path, reason=reason)) from error
