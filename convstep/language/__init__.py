"""The language the program speaks: English sentences are the keys of a catalogue beside this file.

>>> speak("zh")
>>> tr("stop removed: {stop}", stop="dz > 1")
'已删除停止点：dz > 1'
>>> speak("en")
>>> tr("stop removed: {stop}", stop="dz > 1")
'stop removed: dz > 1'
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "zh")
"""English and Chinese, by their codes."""

_spoken = "en"


def speak(language: str) -> None:
    """From now on, sentences are in this language: one of `LANGUAGES`."""
    global _spoken
    _spoken = language


def spoken() -> str:
    """The code of the language in use."""
    return _spoken


def tr(sentence: str, /, **values: object) -> str:
    """A sentence in the language in use, filled in; in English where the catalogue lacks it.

    Sentences are whole: a catalogue can put the words of another language in another order, but it
    cannot translate a piece that is glued on. What is known only at run time (a command's help) is
    translated where it is shown; the tests know these sentences as well.

    Args:
        sentence: the English, with `{name}` where a value goes; `{{` and `}}` are braces.
        values: what to fill in, by name; without any, the sentence is taken as it is.
    """
    found = sentence if _spoken == "en" else catalogue(_spoken).get(sentence, sentence)
    return found.format_map(values) if values else found


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """All sentences of a language other than English, by the English."""
    import tomllib  # English needs neither of these
    from importlib.resources import files

    text = files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    rooms: dict[str, dict[str, str]] = tomllib.loads(text)
    return {english: translated for room in rooms.values() for english, translated in room.items()}
