"""What a thing looks like where somebody types its name: a few lines in a console, a picture in a notebook.

A class says `__repr__ = brief` and `_repr_html_ = picture`, or writes a repr of its own with `lines`.
A repr is as cheap for a gigabyte as for nothing: no cell of an array is read.
"""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from convstep.printable import printable

COLUMNS: Final = 110
"""Of a line."""
LINES: Final = 6
"""The most that a repr has."""
NAME: Final = 40
"""Columns of a name or a text among others."""
FEW: Final = 4
"""Entries of a collection that are shown."""
DEEP: Final = 2
"""How far one looks into what a thing holds."""
MORE: Final = "…"
"""Stands for what has no room."""


def brief(thing: Any) -> str:
    """A dataclass or a named tuple by its fields: arrays by shape and dtype, texts and collections cut.

    >>> from typing import NamedTuple
    >>> class Sums(NamedTuple):
    ...     of: str
    ...     cells: list[int]
    ...     __repr__ = brief
    >>> Sums("a" * 30 + "z" * 30, list(range(1000)))
    Sums(of='aaaaaaaaaaaaaaaaaaa…zzzzzzzzzzzzzzzzzz', cells=[0, 1, 2, 3, …])
    """
    return lines(type(thing).__name__, _fields(thing, DEEP))


def lines(name: str, parts: Iterable[str]) -> str:
    """`Name(part, part)` in lines of up to 110 columns; what 6 lines do not hold is left out."""
    rows, given = [f"{name}("], list(parts)
    for number, part in enumerate(given):
        text = cut(part, COLUMNS - 8) + (")" if number == len(given) - 1 else ",")
        beside = rows[-1] + text if rows[-1].endswith("(") else f"{rows[-1]} {text}"
        if columns(beside) <= COLUMNS:
            rows[-1] = beside
        elif len(rows) < LINES:
            rows.append(f"    {text}")
        else:
            return "\n".join([*rows[:-1], f"    {cut(rows[-1].strip(), COLUMNS - 8)} {MORE})"])
    return "\n".join(rows) if given else f"{name}()"


def told(*sentences: str) -> str:
    """A repr in up to 6 sentences, each in a line, those after the first below it; without empty ones."""
    first, *others = (cut(sentence, COLUMNS - 2) for sentence in sentences if sentence)
    return "\n".join([first, *(f"  {other}" for other in others[: LINES - 1])])


def cut(text: str, most: int) -> str:
    """A text in one line of so many columns: its beginning and its end, with … for what is between."""
    text = printable(text, most)
    while columns(text) > most:  # wide characters
        text = printable(text, len(text) - max((columns(text) - most) // 2, 1))
    return text


def columns(text: str) -> int:
    """Columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(character) in "FW") for character in text)


def quoted(text: str) -> str:
    """A text as Python writes it, cut."""
    ends = text if len(text) <= 4 * NAME else f"{text[: 2 * NAME]}{text[-2 * NAME :]}"
    return cut(repr(ends), NAME)


def some(names: Collection[str], most: int = FEW) -> str:
    """The first names, and how many more there are.

    >>> some(["conv1", "conv2", "conv3"], 2)
    "'conv1', 'conv2' and 1 more"
    """
    shown = ", ".join(quoted(name) for name in itertools.islice(names, most))
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def array_text(values: Any) -> str:
    """An array by its shape: `4x3x3x1`; a single number by its value."""
    return "x".join(map(str, values.shape)) if values.shape else f"{float(values):.6g}"


def picture(thing: Any) -> str:
    """What a notebook shows in place of the repr: HTML without scripts, which loads nothing."""
    # by its name: who draws stands far above and imports what is drawn; arrows point down
    drawn: str = importlib.import_module("convstep.view.notebook").html(thing)
    return drawn


def _fields(thing: Any, level: int) -> Iterator[str]:
    for name in _names(thing):
        yield f"{name}={_said(getattr(thing, name), level)}"


def _names(thing: Any) -> list[str]:
    """Of the fields of a dataclass that belong in its repr, or of a named tuple; none of anything else."""
    if isinstance(thing, tuple):
        return list(getattr(thing, "_fields", ()))
    if not dataclasses.is_dataclass(thing) or isinstance(thing, type):
        return []
    return [field.name for field in dataclasses.fields(thing) if field.repr]


def _said(value: Any, level: int) -> str:
    """One value, shorter than a line."""
    if isinstance(value, str):
        return quoted(value)
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype} {array_text(value)}" if value.shape else array_text(value)
    if (isinstance(value, tuple) and _names(value)) or getattr(type(value), "__repr__", None) is brief:
        inner = MORE if level <= 0 else ", ".join(_fields(value, level - 1))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, (tuple, list, set, frozenset, Mapping)):
        return _collection(value, level)
    try:
        return cut(" ".join(repr(value).split()), COLUMNS if _names(value) else NAME)
    except Exception:  # whatever a stranger's __repr__ does; or a number of more digits than Python writes
        return f"<{type(value).__name__}>"


def _collection(values: Collection[Any], level: int) -> str:
    """The first entries, or with no level left how many there are."""
    opening, closing = "()" if isinstance(values, tuple) else "[]" if isinstance(values, list) else "{}"
    if level <= 0 and values:
        return f"{opening}{len(values)} {MORE}{closing}"
    first = itertools.islice(values, FEW)
    if isinstance(values, Mapping):
        shown = [f"{_said(key, 0)}: {_said(values[key], level - 1)}" for key in first]
    else:
        shown = [_said(value, level - 1) for value in first]
    alone = "," if len(values) == 1 and isinstance(values, tuple) else ""
    return f"{opening}{', '.join([*shown, *([MORE] if len(values) > FEW else [])])}{alone}{closing}"
