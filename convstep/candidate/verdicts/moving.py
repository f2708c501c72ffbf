"""Moving a variable of a forward after it is set: what that does to its outputs, without any other run of it.

The forward's syntax tree is rewritten: where it uses a variable, it uses the variable and a little more.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convstep.candidate.verdicts import naming
from convstep.candidate.verdicts.slopes import STEP, Slope, size_of, slope
from convstep.candidate.verdicts.trial import Trial
from convstep.frozen import frozen
from convstep.recording import recorder
from convstep.steps.cells import Array

USE, SET = "__convstep_use__", "__convstep_set__"
INSIDE = " = … "
"""Between a variable and a part of the expression that it is set to, which can be moved as well."""
RETURN = "return"
"""In the place of a variable, for what is returned."""
MOST_VERSIONS = 12
"""How often a variable may be set; one that is set more often belongs to a loop."""
MOST_USES = 5
"""How many uses are looked at one by one."""
MOST_TIMES = 100
"""How often an expression that is held may be evaluated."""


@frozen()
class Version:
    """A variable between two of its assignments."""

    name: str
    """The variable."""
    number: int
    """How often it was set before; 0 for what came with the arguments."""


@dataclass(slots=True)
class Uses:
    """The uses of a version, in the order in which they come."""

    lines: list[int] = field(default_factory=list)
    """The line of each."""
    value: Array | None = None
    """What it is at the first of them; None if it is no array of numbers with a point."""


class _Rewriter:
    """Puts a call around every use of a local variable, and one after every assignment to it."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        """By number of a use, its line."""
        self.columns: list[int] = []
        """And where it begins there."""
        self.made: dict[int, str] = {}
        """By expression, the variable that is set to it."""
        self.incomplete: set[str] = set()
        """Variables that are also used where that is not seen: in functions within the function."""

    def function(self, node: ast.FunctionDef, name: str) -> ast.FunctionDef:
        """The function with these calls; see `recorder.code_of`."""
        del name
        made = copy.deepcopy(node)
        given = [*made.args.posonlyargs, *made.args.args, *made.args.kwonlyargs]
        stored = {
            one.id for one in naming.own(made) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        }
        self.names = stored | {one.arg for one in given}
        self.paths = {
            ast.unparse(one)
            for one in naming.own(made)
            if isinstance(one, ast.Attribute)
            and isinstance(one.ctx, ast.Store)
            and isinstance(one.value, ast.Name)
        }
        for inner in naming.own(made):
            if isinstance(inner, (ast.FunctionDef, ast.Lambda)):
                self.incomplete |= {one.id for one in ast.walk(inner) if isinstance(one, ast.Name)}
        made.body = self._block(made.body)
        return made

    def _block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        found = list[ast.stmt]()
        for statement in body:
            for name, value in _set_to(statement):
                self.made[id(value)] = name
            made = _Uses(self).visit(statement)
            for part in ("body", "orelse", "finalbody"):
                inner = getattr(made, part, None)
                if (
                    inner
                    and isinstance(inner[0], ast.stmt)
                    and not isinstance(made, (ast.FunctionDef, ast.ClassDef))
                ):
                    setattr(made, part, self._block(inner))
            found += [made, *(_call_statement(SET, name, made) for name in self._set(made))]
            if isinstance(made, (ast.For, ast.While)):
                made.body[:0] = [_call_statement(SET, name, made) for name in self._set_by_loop(made)]
        return found

    def _set(self, statement: ast.stmt) -> list[str]:
        if not isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            return []
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return list(dict.fromkeys(name for target in targets for name in self._names(target)))

    def _set_by_loop(self, statement: ast.For | ast.While) -> list[str]:
        return list(self._names(statement.target)) if isinstance(statement, ast.For) else []

    def _names(self, target: ast.expr) -> Iterator[str]:
        if isinstance(target, (ast.Tuple, ast.List)):
            for one in target.elts:
                yield from self._names(one)
        elif isinstance(target, ast.Starred):
            yield from self._names(target.value)
        else:
            while isinstance(target, ast.Subscript):
                target = target.value
            yield ast.unparse(target)


class _Uses(ast.NodeTransformer):
    """Puts a call around the uses in one statement, without the statements in it."""

    def __init__(self, rewriter: _Rewriter) -> None:
        self.rewriter, self.target = rewriter, ""

    def visit(self, node: ast.AST) -> Any:
        if name := self.rewriter.made.pop(id(node), ""):
            before, self.target = self.target, name
            made = super().visit(node)
            self.target = before
            return made
        if (
            self.target
            and isinstance(node, _PARTS)
            and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        ):
            text = ast.unparse(node)
            made = super().visit(node)
            return self._used(f"{self.target}{INSIDE}{text}", made)
        if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            return node
        if isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
            if isinstance(node, ast.Subscript):
                node.slice = self.visit(node.slice)
            return node
        return super().visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                if not (value and isinstance(value[0], ast.stmt)):
                    setattr(
                        node, name, [self.visit(one) if isinstance(one, ast.AST) else one for one in value]
                    )
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self.rewriter.names:
            return self._used(node.id, node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if (text := ast.unparse(node)) in self.rewriter.paths:
            return self._used(text, node)
        self.generic_visit(node)
        return node

    def _used(self, name: str, node: ast.expr) -> ast.expr:
        self.rewriter.lines.append(node.lineno)
        self.rewriter.columns.append(node.col_offset)
        number = ast.Constant(len(self.rewriter.lines) - 1)
        call = ast.Call(ast.Name(USE, ast.Load()), [ast.Constant(name), number, node], [])
        return ast.copy_location(call, node)


_PARTS = (ast.BinOp, ast.Call, ast.UnaryOp, ast.Subscript, ast.Name)


def _set_to(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The variables that a statement sets, each with the expression it is set to; and what it returns."""
    if isinstance(statement, ast.Return) and statement.value is not None:
        whole = statement.value
        yield from ((RETURN, one) for one in (whole.elts if isinstance(whole, ast.Tuple) else [whole]))
    if not isinstance(statement, ast.Assign):
        return
    target, value = statement.targets[0], statement.value
    several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
    pairs = zip(target.elts, value.elts, strict=False) if several else [(target, value)]  # type: ignore[attr-defined]
    for one, made in pairs:
        if isinstance(one, (ast.Name, ast.Attribute)):
            yield ast.unparse(one), made


