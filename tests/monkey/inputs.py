"""What a terminal sends: keys by Textual's names, text, pastes, the mouse; and a script of them.

A script is a list of words. A word is a key (`enter`, `alt+left`, `n`), or one of

- `text:…` typed, `paste:…` pasted, `raw:…` sent as it stands;
- `click:x,y`, `right:x,y`, `double:x,y`, `move:x,y`, `up:x,y`, `down:x,y` (the wheel), `drag:x,y,x,y`;
  cells from 0;
- `resize:80x24`, `pause:0.1` seconds;
- `breath`: the next read comes a little later; `cut`: the next word comes in two reads, `cut-late`: so late
  that its beginning was taken for a key;
- `|`: wait until the screen has followed. What stands between two of them comes in one read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

WAIT = "|"
"""The end of a burst."""
ESCAPE = "\x1b"
QUITTING = ("q", "ctrl+q", "ctrl+c")
"""Keys that may end an app."""


def _named() -> dict[str, str]:
    """The bytes of every key that is not a character."""
    found = {
        "enter": "\r",
        "tab": "\t",
        "space": " ",
        "escape": ESCAPE,
        "backspace": "\x7f",
        "shift+tab": "\x1b[Z",
    }
    found |= {f"ctrl+{chr(96 + code)}": chr(code) for code in range(1, 27) if chr(code) not in "\t\r\b"}
    found |= {f"alt+{letter}": ESCAPE + letter for letter in "acdeghijklmnopqrstuvwxyz"}
    modifiers = {"": "", "shift+": "2", "alt+": "3", "ctrl+": "5"}
    for modifier, code in modifiers.items():
        for name, letter in zip(("up", "down", "right", "left", "end", "home"), "ABCDFH", strict=True):
            found[modifier + name] = f"\x1b[1;{code}{letter}" if code else f"\x1b[{letter}"
        for name, number in {"insert": 2, "delete": 3, "pageup": 5, "pagedown": 6}.items():
            found[modifier + name] = f"\x1b[{number};{code}~" if code else f"\x1b[{number}~"
    numbers = (15, 17, 18, 19, 20, 21, 23, 24)
    found |= {f"f{number}": f"\x1bO{letter}" for number, letter in enumerate("PQRS", 1)}
    found |= {f"f{number}": f"\x1b[{code}~" for number, code in enumerate(numbers, 5)}
    found |= {f"shift+f{number}": f"\x1b[{numbers[number - 5]};2~" for number in (5, 10, 11)}
    return found


NAMED = _named()
CHARACTERS = [chr(code) for code in range(33, 127)]
BUTTONS = {"click": 0, "right": 2, "double": 0, "move": 35, "up": 64, "down": 65, "drag": 0}
"""What the mouse does, by the code that xterm's protocol has for it."""
_COUNTED = {"|": "", "breath": "", "cut": "", "cut-late": ""}


def kind(word: str) -> str:
    """What kind of input a word is; "" for one that only says when."""
    if word in _COUNTED:
        return ""
    name, colon, rest = word.partition(":")
    if not colon or not rest or len(name) < 2:
        return "keys"
    return (
        "mouse"
        if name in BUTTONS
        else {"text": "typed", "raw": "raw", "resize": "resizes"}.get(name, name + "s")
    )


def counted(word: str) -> int:
    """How many of its kind a word is: characters, of typed text."""
    return len(word) - len("text:") if kind(word) == "typed" else 1


def sent(word: str) -> str:
    """What the terminal sends for a word."""
    if word in NAMED:
        return NAMED[word]
    name, colon, rest = word.partition(":")
    if not colon or not rest or len(name) < 2:
        return word
    if name in ("text", "raw"):
        return rest
    if name == "paste":
        return f"\x1b[200~{rest}\x1b[201~"
    return "".join(_mouse(name, [int(part) for part in rest.split(",")]))


def _mouse(name: str, places: list[int]) -> Iterator[str]:
    def report(code: int, x: int, y: int, pressed: str = "M") -> str:
        return f"\x1b[<{code};{x + 1};{y + 1}{pressed}"

    x, y = places[:2]
    button = BUTTONS[name]
    yield report(button, x, y)
    if name == "drag":
        to_x, to_y = places[2:]
        yield (
            report(32, (x + to_x) // 2, (y + to_y) // 2) + report(32, to_x, to_y) + report(0, to_x, to_y, "m")
        )
    elif name in ("click", "right", "double"):
        yield report(button, x, y, "m")
        if name == "double":
            yield report(0, x, y) + report(0, x, y, "m")


@dataclass(frozen=True)
class Script:
    """A session, as far as it can be said beforehand."""

    app: str
    """One of `apps.APPS`."""
    about: str
    """What it opens: a problem, a candidate, a lesson."""
    size: tuple[int, int]
    """Columns and lines."""
    keys: tuple[str, ...]
    """The words."""
    language: str = "en"
    """Of the screen."""
    live: bool = False
    """Whether the app believes that a person sits there."""
    patient: bool = True
    """Whether the monkey waits for what threads work out."""

    @property
    def json(self) -> str:
        """As `--replay` takes it: ASCII on one line."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Script:
        """The same, read again."""
        found: dict[str, Any] = json.loads(text)
        width, height = found["size"]
        return cls(**{**found, "size": (width, height), "keys": tuple(found["keys"])})
