"""A session as a file: where a person stood, what stops and bookmarks there were, how it looked.

A session is data. It names its problem, and its stops are the texts that were typed; opening one
reads JSON and runs nothing.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import asdict, field
from typing import Annotated, Any

from convstep.brief import brief
from convstep.files import FileTooLarge, contents, written_whole
from convstep.frozen import frozen
from convstep.printable import printable
from convstep.records import Record, RecordError, kind_of, parsed, shown
from convstep.replay.visited import Bookmark
from convstep.steps.nest import Nested

ENDING = ".json"
"""How the names of sessions end, by which they are told from problems."""
VERSION = 1
LARGEST_FILE = 1_000_000
"""Bytes of a session file."""
SessionError = RecordError
"""The session cannot be read or written; the message is one sentence."""


@frozen()
class SavedStop(Record):
    """A stop, as it was typed."""

    word = "a stop"
    text: str
    """Its condition: `i_c == 1`."""
    enabled: bool = True
    hits: int = 0
    """How often it did."""

    __repr__ = brief


@frozen()
class View(Record):
    """How the screen looked."""

    word = "the view"
    faces: dict[str, int] = field(default_factory=dict)
    """Chosen faces by the axis they are of; an axis left out follows the loop."""
    mode: str = ""
    """How values are shown; "" for however the screen begins."""
    precision: Annotated[int, range(-100, 101)] = 0
    """Columns added to every number; negative for fewer."""
    card: str = ""
    """What was seen of a convolution's step; "" for however the screen begins."""

    __repr__ = brief


@frozen()
class Session(Record):
    """Where a person stood in a pass, and what they had set up."""

    word = "the session"
    needed = frozenset(("position",))
    problem: str
    """A bundled name or a path, as on the command line."""
    position: int = 0
    stops: tuple[SavedStop, ...] = ()
    """In the order they were made."""
    bookmarks: tuple[Bookmark, ...] = ()
    """In the order of the loop."""
    view: View = field(default_factory=View)
    forward: bool = False
    """Whether it was the forward pass that was stepped."""
    function: str = ""
    """What the command line says to record `problem` anew, where that is a recording: `layers.py:f
    --run-all`. It is shown and copied, and never run because a session says it."""

    __repr__ = brief

    def check_fits(self, total: int) -> None:
        """Refuse, with a SessionError, a session with a position beyond the total of steps."""
        places = [("position", self.position)]
        places += [(f'bookmark "{mark.label}" at position', mark.position) for mark in self.bookmarks]
        for held, position in places:
            if position > total:
                raise SessionError(
                    f"the session holds {printable(held)} {position} but {printable(self.problem)} has "
                    f"{total} steps; it was saved from another problem"
                )


def save(session: Session, path: str | os.PathLike[str]) -> None:
    """Write a session to exactly `path`, whole or not at all; raises SessionError, one sentence."""
    import json

    content = json.dumps({"version": VERSION, **asdict(session)}, indent=2, allow_nan=False) + "\n"
    if len(content) > LARGEST_FILE:
        raise SessionError(
            f"the session would take {len(content)} bytes, and at most {LARGEST_FILE} are read"
        )
    try:
        with written_whole(path) as file:
            file.write(content.encode())
    except OSError as error:
        raise SessionError(f"{path} cannot be written: {error.strerror or error}") from error


def load(path: str | os.PathLike[str]) -> Session:
    """Read a session that `save` wrote, or somebody by hand; raises SessionError, one sentence."""
    try:
        content = contents(path, LARGEST_FILE)
    except FileTooLarge:
        raise SessionError(f"{path} has more than {LARGEST_FILE} bytes; no session is that long") from None
    except FileNotFoundError:
        raise SessionError(f"{path} does not exist; check the path") from None
    except IsADirectoryError:
        raise SessionError(f"{path} is a folder; give a session file in it") from None
    except OSError as error:
        raise SessionError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return _session(parsed(content, "a session"))
    except SessionError as error:
        raise SessionError(f"{path}: {error}") from error


def permalink(session: Session, loops: Nested) -> str:
    """The shell's line back to a session: `convstep open digit --goto 4,2,1 --break 'i_c == 1'`."""
    from convstep.replay.places import place_argument

    # a name in front of which a shell's reader would see an option is still a path with ./
    problem = f"./{session.problem}" if session.problem.startswith("-") else session.problem
    forward = ["--forward"] if session.forward else []
    words = ["convstep", "open", problem, *forward, "--goto", place_argument(session.position, loops)]
    for stop in session.stops:
        if stop.enabled:
            words += [f"--break={stop.text}"] if stop.text.startswith("-") else ["--break", stop.text]
    return shlex.join(words)


def _session(found: Any) -> Session:
    if not isinstance(found, dict):
        raise SessionError(f"it holds {kind_of(found)}; a session is one JSON object")
    if "version" not in found:
        raise SessionError("it has no version, so it is not a session")
    version = found.pop("version")
    if type(version) is not int or version != VERSION:
        raise SessionError(
            f"its version is {shown(version)} and this convstep reads version {VERSION}; "
            "use the convstep that saved it"
        )
    return Session.read(found)
