"""A session as a file: where a person stood, what stops and bookmarks there were, how it looked.

A session is data. It names its problem, and its stops are the texts that were typed; opening one
reads JSON and runs nothing.
"""

from __future__ import annotations

import json
import os
import shlex
import unicodedata
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

from convstep.brief import brief
from convstep.files import FileTooLarge, contents, written_whole
from convstep.printable import SentenceError, printable
from convstep.replay.places import place_argument
from convstep.replay.visited import Bookmark
from convstep.steps.nest import Nested

ENDING = ".json"
"""How the names of sessions end, by which they are told from problems."""
VERSION = 1
"""Of the file's form."""
LARGEST_FILE = 1_000_000
"""Bytes of a session file."""
LARGEST_NUMBER = 2**53
"""Beyond it JSON readers disagree about whole numbers."""
LONGEST_TEXT = 4096
"""Characters of a name, a path or a stop."""
MOST_ENTRIES = 1000
"""Stops, bookmarks, or faces."""


class SessionError(SentenceError, ValueError):
    """The session cannot be read or written; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class SavedStop:
    """A stop, as it was typed."""

    text: str
    """Its condition: `i_c == 1`."""
    enabled: bool = True
    """Whether it stops a run."""
    hits: int = 0
    """How often it did."""

    __repr__ = brief

    def __post_init__(self) -> None:
        """Refuse what is not a stop."""
        _text("a stop's text", self.text)
        _flag("a stop's enabled", self.enabled)
        _whole("a stop's hits", self.hits)


@dataclass(frozen=True, slots=True)
class View:
    """How the screen looked."""

    faces: dict[str, int] = field(default_factory=dict)
    """Chosen faces by the axis they are of; an axis left out follows the loop."""
    mode: str = ""
    """How values are shown; "" for however the screen begins."""
    precision: int = 0
    """Columns added to every number; negative for fewer."""

    __repr__ = brief

    def __post_init__(self) -> None:
        """Refuse what is not a view."""
        if not isinstance(self.faces, dict):
            raise SessionError(f"the view's faces are {_shown(self.faces)}; they must be names and numbers")
        _count("faces", len(self.faces))
        for name, number in self.faces.items():
            _text("the name of a face", name)
            _whole(f"the face {name!r}", number)
        _text("the view's mode", self.mode, empty=True)
        _whole("the view's precision", self.precision, least=-100, most=100)


@dataclass(frozen=True, slots=True)
class Session:
    """Where a person stood in a pass, and what they had set up."""

    problem: str
    """A bundled name or a path, as on the command line."""
    position: int = 0
    """Steps executed."""
    stops: tuple[SavedStop, ...] = ()
    """In the order they were made."""
    bookmarks: tuple[Bookmark, ...] = ()
    """In the order of the loop."""
    view: View = field(default_factory=View)
    """How it looked."""

    __repr__ = brief

    def __post_init__(self) -> None:
        """Refuse what is not a session."""
        _text("the problem", self.problem)
        _whole("the position", self.position)
        _count("stops", len(self.stops))
        _count("bookmarks", len(self.bookmarks))
        for bookmark in self.bookmarks:
            _text("a bookmark's label", bookmark.label)
            _whole("a bookmark's position", bookmark.position)

    def check_fits(self, total: int) -> None:
        """Refuse a session that was saved of another problem.

        Args:
            total: how many steps the problem has.

        Raises:
            SessionError: a position lies beyond the end.
        """
        places = [("position", self.position)]
        places += [(f'bookmark "{mark.label}" at position', mark.position) for mark in self.bookmarks]
        for held, position in places:
            if position > total:
                raise SessionError(
                    f"the session holds {printable(held)} {position} but {printable(self.problem)} has "
                    f"{total} steps; it was saved from another problem"
                )


def save(session: Session, path: str | os.PathLike[str]) -> None:
    """Write a session to exactly `path`, through a temporary file in the same folder.

    Args:
        session: what to write.
        path: where; an older file there is replaced whole, or left as it is.

    Raises:
        SessionError: it cannot be written; one sentence.
    """
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
    """Read a session.

    Args:
        path: a file that `save` wrote, or somebody by hand.

    Raises:
        SessionError: it cannot be read, or is not a session; one sentence.
    """
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
        return _session(_parsed(content))
    except SessionError as error:
        raise SessionError(f"{path}: {error}") from error


def permalink(session: Session, loops: Nested) -> str:
    """The command that comes back to a session's problem, place and enabled stops.

    Args:
        session: what to come back to.
        loops: what knows the loops of its problem.

    Returns:
        A line for a shell: `convstep open digit --goto 4,2,1 --break 'i_c == 1'`.
    """
    # a name in front of which a shell's reader would see an option is still a path with ./
    problem = f"./{session.problem}" if session.problem.startswith("-") else session.problem
    words = ["convstep", "open", problem, "--goto", place_argument(session.position, loops)]
    for stop in session.stops:
        if stop.enabled:
            words += [f"--break={stop.text}"] if stop.text.startswith("-") else ["--break", stop.text]
    return shlex.join(words)


def _parsed(content: bytes) -> Any:
    """The JSON value, without the liberties that Python's reader takes."""
    try:
        return json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError:
        raise SessionError("it is not UTF-8 text, so it is not a session") from None
    except json.JSONDecodeError as error:
        raise SessionError(
            f"it is not JSON: {error.msg.removesuffix(' at')} on line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise SessionError("its lists are nested too deeply for a session") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise SessionError(f"{_shown(name)} appears twice in it; each name may appear only once")
        found[name] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > 17:
        raise SessionError(
            f"the number {_shown(digits)} is beyond {LARGEST_NUMBER}, the largest that a session can hold"
        )
    return int(digits)


def _no_number(name: str) -> NoReturn:
    raise SessionError(f"it holds {name}, which is not a JSON number")


def _session(found: Any) -> Session:
    """A session from the file's value."""
    if not isinstance(found, dict):
        raise SessionError(f"it holds {_kind(found)}; a session is one JSON object")
    if "version" not in found:
        raise SessionError("it has no version, so it is not a session")
    version = found.pop("version")
    if type(version) is not int or version != VERSION:
        raise SessionError(
            f"its version is {_shown(version)} and this convstep reads version {VERSION}; "
            "use the convstep that saved it"
        )
    _only(found, Session, "the session", needed=("problem", "position"))
    stops = tuple(_entry(value, SavedStop, "a stop") for value in _list(found.pop("stops", []), "stops"))
    marks = _list(found.pop("bookmarks", []), "bookmarks")
    bookmarks = tuple(_entry(value, Bookmark, "a bookmark") for value in marks)
    view = _entry(found.pop("view", {}), View, "the view")
    return Session(**found, stops=stops, bookmarks=bookmarks, view=view)


def _entry(value: Any, kind: type[Any], word: str) -> Any:
    """One stop, bookmark or view from its object."""
    if not isinstance(value, dict):
        raise SessionError(f"{word} is {_kind(value)}; it must be an object")
    needed = {SavedStop: ("text",), Bookmark: ("position", "label"), View: ()}[kind]
    _only(value, kind, word, needed)
    return kind(**value)


def _only(found: dict[str, Any], kind: type[Any], word: str, needed: tuple[str, ...]) -> None:
    """Refuse names that are missing or unknown."""
    for name in needed:
        if name not in found:
            raise SessionError(f"{word} has no {name}")
    known = kind.__dataclass_fields__
    for name in found:
        if name not in known:
            raise SessionError(f"{word} has an unknown {_shown(name)}; its entries are {', '.join(known)}")


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise SessionError(f"{name} is {_kind(value)}; it must be a list")
    _count(name, len(value))
    return value


def _count(name: str, entries: int) -> None:
    if entries > MOST_ENTRIES:
        raise SessionError(f"it has {entries} {name}, and at most {MOST_ENTRIES} are read")


def _whole(name: str, value: object, least: int = 0, most: int = LARGEST_NUMBER) -> None:
    if type(value) is not int:
        raise SessionError(f"{name} is {_shown(value)}; it must be a whole number")
    if not least <= value <= most:
        raise SessionError(f"{name} is {_shown(value)}; it must be from {least} to {most}")


def _flag(name: str, value: object) -> None:
    if type(value) is not bool:
        raise SessionError(f"{name} is {_shown(value)}; it must be true or false")


def _text(name: str, value: object, *, empty: bool = False) -> None:
    """Refuse what is not a line of text: a control character could act on the terminal that shows it."""
    if not isinstance(value, str):
        raise SessionError(f"{name} is {_shown(value)}; it must be text")
    if not value and not empty:
        raise SessionError(f"{name} is empty")
    if len(value) > LONGEST_TEXT:
        raise SessionError(f"{name} has {len(value)} characters, and at most {LONGEST_TEXT} are read")
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise SessionError(
                f"{name} holds the character U+{ord(character):04X}, which a line of text cannot have"
            )


def _kind(value: Any) -> str:
    """What kind of JSON value it is, in words."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _shown(value: object) -> str:
    """A value in a sentence, cut where it would fill the screen."""
    if isinstance(value, (dict, list)):
        return _kind(value)
    text = json.dumps(value) if isinstance(value, (str, bool, int, float, type(None))) else repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
