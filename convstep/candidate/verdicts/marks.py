"""What is said of a run: a mark for each line, each position and each result, and how it was found out."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar

from convstep.brief import brief
from convstep.frozen import frozen
from convstep.recording.source import SourceText

AGREES, DIFFERS, UNKNOWN = "agrees", "differs", "unknown"
KINDS = AGREES, DIFFERS, UNKNOWN


@frozen()
class Mark:
    """What is said of one line, position or result."""

    kind: str
    """One of `KINDS`."""
    how: str
    """How it was found out, a sentence or two."""
    first: bool = False
    """Whether it differs, and nothing before it, of which it is made, does."""

    __repr__ = brief


@frozen()
class Ending:
    """What is said of one result of a backward."""

    result: str
    """What it is called: `dw`."""
    of: str
    """Which input of the forward it is the gradient of: `w`; "" if that is not known."""
    line: int
    """The line that made it what it is; 0 if that is not known."""
    mark: Mark
    """Whether it is."""

    __repr__ = brief


@frozen()
class Verdicts:
    """All that is said of a run."""

    end: tuple[Ending, ...] = ()
    """Of each result, in the order in which they are returned."""
    lines: Mapping[int, Mark] = field(default_factory=dict)
    """By line, as the file counts."""
    positions: Mapping[int, Mark] = field(default_factory=dict)
    """By position of the recording: what holds after so many steps."""
    open: tuple[int, ...] = ()
    """The lines of which nothing is said, and of which all that differs is made."""
    note: str = ""
    """Why nothing more is said; "" if all that can be judged is."""

    @property
    def differs(self) -> bool:
        """Whether a result differs."""
        return any(one.mark.kind == DIFFERS for one in self.end)

    @property
    def first(self) -> int | None:
        """The first line that differs; None if none does."""
        found = [line for line, mark in self.lines.items() if mark.kind == DIFFERS]
        return min((line for line in found if self.lines[line].first), default=min(found, default=None))

    __repr__ = brief

    def as_plain(self) -> dict[str, Any]:
        """The same in lists, dicts, texts and numbers."""
        return {
            "end": [(one.result, one.of, one.line, *_plain(one.mark)) for one in self.end],
            "lines": [(line, *_plain(mark)) for line, mark in self.lines.items()],
            "positions": [(at, *_plain(mark)) for at, mark in self.positions.items()],
            "open": list(self.open),
            "note": self.note,
        }

    @classmethod
    def read(cls, plain: Any) -> Verdicts:
        """The inverse of `as_plain`; a ValueError if it is no such thing."""
        try:
            return cls(
                tuple(
                    Ending(_text(result), _text(of), _number(line), _mark(*mark))
                    for result, of, line, *mark in plain["end"]
                ),
                {_number(line): _mark(*mark) for line, *mark in plain["lines"]},
                {_number(at): _mark(*mark) for at, *mark in plain["positions"]},
                tuple(_number(line) for line in plain["open"]),
                _text(plain["note"]),
            )
        except (TypeError, KeyError) as error:
            raise ValueError(f"these are no verdicts: {error}") from error


@frozen()
class Held:
    """What one way of calling a backward came to."""

    backward: str = ""
    """How it was called: `scale_backward(dout of 3x4, cache)`."""
    forward: str = ""
    """How its forward was called before it."""
    draws: int = 0
    """On how many draws of numbers something was said; if all agree, of each result."""
    differing: int = 0
    """On how many of them a result differed."""
    ends: tuple[Ending, ...] = ()
    """Of each result the most that was said: that it differs, that it agrees, that nothing is known."""
    line: int = 0
    """The first line that differs, on the first draw on which a result does; 0 if that is not known."""
    how: str = ""
    """What is said of that line."""
    before: tuple[int, ...] = ()
    """The lines of which nothing is said, and of which that one is made: any of them may be wrong."""
    notes: tuple[str, ...] = ()
    """Why less was said of some draws, a clause each."""
    ranks: tuple[int, ...] = ()
    """How many axes the arrays have that its forward is called with."""
    whole: bool = False
    """Whether the gradients by all of them are judged, and one agrees: the arrays cannot be mistaken."""
    asks: str = ""
    """What somebody has to say before it can be judged, a clause; "" if nothing."""
    of_output: bool = False
    """Whether it is right only if it is given what its forward returns."""
    misfit: bool = False
    """Whether a result has another shape than its input, and it may be the guess that is to blame."""

    also: tuple[str, ...] = ()
    """With what else it agrees: `stride=2`."""
    kept: tuple[str, ...] = ()
    """What was the same in all calls, by default or as the file has it: `causal=False`."""
    assumes: str = ""
    """What it takes the gradient from above to be like, where it is right only then, a sentence."""
    engine: bool = False
    """Whether it is a class of nodes, and its results are operations, each held against its own forward."""
    _TEXTS: ClassVar = ("backward", "forward", "asks", "assumes")

    __repr__ = brief

    @property
    def differs(self) -> bool:
        """Whether a result differs."""
        return any(one.mark.kind == DIFFERS for one in self.ends)

    @property
    def agrees(self) -> bool:
        """Whether every result agrees, on more than one draw; not if nothing was returned."""
        return self.draws > 1 and bool(self.ends) and all(one.mark.kind == AGREES for one in self.ends)

    def as_plain(self) -> dict[str, Any]:
        """The same in lists, dicts, texts and numbers."""
        said = Verdicts(self.ends, {self.line: Mark(DIFFERS, self.how)}).as_plain()
        texts = {name: getattr(self, name) for name in self._TEXTS}
        numbers = {"draws": self.draws, "differing": self.differing}
        numbers |= {"of_output": self.of_output, "engine": self.engine}
        lists = {name: list(getattr(self, name)) for name in ("notes", "before", "also", "kept")}
        return {"said": said, **lists, **numbers, **texts}

    @classmethod
    def read(cls, plain: Any) -> Held:
        """The inverse of `as_plain`; a ValueError if it is no such thing."""
        try:
            said = Verdicts.read(plain["said"])
            ((line, mark),) = said.lines.items()
            texts: dict[str, Any] = {name: _text(plain[name]) for name in cls._TEXTS}
            return cls(
                draws=int(plain["draws"]),
                differing=int(plain["differing"]),
                ends=said.end,
                line=line,
                how=mark.how,
                before=tuple(map(_number, plain["before"])),
                notes=tuple(map(_text, plain["notes"])),
                also=tuple(map(_text, plain["also"])),
                kept=tuple(map(_text, plain["kept"])),
                of_output=plain["of_output"] is True,
                engine=plain["engine"] is True,
                **texts,
            )
        except (TypeError, KeyError) as error:
            raise ValueError(f"this is not what was said: {error}") from error


def digest(source: SourceText) -> int:
    """A number that is another one when a file has other lines."""
    return zlib.crc32("\n".join(source.lines).encode("utf-8", "surrogatepass"))


def _plain(mark: Mark) -> tuple[str, str, bool]:
    return mark.kind, mark.how, mark.first


def _mark(kind: Any, how: Any, first: Any) -> Mark:
    if kind not in KINDS or type(first) is not bool:
        raise ValueError(f"{kind!r} is no mark")
    return Mark(kind, _text(how), first)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(f"{value!r} is no text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is no number")
    return value
