"""Patch: lines that stand for others in a readable loop, and the text that this makes."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
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


def patch(*wrong: str) -> Patch:
    """A patch by its wrong lines: each takes the place of the line that assigns the same.

    Args:
        wrong: lines of the first loop that has such lines and all the variables. Statements may be
            joined by "; ", and what begins a loop may have lines of its body beneath it: one of
            them says which line is replaced, the others come along.

    >>> patch("dz = dZ[i_n, i_w, i_h, i_c]").right
    'dz = dZ[i_n, i_h, i_w, i_c]'
    """
    for loop in LOOPS:
        keys = _keys(loop)
        lines = {}
        for text in wrong:
            parts = map(_key, text.partition("\n")[0].split("; "))
            lines[next((keys[key] for key in parts if key in keys), "")] = text
        if _loop_with(tuple(lines.items())) == loop:
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
    loop = _loop_with(tuple(lines.items()))
    return None if loop is None else _in_order(loop, lines)


def _in_order(loop: str, lines: Mapping[str, str]) -> Patch:
    return Patch(tuple((lines[line], line) for line in _stripped(loop) if line in lines))


@functools.lru_cache(maxsize=1 << 12)
def program(gradient: str, change: Patch) -> tuple[str, ...]:
    """A patched loop, as far as one gradient needs it: statements, and the expression for it.

    Args:
        gradient: "dW", "db" or "dA_prev".
        change: what is wrong.
    """
    wrongs = {right: wrong for wrong, right in change.lines}
    loop = _loop_with(tuple(wrongs.items())) or LOOPS[0]
    *body, end = [_line(indent, wrongs.get(text, text)) for indent, text in _body(loop)]
    before, _, returned = end.text.rpartition("return ")
    value = _returned(returned)[ALL.index(gradient)]
    body += [_line("", before.rstrip("; "))] if before else []
    kept, known = _usual(gradient, loop)
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
def _usual(gradient: str, loop: str) -> tuple[list[int], frozenset[str]]:
    """The numbers of the lines that a gradient needs where nothing is wrong, and all names in them."""
    *body, _ = [_line(indent, text) for indent, text in _body(loop)]
    kept = _needed(body, {gradient})
    return kept, frozenset({gradient}.union(*(body[number].names for number in kept)))


@functools.cache
def _stripped(loop: str) -> list[str]:
    return [line.strip() for line in loop.strip().splitlines()]


@functools.cache
def _keys(loop: str) -> dict[tuple[str, ...], str]:
    return {_key(line.partition("; ")[0]): line for line in _stripped(loop)}


@functools.cache
def _names(text: str) -> frozenset[str]:
    return frozenset(_NAME.findall(text))


@functools.lru_cache(maxsize=1 << 12)
def _loop_with(lines: tuple[tuple[str, str], ...]) -> str | None:
    """The first loop that has all of the right lines, and those variables of the wrong ones that any has."""
    known = _names("".join(LOOPS))
    for loop in LOOPS:
        if all(right in _stripped(loop) and _names(wrong) & known <= _names(loop) for right, wrong in lines):
            return loop
    return None


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


@functools.lru_cache(maxsize=1 << 12)
def _line(indent: str, text: str) -> _Line:
    sets = frozenset(name for part in re.split("; |\n", text) for name in _targets(part))
    return _Line(textwrap.indent(text, indent), indent, sets, _names(text))


@functools.cache
def _body(loop: str) -> list[tuple[str, str]]:
    """Each line of a loop's function: its indentation from column 0, and its text."""
    texts = [line[4:] for line in loop.strip().splitlines()[1:]]
    return [(text[: len(text) - len(text.lstrip())], text.strip()) for text in texts]


def _needed(body: list[_Line], names: Iterable[str]) -> list[int]:
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


def _around(body: list[_Line], number: int) -> Iterator[int]:
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