def _call_statement(hook: str, name: str, near: ast.stmt) -> ast.stmt:
    call = ast.Call(ast.Name(hook, ast.Load()), [ast.Constant(name)], [])
    return ast.copy_location(ast.Expr(call), near)


class Moving:
    """A forward whose variables can be moved."""

    def __init__(self, trial: Trial) -> None:
        """Rewrite it, and run it once to see what it uses.

        A LookupError if its source is not known, or it does not run like that.
        """
        self.trial = trial
        source, where = trial.sources[0], trial.definition(backward=False)
        if source is None or where is None:
            raise LookupError(trial.names[0])
        target = recorder.function_of(trial.forward.function)
        rewriter = _Rewriter()
        self._codes = [(target, recorder.code_of(target, where, rewriter, source))]  # type: ignore[arg-type]
        self._lines, self._columns = rewriter.lines, rewriter.columns
        self.incomplete = rewriter.incomplete
        """Variables of which not every use is seen."""
        self._active: tuple[Version, frozenset[int] | None, Array] | None = None
        self._held: frozenset[int] = frozenset()
        self._before: dict[int, list[tuple[str, Any]]] = {}
        self._kept: list[tuple[Array, Array]] = []
        self.uses: dict[Version, Uses] = {}
        """What it uses."""
        self.here = self._outputs(listing=True)
        """Its outputs as it is."""

    def versions(self, name: str) -> list[Version]:
        """The versions of a variable that are used."""
        found = [one for one in self.uses if one.name == name]
        return found if len(found) <= MOST_VERSIONS else []

    @property
    def names(self) -> list[str]:
        """The variables that are used."""
        return list(dict.fromkeys(one.name for one in self.uses if INSIDE not in one.name))

    def inside(self, name: str) -> list[Version]:
        """The parts of what a variable is set to, each evaluated once, the innermost first."""
        found = [one for one in self.uses if one.name.startswith(name + INSIDE)]
        return [one for one in found if len(self.uses[one].lines) == 1]

    def slope(self, version: Version, along: Array, which: frozenset[int] | None = None) -> Slope | None:
        """How the loss changes as a variable is moved along a direction; None if that is not seen.

        `which` are those of its uses through which it goes; None for all of them.
        """
        value = self.uses[version].value
        assert value is not None

        def near(by: float) -> Sequence[Array]:
            self._active = version, which, by * along
            return self._outputs()

        try:
            return slope(near, self.trial.loss, self.here, STEP * size_of(value))
        except Exception:  # whatever somebody's own code raises
            return None
        finally:
            self._active = None

    def places(self) -> dict[str, dict[int, tuple[int, int]]]:
        """By variable or part of an expression its places: by the number of each, line and column."""
        self._before = defaultdict(list)
        self._outputs(keeping=True)
        found: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        for number, values in self._before.items():
            shown = (isinstance(one, (np.ndarray, float, np.floating)) for _, one in values)
            if len(values) <= MOST_TIMES and all(shown):
                found[values[0][0]][number] = self._lines[number], self._columns[number]
        return found

    def slope_beside(self, array: Array, along: Array, which: frozenset[int]) -> Slope | None:
        """How the loss changes as an input is moved, while some places go on with the values they have.

        They are numbered as in `places`. None if the forward does not run like that.
        """
        self._held = which
        try:
            step = STEP * size_of(array)
            near = functools.partial(self._moved, array, along)
            return slope(near, self.trial.loss, self.here, step)
        except Exception:  # whatever somebody's own code raises
            return None
        finally:
            self._held = frozenset()

    def _moved(self, array: Array, along: Array, by: float) -> list[Array]:
        return self._outputs(changes={id(array): array + by * along})

    def _outputs(
        self, *, listing: bool = False, keeping: bool = False, changes: Mapping[int, Array] | None = None
    ) -> list[Array]:
        counts: dict[str, int] = defaultdict(int)
        seen: dict[Version, int] = defaultdict(int)
        times: dict[int, int] = defaultdict(int)
        self._kept = []

        def use(name: str, number: int, value: Any) -> Any:
            if keeping and len(self._before[number]) <= MOST_TIMES:
                self._before[number].append(
                    (name, np.array(value) if isinstance(value, np.ndarray) else value)
                )
            if number in self._held:
                times[number] += 1
                return copy.copy(self._before[number][times[number] - 1][1])
            version = Version(name, counts[name])
            at = seen[version]
            seen[version] += 1
            if listing:
                self._list(version, number, value)
            if self._active is None or self._active[0] != version:
                return value
            _, which, by = self._active
            if (which is not None and at not in which) or np.shape(value) != by.shape:
                return value
            moved = np.asarray(value, np.float64) + by
            if not moved.ndim:
                return moved[()]
            self._kept.append((moved, moved.copy()))
            return moved

        def put(name: str) -> None:
            counts[name] += 1

        with self._swapped({USE: use, SET: put}):
            found = self.trial.loss.parts(self.trial.forward.like(changes))
        if any(not np.array_equal(now, before, equal_nan=True) for now, before in self._kept):
            raise LookupError("a copy was written to")
        return found

    def _list(self, version: Version, number: int, value: Any) -> None:
        uses = self.uses.setdefault(version, Uses())
        if not uses.lines and isinstance(value, (np.ndarray, float, np.floating)):
            array = np.array(value)
            uses.value = array if array.dtype.kind == "f" else None
        uses.lines.append(self._lines[number])

    @contextlib.contextmanager
    def _swapped(self, hooks: Mapping[str, Any]) -> Iterator[None]:
        with recorder.swapped(self._codes, hooks):
            yield
