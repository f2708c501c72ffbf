"""Patch: lines that stand for others in a readable loop, and the text that this makes."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from convstep.brief import brief
from convstep.candidate.diagnose.mistakes.loops import LOOPS

ALL = ("dW", "db", "dA_prev")
"""The gradients, in the order in which the loops return them."""

_NAME = re.compile(r"(?<![.\w])[A-Za-z_]\w*(?![\w=])")
"""A variable; no attribute, no keyword argument."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What is written in place of which lines; without any, the loop is right."""

    lines: tuple[tuple[str, str], ...] = ()
    """`(wrong, right)` each, in the loop's order."""

    __repr__ = brief

    @property
    def wrong(self) -> str:
        """The lines as people write them."""
        return "\n".join(wrong for wrong, _ in self.lines)

    @property
    def right(self) -> str:
        """The lines as they should be."""
        return "\n".join(right for _, right in self.lines)


class _Line(NamedTuple):
    """One line of a function, or what is written in its place."""

    text: str
    """With its indentation."""
    indent: str
    """The indentation."""
    sets: frozenset[str]
    """The names it assigns, or assigns into."""
    names: frozenset[str]
    """Every name in it."""


class _Loop:
    """A readable loop, taken apart."""

    def __init__(self, text: str) -> None:
        """Args: the function's text."""
        self.names = _names(text)
        """Every name in it."""
        _, *lines = text.strip().splitlines()
        self.body = [_line(line[4 : len(line) - len(line.lstrip())], line.strip()) for line in lines]
        """Its lines, the indentation counted from column 0."""
        self.place = {line.strip(): number for number, line in enumerate(lines)}
        """By a line's text, its number."""
        self.does = {_key(line.partition("; ")[0]): line for line in self.place}
        """By what a line does, its text."""

    @functools.cache  # noqa: B019  (there are three loops, for ever)
    def needed(self, gradient: str) -> tuple[list[int], frozenset[str]]:
        """The numbers of the lines that a gradient needs where nothing is wrong, and all names in them."""
        kept = _needed(self.body[:-1], {gradient})
        return kept, frozenset({gradient}.union(*(self.body[number].names for number in kept)))


def patch(*wrong: str) -> Patch:
    """A patch by its wrong lines: each takes the place of the line that assigns the same.

    Args:
        wrong: lines of the first loop that has such lines and all the variables. Statements may be
            joined by "; ", and what begins a loop may have lines of its body beneath it: one of
            them says which line is replaced, the others come along.

    >>> patch("dz = dZ[i_n, i_w, i_h, i_c]").right
    'dz = dZ[i_n, i_h, i_w, i_c]'
    """
    for loop in _loops():
        lines = {}
        for text in wrong:
            parts = map(_key, text.partition("\n")[0].split("; "))
            lines[next((loop.does[key] for key in parts if key in loop.does), "")] = text
        if _loop_with(lines) is loop:
            return _in_order(loop, lines)
    raise ValueError(f"no loop has the lines of {wrong}")


def both(first: Patch, second: Patch) -> Patch | None:
    """A backward with two patches; None where they change one line differently, or different loops.

    >>> both(patch("dA_prev = dA_prev_pad"), patch("dA_prev = dA_prev_pad[:, p_t:, p_l:]"))
    """
    lines = {right: wrong for wrong, right in first.lines}
    for wrong, right in second.lines:
        if lines.setdefault(right, wrong) != wrong:
            return None
    loop = _loop_with(lines)
    return None if loop is None else _in_order(loop, lines)


@functools.lru_cache(maxsize=1 << 12)
def program(gradient: str, change: Patch) -> tuple[str, ...]:
    """A patched loop, as far as "dW", "db" or "dA_prev" needs it: statements, and the expression for it."""
    loop = _loop_with({right: wrong for wrong, right in change.lines})
    assert loop is not None
    lines = loop.body.copy()
    for wrong, right in change.lines:
        number = loop.place[right]
        lines[number] = _line(lines[number].indent, wrong)
    *body, end = lines
    before, _, returned = end.text.rpartition("return ")
    value = _returned(returned)[ALL.index(gradient)]
    body += [_line("", before.rstrip("; "))] if before else []
    kept, known = loop.needed(gradient)
    if not all(body[number].names <= known for number in kept) or not _names(value) <= known:
        kept = _needed(body, _names(value))
    statements: list[str] = []
    for line in map(body.__getitem__, kept):
        if line.indent:
            statements[-1] += f"\n{line.text}"
        else:
            statements.append(line.text)
    return *statements, value


@functools.cache
def _loops() -> tuple[_Loop, ...]:
    return tuple(map(_Loop, LOOPS))


def _loop_with(lines: Mapping[str, str]) -> _Loop | None:
    """The first loop that has all of the right lines, and those variables of the wrong ones that any has."""
    meant = _names("".join(LOOPS)) & frozenset().union(*map(_names, lines.values()))
    return next(
        (loop for loop in _loops() if lines.keys() <= loop.place.keys() and meant <= loop.names), None
    )


def _in_order(loop: _Loop, lines: Mapping[str, str]) -> Patch:
    return Patch(tuple((lines[line], line) for line in loop.place if line in lines))


@functools.lru_cache(maxsize=1 << 12)
def _names(text: str) -> frozenset[str]:
    return frozenset(_NAME.findall(text))


def _key(statement: str) -> tuple[str, ...]:
    """What a statement does: its loop's variable, or the names it assigns (into)."""
    if statement.startswith(("for ", "return ")):
        return tuple(_NAME.findall(statement)[: 1 + statement.startswith("for ")])
    target, assigned, _ = statement.partition("=")
    if not assigned:  # the sum that nobody keeps
        return "into", *_NAME.findall(statement)[:1]
    return "into" if "[" in target else "", *sorted(_targets(statement))


def _targets(statement: str) -> list[str]:
    target, assigned, _ = statement.partition("=")
    return _NAME.findall(re.sub(r"\[.*\]", "", target)) if assigned else []


@functools.lru_cache(maxsize=1 << 12)
def _line(indent: str, text: str) -> _Line:
    sets = frozenset(name for part in re.split("; |\n", text) for name in _targets(part))
    return _Line(textwrap.indent(text, indent), indent, sets, _names(text))


def _needed(body: Sequence[_Line], names: Iterable[str]) -> list[int]:
    """The numbers of the lines that some names depend on; they do for them what all lines do."""
    setters: dict[str, list[int]] = {}
    for number, line in enumerate(body):
        for name in line.sets:
            setters.setdefault(name, []).append(number)
    kept: set[int] = set()
    wanted = setters.keys() & names
    while wanted:
        for number in setters.pop(wanted.pop()):
            if number not in kept:
                for index in (number, *_around(body, number)):
                    kept.add(index)
                    wanted |= setters.keys() & body[index].names
    return sorted(kept)


def _around(body: Sequence[_Line], number: int) -> Iterator[int]:
    """The heads of the loops that a line is in."""
    indent = body[number].indent
    while indent:
        number -= 1
        if len(body[number].indent) < len(indent):
            indent = body[number].indent
            yield number


@functools.lru_cache(maxsize=1 << 10)
def _returned(line: str) -> list[str]:
    """The expressions of `dW, db, dA_prev`: what stands between its outer commas."""
    parts = re.findall(r"(?:[^,(]|\((?:[^()]|\([^()]*\))*\))+", line)
    return [part.strip() for part in parts]
