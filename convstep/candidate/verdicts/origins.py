"""Which lines what differs is made of, where nothing is said of them: the cause may stand there."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence

from convstep.candidate.verdicts import naming
from convstep.candidate.verdicts.marks import DIFFERS, Mark
from convstep.frozen import frozen

_RECKON = ast.AugAssign, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call
"""What stands in a statement that does more than name or take apart."""


@frozen()
class _Line:
    """A statement that sets variables."""

    line: int
    """Where it begins."""
    last: int
    """Where it ends."""
    uses: frozenset[str]
    """The variables that it uses."""
    sets: frozenset[str]
    """Those that it sets, or changes cells of."""
    reckons: bool
    """Whether it does more than name, take apart or make room for what there is: a slope, a mask."""


def unjudged(function: ast.FunctionDef, marks: Mapping[int, Mark], above: Collection[str]) -> tuple[int, ...]:
    """The lines of which nothing is said, and of which all that differs is made."""
    lines = list(_lines(function))
    tainted = _made_of(lines, above)
    without = [one for one in lines if one.sets and not _kind(one, marks)]
    gradients = [one for one in without if one.uses & tainted]
    # a slope or a mask that is made of no gradient may be wrong as well
    return _shared(lines, gradients, marks) or _shared(
        lines, [one for one in without if one.reckons or one in gradients], marks
    )


def _shared(lines: Sequence[_Line], without: Sequence[_Line], marks: Mapping[int, Mark]) -> tuple[int, ...]:
    """Those of some lines of which all that differs is made."""
    open_ones = {one.line: one for one in without}
    differing = [one for one in lines if _kind(one, marks) == DIFFERS]
    made = [_open_before(one, lines, open_ones, marks) for one in differing]
    origins = [found for found, through in made if not through]
    return tuple(sorted(frozenset.intersection(*map(frozenset, origins)))) if origins else ()


def _lines(function: ast.FunctionDef) -> Iterator[_Line]:
    for node in naming.own(function):
        if isinstance(node, ast.Assign):
            targets: Sequence[ast.expr] = node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        elif isinstance(node, (ast.Return, ast.Expr)):
            targets = []
        else:
            continue
        uses = set(naming.valued(node.value)) if node.value is not None else set()
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            uses.add(node.target.id)
        sets = {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
        sets -= {one.id for target in targets for one in _in_indices(target)}
        into = any(isinstance(one, ast.Subscript) for one in targets)
        reckons = into or (bool(uses) and any(isinstance(one, _RECKON) for one in ast.walk(node)))
        yield _Line(node.lineno, node.end_lineno or node.lineno, frozenset(uses), frozenset(sets), reckons)


def _in_indices(target: ast.expr) -> Iterator[ast.Name]:
    for one in ast.walk(target):
        if isinstance(one, ast.Subscript):
            yield from (name for name in ast.walk(one.slice) if isinstance(name, ast.Name))


def _made_of(lines: Sequence[_Line], names: Collection[str]) -> set[str]:
    """All variables that are made of some, directly or not."""
    found, before = set(names), -1
    while len(found) > before:
        before = len(found)
        found |= {name for one in lines if one.uses & found for name in one.sets}
    return found


def _kind(line: _Line, marks: Mapping[int, Mark]) -> str:
    return next((marks[at].kind for at in range(line.line, line.last + 1) if at in marks), "")


def _open_before(
    line: _Line, lines: Sequence[_Line], open_ones: Mapping[int, _Line], marks: Mapping[int, Mark]
) -> tuple[set[int], bool]:
    """The open lines that a line is made of, and whether it is also made of one that differs."""
    found, todo, through = set[int](), [line], False
    while todo:
        one = todo.pop()
        for other in lines:
            if other is line or not other.sets & one.uses or other.line > line.line:
                continue
            if _kind(other, marks) == DIFFERS:
                through = True
            elif other.line in open_ones and other.line not in found:
                found.add(other.line)
                todo.append(other)
    return found, through
