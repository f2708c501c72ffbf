"""How sure a verdict is of what it says, and the words in which any verdict says it."""

from __future__ import annotations

import contextlib
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from convstep.brief import COLUMNS, picture, told
from convstep.language import tr
from convstep.printable import printable

PROVEN, LIKELY, SEEN = "proven", "likely", "seen"
"""How sure a finding is: reproduced in numbers that say something, or watched happening; fits all that
was seen, but that is little, or nothing but exceptions; no more than what there is to see."""
VERBS = {"raised": "raises", "hung": "hangs", "died": "crashes"}
"""By kind of outcome, what a candidate does that returns nothing."""
ENOUGH = 3
"""Problems on which a mistake must show in the candidate's own numbers before it is proven."""
OTHERS = 2
"""Mistakes that are named besides the first because they would explain all that was seen as well."""
WIDTH = 100
"""Columns of a paragraph at the most."""
LEAST = 40
"""Columns at the least, however narrow the terminal is."""
_room: int | None = None


def count(number: int) -> str:
    """How many problems, in words."""
    return tr("1 problem") if number == 1 else tr("{count} problems", count=number)


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: `dW, db and dA_prev`."""
    *first, last = names
    return tr("{first} and {last}", first=", ".join(first), last=last) if first else last


@contextlib.contextmanager
def fitted(columns: int | None) -> Iterator[None]:
    """Meanwhile lines are for a terminal of so many columns; None for a file or a pipe."""
    global _room
    before, _room = _room, columns
    try:
        yield
    finally:
        _room = before


def headed(headline: str) -> list[str]:
    """The first sentence: in one line that other programs find, except on a terminal."""
    return [f"{headline}."] if _room is None else wrapped(f"{headline}.")


def wrapped(text: str, indent: str = "") -> list[str]:
    """Wrap a paragraph without breaking shapes or indices."""
    lines = textwrap.wrap(
        re.sub(r"(?<=\d,) (?=\d)", "\N{NO-BREAK SPACE}", text),
        WIDTH if _room is None else max(min(_room, WIDTH), LEAST),
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def patch_lines(wrong: str, right: str) -> list[str]:
    """The lines of a mistake, each under its word."""
    return [
        line
        for word, code in (("wrong", wrong), ("right", right))
        for line in textwrap.indent(code, " " * 11).replace(" " * 11, f"    {word}  ", 1).splitlines()
    ]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AnyFinding:
    """One thing that is wrong, or that was seen; what explains it is its class's own."""

    id: str
    """A known mistake's id, or what there is to see: "wrong-shape", "raises", "hangs", "unknown"."""
    strength: str
    """PROVEN, LIKELY or SEEN."""
    message: str
    """What is wrong, in one or two sentences."""
    gradients: tuple[str, ...] = ()
    """Where it shows."""
    alternative: bool = field(default=False, kw_only=True)
    """Whether an earlier finding explains the same numbers."""

    @property
    def known(self) -> Any:
        """The known mistake that it is, with its title and explanation; None for anything else."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Its name, how sure it is, and what it says."""
        said = textwrap.wrap(printable(self.message), COLUMNS - 2)
        return told(f"Finding({self.id!r}, {self.strength!r}, gradients={self.gradients})", *said)

    @property
    def proven(self) -> bool:
        """Whether it was reproduced in numbers, or watched happening."""
        return self.strength == PROVEN

    @property
    def title(self) -> str:
        """What the mistake is called; "" if it is not a known one."""
        return "" if self.known is None else tr(self.known.title)

    @property
    def explanation(self) -> str:
        """What happens, why, and what to write instead; "" if it is not a known mistake."""
        return "" if self.known is None else tr(self.known.explanation)


def called(mistake: Any, *labels: str) -> str:
    """What a known mistake is called, with the labels of its variants if they have any."""
    said, title = tr(", ").join(tr(label) for label in labels if label), tr(mistake.title)
    return tr("{title} ({variant})", title=title, variant=said) if said else title


class AnyVerdict:
    """What any verdict can do; what it is made of is its class's own."""

    text: Callable[[Any], str]
    diagnosis: tuple[Any, ...]
    failing: Any
    ok: Any
    headline: Any
    operator: Any
    target: Any
    convention: Any

    def __bool__(self) -> bool:
        """The same as `ok`."""
        return bool(self.ok)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The ids of what is wrong, the likeliest first, without those that would only do as well."""
        return tuple(dict.fromkeys(one.id for one in self.diagnosis if not one.alternative))

    def _start(self) -> dict[str, Any]:
        """What `as_dict` of any verdict begins with."""
        return {
            "ok": self.ok,
            "verdict": "right" if self.ok else "wrong",
            "operator": self.operator,
            "target": self.target,
            "convention": self.convention,
        }

    def saved(self, path: str) -> Self:
        """The same verdict, its failing problem saved as a `.npz`; a ValueError if nothing fails."""
        if self.failing is None:
            raise ValueError("there is no failing problem to save")
        self._save(path)
        return replace(self, path=path)  # type: ignore[type-var]

    def _save(self, path: str) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        """The verdict, what is wrong, where, and how to see it."""
        opens = "; .failing is the smallest problem on which it fails" if self.failing is not None else ""
        return told(
            f"{type(self).__name__}({self.headline})",
            *(f"{one.id} ({one.strength}): {one.message}" for one in self.diagnosis[:2]),
            f"and {len(self.diagnosis) - 2} more in .diagnosis" if len(self.diagnosis) > 2 else "",
            self._where(),
            f"print(verdict) says it all{opens}; .rows() is a table",
        )

    def _where(self) -> str:
        """The first step at which it parts from what is right, for `repr`; "" where there is none."""
        return ""

    _repr_html_ = picture

    def __str__(self) -> str:
        """The verdict as text, several lines."""
        return self.text(self)


def diagnosis_lines(
    diagnosis: Sequence[Any], lines_of: Callable[[Any], list[str]], notes: Sequence[str]
) -> Iterator[str]:
    """The findings, what would do as well, and the notes, each a paragraph after an empty line."""
    for finding in diagnosis:
        if not finding.alternative:
            yield from ("", *lines_of(finding))
    if others := [finding.id for finding in diagnosis if finding.alternative]:
        ids = ", ".join(dict.fromkeys(others))
        yield from ("", *wrapped(tr("the same numbers would also come from: {ids}", ids=ids)))
    if notes:
        yield from ("", *(line for note in notes for line in wrapped(note, "- ")))
