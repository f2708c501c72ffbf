"""Sweeps: innermost loops over a range whose turns do nothing but arithmetic on single cells.

What such a turn reads follows from its number, so that only what it writes is noted. The loop's code is
written twice: without hooks, and as every other loop. What the first one cannot do, the second one does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from convstep.recording import trees
from convstep.recording.indices import index_of
from convstep.recording.log import Make
from convstep.recording.sites import Kind, Site
from convstep.recording.trees import PREFIX

_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%"}
"""Operators that make a number of two, or raise."""


Cell = tuple[str, tuple[ast.expr, ...]]
"""A subscript: the array's name, and what its index leaves open."""


@dataclass(slots=True)
class Sweep:
    """What is known of such a loop before it runs."""

    variable: str
    arrays: dict[str, int] = field(default_factory=dict)
    """What it subscripts, as its turns come to it, and how many axes each must have."""
    places: dict[str, None] = field(default_factory=dict)
    """Other names in its indices: whole numbers, which no turn sets."""
    numbers: dict[str, None] = field(default_factory=dict)
    """Other names whose values a turn uses before it sets them."""
    bound: dict[str, int] = field(default_factory=dict)
    """The names that a turn sets, and the statement that is the last one to."""
    turn: int = -1
    """The site at which each turn begins, once that is known."""
    cells: list[list[Cell]] = field(default_factory=list)
    """By statement, the cells that it comes to, in its order; one that it writes is the last."""
    sites: list[list[Site]] = field(default_factory=list)
    """By statement, where a turn is noted; the last one is where it writes or sets a name."""
    makers: dict[int, tuple[int, Make]] = field(default_factory=dict)
    """By site, which of the arrays it is about, and what makes its payloads but for what is written."""

    @property
    def carried(self) -> list[str]:
        """What a turn uses and then sets, as a sum."""
        return [name for name in self.numbers if name in self.bound]

    @property
    def pattern(self) -> list[int]:
        """The numbers of the sites at which one turn is noted."""
        return [self.turn, *(site.number for sites in self.sites for site in sites)]


class _OtherError(Exception):
    """The loop is no sweep."""


def sweep_of(node: ast.For) -> Sweep | None:
    """What is known of a loop if it is a sweep; its sites are still to come."""
    match node:
        case ast.For(target=ast.Name(id=variable), iter=ast.Call(func=ast.Name(id="range"))):
            found = Sweep(variable)
        case _:
            return None
    try:
        for number, statement in enumerate(node.body):
            _add(found, statement, number)
    except _OtherError:
        return None
    for name in found.places:
        found.numbers.pop(name, None)  # a whole number is one
    words = [{variable}, {*found.arrays}, {*found.places}, {*found.bound, *found.numbers}]
    once = sum(map(len, words)) == len(set().union(*words))  # each name stands for one thing
    return found if once else None


def _add(sweep: Sweep, statement: ast.stmt, number: int) -> None:
    sweep.cells.append([])
    match statement:
        case ast.Assign(targets=[target], value=value):
            _number(sweep, value)
        case ast.AugAssign(target=target, op=op, value=value) if type(op) in _ARITHMETIC:
            if isinstance(target, ast.Name):
                _number(sweep, ast.Name(target.id, ast.Load()))
            _number(sweep, value)
        case _:
            raise _OtherError
    match target:
        case ast.Subscript():
            _cell(sweep, target)
        case ast.Name(id=name):
            sweep.bound[name] = number
        case _:
            raise _OtherError


def _number(sweep: Sweep, node: ast.expr) -> None:
    """Take part in what is a number if all names in it are, and raises or not as numbers do."""
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            pass
        case ast.Name(id=name):
            if name != sweep.variable and name not in sweep.bound:
                sweep.numbers[name] = None
        case ast.Subscript():
            _cell(sweep, node)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _number(sweep, operand)
        case ast.BinOp(left=ast.Subscript() as left, op=ast.Pow(), right=ast.Constant() as right):
            # of a cell it is a number; of Python's own ones it may be a complex one
            _number(sweep, left)
            _number(sweep, right)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            _number(sweep, left)
            _number(sweep, right)
        case _:
            raise _OtherError


def _cell(sweep: Sweep, node: ast.Subscript) -> None:
    if not isinstance(node.value, ast.Name):
        raise _OtherError
    index = index_of(node.slice)
    for part in index.template:
        if part.sliced or part.ellipsis or part.values == (None,):
            raise _OtherError
    for hole in index.holes:
        _place(sweep, hole)
    sweep.cells[-1].append((node.value.id, index.holes))
    axes = len(index.template)
    if sweep.arrays.setdefault(node.value.id, axes) != axes:
        raise _OtherError


