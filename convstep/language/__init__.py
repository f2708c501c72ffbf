"""The language the program speaks: English sentences are the keys of a catalogue beside this file.

>>> speak("zh")
>>> tr("stop removed: {stop}", stop="dz > 1")
'已删除停止点：dz > 1'
>>> speak("en")
>>> tr("stop removed: {stop}", stop="dz > 1")
'stop removed: dz > 1'
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections import ChainMap
from collections.abc import Callable, Mapping
from numbers import Number
from typing import Final

from convstep.printable import LONGEST, printable

LANGUAGES: Final = ("en", "zh")
"""English and Chinese, by their codes."""

_spoken = "en"
_in_code: Final[dict[str, dict[str, str]]] = {"zh": {}}
"""By language, what stands beside its English in the code and not in the catalogue's file."""


def speak(language: str) -> None:
    """From now on, sentences are in this language: one of `LANGUAGES`."""
    global _spoken
    _spoken = language


def spoken() -> str:
    """The code of the language in use."""
    return _spoken


def also_in(language: str, sentences: Mapping[str, str]) -> None:
    """Take in sentences that stand in both languages beside each other, by the English."""
    _in_code[language].update(sentences)


def unwrapped(text: str) -> str:
    """A paragraph in one line: between lines of Chinese there is no space."""
    # a class of all Chinese characters would take 20 ms to compile
    joined = re.sub(r"(?<=(\S))\n +(?=(\S))", lambda at: "" if min(at[1], at[2]) >= "\u3000" else " ", text)
    return " ".join(joined.split())


def tr(sentence: str, /, **values: object) -> str:
    r"""A sentence in the language in use, filled in; in English where the catalogue lacks it.

    Sentences are whole: a catalogue can put the words of another language in another order, but it
    cannot translate a piece that is glued on. What is known only at run time (a command's help) is
    translated where it is shown; the tests know these sentences as well.

    What is filled in may come from anywhere, and is shown as `printable` has it.

    >>> print(tr("{name!r} is {text}", name="a\x07", text="\u202eb"))
    'a\x07' is \u202eb

    Args:
        sentence: the English, with `{name}` where a value goes; `{{` and `}}` are braces.
        values: what to fill in, by name; without any, the sentence is taken as it is.
    """
    found = sentence if _spoken == "en" else catalogue(_spoken).get(sentence, sentence)
    if not values:
        return found
    with contextlib.suppress(Exception):  # a value that cannot be written; below it is
        filled = found.format_map(values)
        if len(filled) <= LONGEST and filled.isprintable():
            return filled
    return found.format_map({name: _as_shown(value) for name, value in values.items()})


class _Text(str):
    """A value as it is shown, with or without quotes."""

    __slots__ = ("quoted",)
    quoted: str

    def __repr__(self) -> str:
        return self.quoted


def _as_shown(value: object) -> object:
    if isinstance(value, Number) and not _too_long(value):
        return value
    shown = _Text(_written(str, value))
    shown.quoted = _written(repr, value)
    return shown


def _written(how: Callable[[object], str], value: object) -> str:
    try:
        text = how(value)
    except Exception:  # whatever a stranger's __repr__ does
        return f"<{type(value).__name__}>"
    return printable(text if isinstance(value, str) else " ".join(text.split()))


def _too_long(number: Number) -> bool:
    """Whether Python refuses to write a whole number, for the time it would take."""
    return isinstance(number, int) and number.bit_length() > 4000


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """All sentences of a language other than English, by the English; with those taken in later."""
    import tomllib  # English needs neither of these
    from importlib.resources import files

    text = files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    rooms: dict[str, dict[str, str]] = tomllib.loads(text)
    return ChainMap(*rooms.values(), _in_code[language])
