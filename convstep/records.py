"""Dataclasses from JSON that anybody may have written: every value is checked, and nothing runs."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any, ClassVar, NoReturn, Self, get_args, get_origin, get_type_hints

from convstep.printable import SentenceError

LARGEST_NUMBER = 2**53
"""Beyond it JSON readers disagree about whole numbers."""
LONGEST_TEXT = 4096
"""Characters of a line of text."""
MOST_ENTRIES = 1000
"""Of a list or a table."""


class RecordError(SentenceError, ValueError):
    """What is held, or is to be, cannot be; the message is one sentence, or the end of one."""


class Record:
    """What a dataclass inherits from that is read from JSON, and checked however it is made.

    The types of its fields say what it holds: `str` (one line, not empty unless that is the default),
    `bool`, `int` (from 0, or in a range: `Annotated[int, range(-9, 10)]`), `dict[str, int]`, another
    record, or a tuple of records.
    """

    __slots__ = ()
    word: ClassVar[str]
    """What it is called in errors: "the session", "a stop"."""
    needed: ClassVar[frozenset[str]] = frozenset()
    """Fields that a file must give although they have a default."""

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Refuse with a RecordError, one sentence, what the types do not allow."""
        kind: Any = type(self)
        for name, (field, hint) in _fields(kind).items():
            value = getattr(self, name)
            if value != "" or field.default != "":
                _check(f"{self.word}'s {name}", value, hint)

    @classmethod
    def read(cls, found: Any) -> Self:
        """A record from a value that `parsed` gave; RecordError if anything is not as it must be."""
        if not isinstance(found, dict):
            raise RecordError(f"{cls.word} is {kind_of(found)}; it must be an object")
        kind: Any = cls
        known = _fields(kind)
        for name, (field, _) in known.items():
            required = name in cls.needed or field.default is field.default_factory is MISSING
            if name not in found and required:
                raise RecordError(f"{cls.word} has no {name}")
        for name in found:
            if name not in known:
                raise RecordError(
                    f"{cls.word} has an unknown {shown(name)}; its entries are {', '.join(known)}"
                )
        return cls(**{name: cls._part(name, value, known[name][1]) for name, value in found.items()})

    @classmethod
    def _part(cls, name: str, value: Any, hint: Any) -> Any:
        if get_origin(hint) is tuple:
            if not isinstance(value, list):
                raise RecordError(f"{cls.word}'s {name} are {kind_of(value)}; they must be a list")
            return tuple(map(get_args(hint)[0].read, value))
        return hint.read(value) if isinstance(hint, type) and issubclass(hint, Record) else value


def parsed(content: bytes, what: str) -> Any:
    """A JSON value without the liberties that Python's reader takes; RecordError says `what` is not JSON."""
    import json

    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise RecordError(f"it is not UTF-8 text, so it is not {what}") from None
    except json.JSONDecodeError as error:
        raise RecordError(
            f"it is not JSON: {error.msg.removesuffix(' at')} on line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise RecordError(f"its lists are nested too deeply for {what}") from None


def kind_of(value: Any) -> str:
    """What kind of JSON value it is, in words."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def shown(value: object) -> str:
    """A value in a sentence, cut where it would fill the screen."""
    if isinstance(value, (dict, list)):
        return kind_of(value)
    import json

    text = json.dumps(value) if isinstance(value, (str, bool, int, float, type(None))) else repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


@functools.cache
def _fields(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    """By name, the fields of a dataclass with their types."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: (field, hints[field.name]) for field in fields(kind)}


def _check(said: str, value: Any, hint: Any) -> None:
    """Refuse a value that is not of a type; `said` is what it is called."""
    allowed = range(LARGEST_NUMBER + 1)
    if get_origin(hint) is Annotated:
        hint, allowed = get_args(hint)
    if hint is str:
        _check_text(said, value)
    elif hint is bool and type(value) is not bool:
        raise RecordError(f"{said} is {shown(value)}; it must be true or false")
    elif hint is int:
        if type(value) is not int:
            raise RecordError(f"{said} is {shown(value)}; it must be a whole number")
        if value not in allowed:
            raise RecordError(f"{said} is {shown(value)}; it must be from {allowed[0]} to {allowed[-1]}")
    elif get_origin(hint) is dict and not isinstance(value, dict):
        raise RecordError(f"{said} are {shown(value)}; they must be names and numbers")
    elif get_origin(hint) in (dict, tuple):
        if len(value) > MOST_ENTRIES:
            name = said.split()[-1]
            raise RecordError(f"it has {len(value)} {name}, and at most {MOST_ENTRIES} are read")
        for entry in value:
            if isinstance(entry, Record):
                entry.check()
            else:
                _check_text(f"a name in {said}", entry)
                _check(f"{entry!r} in {said}", value[entry], get_args(hint)[1])


def _check_text(said: str, value: object) -> None:
    """Refuse what is not a line of text: a control character could act on the terminal that shows it."""
    if not isinstance(value, str):
        raise RecordError(f"{said} is {shown(value)}; it must be text")
    if not value:
        raise RecordError(f"{said} is empty")
    if len(value) > LONGEST_TEXT:
        raise RecordError(f"{said} has {len(value)} characters, and at most {LONGEST_TEXT} are read")
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            code = f"U+{ord(character):04X}"
            raise RecordError(f"{said} holds the character {code}, which a line of text cannot have")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise RecordError(f"{shown(name)} appears twice in it; each name may appear only once")
        found[name] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > 17:
        raise RecordError(f"the number {shown(digits)} is beyond {LARGEST_NUMBER}, the largest it can hold")
    return int(digits)


def _no_number(name: str) -> NoReturn:
    raise RecordError(f"it holds {name}, which is not a JSON number")
