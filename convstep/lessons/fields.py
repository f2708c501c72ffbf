"""`key: value` lines: the front matter of a lesson and the inside of its directives."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from convstep.frozen import frozen
from convstep.language import tr
from convstep.lessons.errors import LessonError, wrong

_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_ -]*?)\s*:(?:\s+(.*))?")


@frozen()
class Field:
    """One value and where it stands."""

    text: str
    """The value, without the blanks around it."""
    line: int
    """The line of the file, counted from 1."""


@dataclass(slots=True)
class Fields:
    """The values of a block by key; every reader says which keys there are."""

    line: int
    """Of the fence, or of the front matter's first `---`."""
    what: str
    """What the block is called in errors: "the front matter", "stop"."""
    values: dict[str, list[Field]] = field(default_factory=dict)
    """By key in the order of the file; a key may stand several times."""

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def check_keys(self, known: Sequence[str], several: Sequence[str] = ()) -> None:
        """Refuse a key that is not `known`, and one that stands twice unless it is among `several`."""
        for key, found in self.values.items():
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                said = tr(
                    "{what} has no key {key!r}; did you mean {close!r}?"
                    if close
                    else "{what} has no key {key!r}; its keys are {known}",
                    what=self.what,
                    key=key,
                    close="".join(close),
                    known=", ".join(known),
                )
                raise LessonError(said, found[0].line)
            if len(found) > 1 and key not in several:
                sentence = "{key!r} is given twice in {what}; remove one"
                raise wrong(sentence, found[1].line, key=key, what=self.what)

    def get(self, key: str) -> Field | None:
        """The value of a key, None if it is not there."""
        found = self.values.get(key)
        return found[0] if found else None

    def text(self, key: str, default: str = "") -> str:
        """The text of a key."""
        found = self.get(key)
        return found.text if found else default

    def need(self, key: str) -> Field:
        """The value of a key that must be there."""
        found = self.get(key)
        if found is None:
            raise wrong("{what} has no {key!r}; add a line `{key}: …`", self.line, what=self.what, key=key)
        if not found.text:
            raise wrong("{key!r} is empty; write a value after it", found.line, key=key)
        return found

    def line_of(self, key: str) -> int:
        """Where a key stands; the block's line if it is not there."""
        found = self.get(key)
        return self.line if found is None else found.line

    def all(self, key: str) -> tuple[Field, ...]:
        """Every value of a key."""
        return tuple(self.values.get(key, ()))


def whole_number(text: str) -> int | None:
    """A whole number of up to six digits as it is written in a lesson; None if it is none."""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def parse_fields(text: str, line: int, what: str) -> tuple[Fields, list[tuple[str, int]]]:
    """The `key: value` lines of a block's inside, continued by indented ones, and its `- …` with their lines.

    `line` is where the text begins, `what` names the block in errors. Raises LessonError: a line is neither.
    """
    fields, items = Fields(line - 1, what), list[tuple[str, int]]()
    last: tuple[str, bool] | None = None
    for number, raw in enumerate(text.splitlines(), line):
        written = raw.strip()
        if not written or written.startswith("#"):
            continue
        if raw[0] in " \t" and last is not None:
            _continue(fields, items, last, written)
        elif written.startswith("- "):
            items.append((written[2:].strip(), number))
            last = ("", True)
        elif found := _KEY.fullmatch(written):
            fields.values.setdefault(found[1].lower(), []).append(Field((found[2] or "").strip(), number))
            last = (found[1].lower(), False)
        else:
            raise wrong("{text!r} is not a `key: value` line", number, text=written)
    return fields, items


def _continue(fields: Fields, items: list[tuple[str, int]], last: tuple[str, bool], more: str) -> None:
    key, is_item = last
    if is_item:
        text, line = items[-1]
        items[-1] = (f"{text} {more}", line)
    else:
        held = fields.values[key][-1]
        fields.values[key][-1] = Field(f"{held.text} {more}".strip(), held.line)
