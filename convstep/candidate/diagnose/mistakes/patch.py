"""Patch: lines that stand for others in a readable loop, and the text that this makes."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

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
        keys = {_key(line.partition("; ")[0]): line for line in _stripped(loop)}
        lines = {}
        for text in wrong:
            parts = map(_key, text.partition("\n")[0].split("; "))
            lines[next((keys[key] for key in parts if key in keys), "")] = text
        if _loop_with(tuple(lines.items())) == loop:
            return _in_order(loop, lines)
    raise ValueError(f"no loop has the lines of {wrong}")


def both(first: Patch, second: Patch) -> Patch | None:
    """A backward with two patches; None where they change one line differently, or different loops.

    >>> both(patch("dA_prev = dA_prev_pad"), patch("dA_prev = dA_prev_pad[:, top:, left:]"))
    """
    lines = {right: wrong for wrong, right in first.lines}
    for wrong, right in second.lines:
        if lines.setdefault(right, wrong) != wrong:
            return None
    loop = _loop_with(tuple(lines.items()))
    return loop and _in_order(loop, lines)


def _in_order(loop: str, lines: Mapping[str, str]) -> Patch:
    return Patch(tuple((lines[line], line) for line in _stripped(loop) if line in lines))


def program(gradient: str, change: Patch) -> list[str]:
    """The lines of a patched loop, as far as one gradient needs them.

    Args:
        gradient: "dW", "db" or "dA_prev": what the function returns.
        change: what is wrong.
    """
    wrongs = {right: wrong for wrong, right in change.lines}
    lines = []
    for line in (_loop_with(tuple(wrongs.items())) or "").strip().splitlines():
        text = line.lstrip()
        indent = line[: len(line) - len(text)]
        for new in wrongs.get(text, text).splitlines():
            lines += [_line(indent + part) for part in _statements(new)]
    return _needed(lines, gradient)


def _statements(line: str) -> list[str]:
    """The statements of a line, each with its indentation."""
    indent = line[: len(line) - len(line.lstrip())]
    return [indent + part for part in line.strip().split("; ")]


@functools.cache
def _stripped(loop: str) -> list[str]:
    return [line.strip() for line in loop.strip().splitlines()]


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
    """One line of a function."""

    text: str
    """With its indentation."""
    depth: int
    """The indentation."""
    sets: frozenset[str]
    """The names it assigns, or assigns into."""
    names: frozenset[str]
    """Every name in it."""


@functools.lru_cache(maxsize=1 << 12)
def _line(text: str) -> _Line:
    code = text.partition(" #")[0]
    depth = len(text) - len(text.lstrip())
    return _Line(text, depth, frozenset(_targets(code)), frozenset(_NAME.findall(code)))


def _needed(lines: list[_Line], gradient: str) -> list[str]:
    """The lines that one gradient depends on; they do for it what all of them do."""
    head, *body, end = lines
    value = _returned(end.text)[ALL.index(gradient)]
    wanted, kept = {*_NAME.findall(value)}, dict.fromkeys(range(0))
    while True:
        before = len(kept)
        for number in range(len(body) - 1, -1, -1):
            if number not in kept and not wanted.isdisjoint(body[number].sets):
                for index in (number, *_around(body, number)):
                    kept[index] = None
                    wanted |= body[index].names
        if len(kept) == before:
            return [head.text, *(body[number].text for number in sorted(kept)), f"    return {value}"]


def _around(body: list[_Line], number: int) -> Iterator[int]:
    """The heads of the loops that a line is in."""
    depth = body[number].depth
    for index in range(number - 1, -1, -1):
        if body[index].depth < depth:
            depth = body[index].depth
            yield index


@functools.lru_cache(maxsize=1 << 10)
def _returned(line: str) -> list[str]:
    """The expressions of `return dW, db, dA_prev`."""
    (statement,) = ast.parse(line.strip().removeprefix("return ")).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Tuple)
    return [ast.unparse(part) for part in statement.value.elts]