def _place(sweep: Sweep, node: ast.expr) -> None:
    """Take part in a whole number."""
    match node:
        case ast.Constant(value=value) if type(value) is int:
            pass
        case ast.Name(id=name):
            if name != sweep.variable:
                sweep.places[name] = None
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _place(sweep, operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC and type(op) is not ast.Div:
            _place(sweep, left)
            _place(sweep, right)
        case _:
            raise _OtherError


# its code


def swept(sweep: Sweep, plain: ast.For, hooked: ast.For) -> list[ast.stmt]:
    """The loop in both ways: its turns as the source has them, and what is left of them with hooks."""
    own = f"{PREFIX}{sweep.turn}"
    arrays, places, numbers, carried = (
        "".join(f"{name}, " for name in one)
        for one in (sweep.arrays, sweep.places, sweep.numbers, sweep.carried)
    )
    head = f"""
{own}rest = None
try:
    while {own}part := {own}sweep.begin({own}rest, ({arrays}), ({places}), ({numbers})):
        for {sweep.variable} in {own}part:
            pass
        if not ({own}rest := {own}sweep.end()):
            break
except BaseException as {own}error:
    {own}rest = {own}sweep.leave({own}error, {own}rest)
    {f"if {own}sweep.before: {carried} = {own}sweep.before" if carried else ""}
"""
    begun, tried = ast.parse(head).body
    assert isinstance(begun, ast.Assign)
    assert isinstance(tried, ast.Try)
    begun.value, hooked.iter = hooked.iter, ast.Name(f"{own}rest", ast.Load())
    while_ = tried.body[0]
    assert isinstance(while_, ast.While)
    for_ = while_.body[0]
    assert isinstance(for_, ast.For)
    for one in (begun, tried):
        # on one line: of a method that is called Python tells the line on which its name would end
        trees.placed(one, plain.target, anew=True)
    for_.body = [
        new
        for statement, sites in zip(plain.body, sweep.sites, strict=True)
        for new in _noted(statement, f"{PREFIX}{sites[-1].number}cells")
    ]
    return [begun, tried, hooked]


def _noted(statement: ast.stmt, cells: str) -> Iterator[ast.stmt]:
    """A statement that notes what it writes, before and after, or what it sets."""
    assert isinstance(statement, (ast.Assign, ast.AugAssign))
    target = statement.target if isinstance(statement, ast.AugAssign) else statement.targets[0]
    words, held, value = trees.text(target), f"{PREFIX}held", trees.text(statement.value)
    match statement, target:
        case _, ast.Name():
            text = f"{trees.text(statement)}\n{cells}.append({words})"
        case ast.Assign(), _:
            text = f"{held} = {value}\n{cells}.append({words})\n{words} = {held}\n{cells}.append({held})"
        case ast.AugAssign(op=op), _:
            text = (
                f"{held} = {words}\n{cells}.append({held})\n{held} {_ARITHMETIC[type(op)]}= {value}\n"
                f"{words} = {held}\n{cells}.append({held})"
            )
    for new in ast.parse(text).body:
        trees.placed(new, statement, anew=True)
        yield new


def noted_at(sites: Sequence[Site], cells: Sequence[Cell]) -> list[Site]:
    """Where a statement of a sweep is noted, in its order; `sites` of what is no array come after."""
    last = next(site for site in sites if site.kind in (Kind.WRITE, Kind.BIND))
    reads = [site for site in sites if site.kind is Kind.READ]
    return [*reads[: len(cells) - (last.kind is Kind.WRITE)], last]


def makers(sweep: Sweep) -> dict[int, tuple[int, Make]]:
    """See `Sweep`; its sites are known."""
    numbers, arrays, found = f"{PREFIX}numbers", [*sweep.arrays], {sweep.turn: (0, f"({sweep.variable},)")}
    for sites, cells in zip(sweep.sites, sweep.cells, strict=True):
        for site, (array, holes) in zip(sites, cells, strict=False):  # to a name there is no cell
            at, parts = arrays.index(array), "".join(f", {trees.text(hole)}" for hole in holes)
            found[site.number] = at, f"({numbers}[{at}]{parts},)"
    given = ", ".join([numbers, *sweep.places, sweep.variable])
    made = eval(f"[{', '.join(f'lambda {given}: {text}' for _, text in found.values())}]")
    return {site: (at, make) for (site, (at, _)), make in zip(found.items(), made, strict=True)}
