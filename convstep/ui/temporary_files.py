"""Files that the screen writes: where somebody says, or each in a new temporary folder."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from convstep.files import check_target
from convstep.language import tr

if TYPE_CHECKING:
    from convstep.conv.problem import Problem

LONGEST = 80
"""Characters of a file's name before its ending."""


def save(name: str, problem: Problem) -> str:
    """Write a problem to a file in a new folder, named after what it is called, and say where."""
    path = in_new_folder(name)
    problem.save(path)
    return path


def in_new_folder(name: str) -> str:
    """Where a `.npz` file named after something goes: a new folder."""
    return os.path.join(tempfile.mkdtemp(prefix="convstep-"), f"{stem_of(name)}.npz")


def file_to_write(text: str) -> Path:
    """The file that somebody names, if what the system says of it beforehand lets it be written.

    A ValueError says in one sentence, without its full stop, why not.
    """
    name = text.strip()
    if not name:
        raise ValueError(tr("a file needs a name"))
    if "\0" in name or not _is_text(name):
        raise ValueError(tr("{name} holds a character that no file's name can have", name=name))
    try:
        path = Path(name).expanduser()
    except RuntimeError:  # as Python calls it
        unknown = Path(name).parts[0]
        raise ValueError(tr("there is no home folder {name}", name=unknown)) from None
    folder = path.parent
    try:
        if not path.name or path.is_dir():
            raise ValueError(tr("{text} is a folder; give a file in it", text=name))
        if not folder.is_dir():
            raise ValueError(tr("there is no folder {folder}", folder=folder))
        check_target(path)
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(tr("{name} cannot be written: {reason}", name=path, reason=reason)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(tr("nothing may be written in the folder {folder}", folder=folder))
    return path


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # half a character, from a terminal that does not speak UTF-8
        return False
    return True


def stem_of(name: str) -> str:
    """A name as a file may be called: `features.0`, `decoder_up`."""
    return re.sub(r"[^\w.\-]+", "_", name).strip("._")[:LONGEST] or "layer"


def command_for(path: str) -> str:
    """What opens a file."""
    import shlex

    return f"convstep open {shlex.quote(path)}"
