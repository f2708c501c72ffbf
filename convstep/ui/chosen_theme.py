"""The theme that a person chose, from one start to the next. The file is data; reading it runs nothing.

That there is such a file says that convstep was opened here before.
"""

from __future__ import annotations

import os
from pathlib import Path

from convstep.files import contents, written_whole

VERSION = 1
"""Of the file's form."""
LARGEST_FILE = 10_000
"""Bytes beyond which the file is none of ours."""


class ChosenTheme:
    """One small file in the person's configuration folder."""

    def __init__(self, path: Path | None = None) -> None:
        """Look into the file, by default the one in the person's folder; one that is broken says nothing."""
        self.path = default_path() if path is None else path
        """The file."""
        self.name = _read(self.path)
        """The theme's name; "" if none was ever chosen."""

    def begins(self) -> bool:
        """Whether there was no file until now; there is one from now on.

        Where none can be written, as in a home that is read-only, there is nothing that could begin.
        """
        if os.path.lexists(self.path):
            return False
        from convstep.lessons import progress  # costs a tenth of a start, so only until there is a file

        known = os.path.lexists(progress.default_path())
        try:
            self.keep("")
        except OSError:
            return False
        return not known

    def keep(self, name: str) -> None:
        """Write down another choice; after an OSError the file is as it was."""
        self.name = name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(self.path, through_links=True) as file:
            file.write(_content(name))


def default_path() -> Path:
    """Where the choice is kept."""
    from platformdirs import user_config_path

    return user_config_path("convstep", appauthor=False) / "theme.json"


def _content(name: str) -> bytes:
    """What the file holds; themes' names are words."""
    return f'{{"version": {VERSION}, "theme": "{name}"}}'.encode()


def _read(path: Path) -> str:
    try:
        written = contents(path, LARGEST_FILE)
        if written == _content(""):  # most people choose none, and need no reader of JSON to start
            return ""
        import json

        kept = json.loads(written)
    except (OSError, ValueError, RecursionError):
        return ""
    if not isinstance(kept, dict) or kept.get("version") != VERSION:
        return ""
    name = kept.get("theme")
    return name if isinstance(name, str) else ""
