"""Files that a command writes: refused before any work is done, named as the person named them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from convstep.cli.console import UsageError
from convstep.files import FileRefused, check_target
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


def keep_existing(path: str, option: str, force: bool) -> None:
    """Refuse a path at which there is a file, unless it may go."""
    if os.path.exists(path) and not force:
        raise UsageError(f"{path} already exists; choose another {option} or add --force")


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
