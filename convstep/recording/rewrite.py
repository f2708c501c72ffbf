"""Rewriting: a syntax tree with hooks where arrays are read and written, variables set, loops turned.

Every expression is evaluated once and in Python's order: the function does what it does without hooks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convstep.recording.indices import index_of
from convstep.recording.purity import Purity
from convstep.recording.sites import FunctionSite, Kind, LoopSite, Site, Sites, StatementSite

PREFIX = "_convstep_"
"""What the names of hooks and of our own variables begin with."""
LOCALS = f"{PREFIX}locals"
"""The name of `locals`, whatever the source calls so."""
CALLED = f"{PREFIX}called"
"""The entry with which a generator's call began, in the generator."""
OWN = f"{PREFIX}own"
"""What leaves our variables out of `locals()`."""
FORGET = f"{PREFIX}forget"
"""What is told of an array that will look at its memory otherwise."""
SHAPES = frozenset(
    {"shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides", "flags", "base", "data"}
)
"""Attributes of an array that are not its cells."""
PARTS = frozenset({"flat", "real", "imag"})
"""Attributes of an array that set its cells."""
EVERYTHING = "*"
"""Stands for all variables."""
OPERATORS = {
    ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/=", ast.FloorDiv: "//=", ast.Mod: "%=",
    ast.Pow: "**=", ast.MatMult: "@=", ast.BitAnd: "&=", ast.BitOr: "|=", ast.BitXor: "^=",
    ast.LShift: "<<=", ast.RShift: ">>=",
}  # fmt: skip
"""How they are written."""
_Loop = ast.For | ast.While
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
"""What makes its elements one by one."""


@dataclass(slots=True)
class Around:
    """What a statement stands in."""

    function: int
    """Which function."""
    generator: bool
    """Whether that yields."""
    loops: list[int] = field(default_factory=list)
    """The loops around it, outermost first."""
    innermost: bool = False
    """Whether the last of them has no loop in it."""


class Rewriter:
    """Rewrites functions of one source; what it found stands in `sites`."""

    def __init__(self, lines: Sequence[str], purity: Purity) -> None:
        """Nothing is rewritten yet.

        Args:
            lines: of the source, the first one being line 1 of the trees.
            purity: knows what the calls in it do.
        """
        self.sites = Sites()
        """What was found."""
        self._lines, self._purity = lines, purity
        self._around: Around | None = None
        self._statement = -1

    def function(self, node: ast.FunctionDef, name: str) -> ast.FunctionDef:
        """The function with hooks; its decorators and defaults are left as they are.

        Args:
            node: its definition; it is not changed.
            name: what to call it, with what it stands in: `Conv.backward`.
        """
        node = _copied(node)
        outer, outer_statement = self._around, self._statement
        generator = any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in _own(node.body))
        number = len(self.sites.functions)
        self.sites.functions.append(
            FunctionSite(number, name, node.lineno, node.end_lineno or node.lineno, (), -1, -1, generator)
        )
        self._around = Around(number, generator)
        self._statement = self._new_statement(node, node.lineno, f"def {node.name}", ())
        names = _parameters(node.args)
        call = self._site(Kind.CALL, names=names, function=number)
        leave = self._site(Kind.RETURN, function=number)
        self.sites.functions[number] = replace(
            self.sites.functions[number], parameters=names, call=call.number, leave=leave.number
        )
        docstring = node.body[:1] if ast.get_docstring(node, clean=False) is not None else []
        scopes = [one for one in node.body if isinstance(one, (ast.Global, ast.Nonlocal))]
        body = self._block([one for one in node.body[len(docstring) :] if one not in scopes])
        begun = _statement_call(call, *map(_load, names))
        token = list[ast.expr]()
        if generator:  # several may be under way at once
            begun = ast.Assign([_store(CALLED)], _call(call, *map(_load, names)), lineno=node.lineno)
            token = [_load(CALLED)]
        left = ast.Try([*body] or [ast.Pass()], [], [], [_statement_call(leave, *token)])
        node.body = [*docstring, *scopes, begun, left]
        self._around, self._statement = outer, outer_statement
        return node

    # statements

    def _block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        found = list[ast.stmt]()
        for statement in statements:
            for new in self._rewritten(statement):
                ast.copy_location(new, statement)
                found.append(new)
        return found

    def _rewritten(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement with hooks, as one or several."""
        match node:
            case ast.FunctionDef():
                assert self._around is not None
                outer = self.sites.functions[self._around.function].name
                return [self.function(node, f"{outer}.{node.name}")]
            case ast.ClassDef():
                return [self._class(node)]
            case ast.Import() | ast.ImportFrom() | ast.Global() | ast.Nonlocal() | ast.AsyncFunctionDef():
                return [node]
            case ast.Expr(value=ast.YieldFrom(value=inner)):
                # one by one, so that each is noted; nobody sends anything into such a loop
                given = _name(f"given_{node.lineno}")
                handed = ast.Expr(ast.Yield(_load(given)))
                loop = ast.For(_store(given), inner, [handed], [], lineno=node.lineno)
                for one in (handed, handed.value, loop):
                    ast.copy_location(one, node)
                return self._rewritten(ast.fix_missing_locations(loop))
            case ast.Expr(value=ast.Await()) | ast.Pass() | ast.Break() | ast.Continue():
                return [node]
        self._statement = self._begin(node)
        match node:
            case ast.Expr(value=ast.Call()) if self.sites.statements[self._statement].loads:
                return [*self._compound(node), _statement_call(self._site(Kind.USE))]
            case ast.Assign():
                return self._assign(node, node.targets, node.value)
            case ast.AnnAssign(value=ast.expr() as value):
                new = self._assign(node, [node.target], value)
                if node.simple:  # the name stays local, and its annotation is kept
                    new.insert(0, ast.AnnAssign(node.target, node.annotation, None, 1))
                return new
            case ast.AnnAssign():
                return [node]
            case ast.AugAssign():
                return self._augmented(node)
            case ast.For():
                return self._for(node)
            case ast.While():
                return self._while(node)
            case ast.Return(value=ast.expr() as value):
                site = self._site(Kind.BIND, text="return", value=ast.unparse(value))
                node.value = _call(site, self._value(value))
                return [node]
        return self._compound(node)

    def _compound(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement whose expressions are rewritten, and then the blocks in it."""
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr) and not isinstance(
                getattr(value, "ctx", None), (ast.Store, ast.Del)
            ):
                setattr(node, name, self._value(value))
        match node:
            case ast.With():
                binds = list[ast.stmt]()
                for item in node.items:
                    item.context_expr = self._value(item.context_expr)
                    binds += self._binds(item.optional_vars) if item.optional_vars else []
                node.body = [*binds, *self._block(node.body)]
            case ast.If():
                node.body, node.orelse = self._block(node.body), self._block(node.orelse)
            case ast.Try() | ast.TryStar():
                node.body, node.orelse = self._block(node.body), self._block(node.orelse)
                node.finalbody = self._block(node.finalbody)
                for handler in node.handlers:
                    handler.body = self._block(handler.body)
            case ast.Match():
                for case in node.cases:
                    binds = self._binds(*_captured(case.pattern))
                    if case.guard is not None:
                        case.guard = self._value(case.guard)
                    case.body = [*binds, *self._block(case.body)]
        return [node]

    def _class(self, node: ast.ClassDef) -> ast.stmt:
        """A class in a function: its methods are rewritten, what else stands in it is left alone."""
        assert self._around is not None
        outer = self.sites.functions[self._around.function].name
        node.body = [
            self.function(one, f"{outer}.{node.name}.{one.name}") if isinstance(one, ast.FunctionDef) else one
            for one in node.body
        ]
        return node

    def _assign(self, node: ast.stmt, targets: Sequence[ast.expr], value: ast.expr) -> list[ast.stmt]:
        text = ast.unparse(value)
        named = all(isinstance(target, ast.Name) for target in targets)
        new = self._value(value, named=named)
        if all(_only_names(target) for target in targets):
            return [ast.Assign([*targets], new, lineno=node.lineno), *self._binds(*targets, value=text)]
        if len(targets) == 1 and isinstance(targets[0], ast.Subscript):
            site, array, holes = self._place(targets[0], text, "=")
            return [_statement_call(site, new, array, *holes)]
        given = _name("value")
        found: list[ast.stmt] = [ast.Assign([_store(given)], new, lineno=node.lineno)]
        for target in targets:
            found += self._put(target, given, text)
        return found

    def _put(self, target: ast.expr, given: str, text: str) -> list[ast.stmt]:
        """A value, which has a name of ours, to one target."""
        match target:
            case ast.Subscript():
                site, array, holes = self._place(target, text, "=")
                return [_statement_call(site, _load(given), array, *holes)]
            case ast.Attribute(attr=attr) if attr in PARTS:
                return self._compared(target, ast.Assign([target], _load(given), lineno=target.lineno))
            case ast.Attribute() if _chain(target):
                put = ast.Assign([target], _load(given), lineno=target.lineno)
                if target.attr in SHAPES:
                    told = ast.Expr(ast.Call(_load(FORGET), [_copied(target.value)], []))
                    return [told, put]
                bound = self._site(Kind.BIND, text=ast.unparse(target), value=text)
                target.value = self._value(target.value, plain=True)
                return [put, _statement_call(bound, _load(given))]
            case ast.Tuple() | ast.List() if not _only_names(target):
                inner = [
                    _name(f"item{number}_{target.lineno}_{target.col_offset}")
                    for number in range(len(target.elts))
                ]
                stores: list[ast.expr] = [
                    ast.Starred(_store(name), ast.Store()) if isinstance(one, ast.Starred) else _store(name)
                    for name, one in zip(inner, target.elts, strict=True)
                ]
                found: list[ast.stmt] = [
                    ast.Assign([ast.Tuple(stores, ast.Store())], _load(given), lineno=target.lineno)
                ]
                for name, one in zip(inner, target.elts, strict=True):
                    found += self._put(one.value if isinstance(one, ast.Starred) else one, name, text)
                return found
        return [ast.Assign([target], _load(given), lineno=target.lineno), *self._binds(target)]

    def _compared(self, target: ast.Attribute, put: ast.stmt) -> list[ast.stmt]:
        """A statement that sets cells by an attribute of an array: `x.flat = 0`."""
        names = tuple(one.id for one in ast.walk(target) if isinstance(one, ast.Name))
        site = self._site(Kind.SCATTERED, text=ast.unparse(target), operator="=", names=names)
        begun = _call(site, ast.Call(_load(LOCALS), [], []), suffix="b")
        kept = _name("contents")
        after = _statement_call(site, _load(kept), ast.Constant(None), suffix="a")
        return [ast.Assign([_store(kept)], begun, lineno=target.lineno), put, after]

    def _augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        text, operator = ast.unparse(node.value), OPERATORS[type(node.op)]
        given, held = _name("value"), _name("held")
        match node.target:
            case ast.Subscript():
                quick = all(map(self._runs_nothing, ast.walk(node.value)))
                if quick and isinstance(node.target.value, ast.Name):
                    other = _copied(node)
                    site, array, holes = self._place(node.target, text, operator)
                    # looking at cells of an array has no effect that somebody could miss
                    kind = ast.Call(_load(f"{PREFIX}type"), [_load(node.target.value.id)], [])
                    is_array = ast.Compare(kind, [ast.Is()], [_load(f"{PREFIX}ndarray")])
                    change = _statement_call(site, array, *holes, self._value(node.value))
                    return [ast.If(is_array, [change], self._in_order(other, text, operator))]
                return self._in_order(node, text, operator)
            case ast.Name() | ast.Attribute():
                target = node.target
                prepared = []
                if isinstance(target, ast.Attribute):
                    if not _chain(target):
                        node.value = self._value(node.value)
                        return [node]
                    owner = _name("owner")
                    prepared = [
                        ast.Assign([_store(owner)], self._value(target.value, plain=True), lineno=node.lineno)
                    ]
                    get: ast.expr = ast.Attribute(_load(owner), target.attr, ast.Load())
                    put: ast.expr = ast.Attribute(_load(owner), target.attr, ast.Store())
                else:
                    get, put = _load(target.id), target
                name = ast.unparse(target)
                site = self._site(Kind.WHOLE, text=name, value=text, operator=operator)
                bound = self._site(Kind.BIND, text=name, value=text)
                return [
                    *prepared,
                    ast.Assign([_store(held)], get, lineno=node.lineno),
                    ast.Assign([_store(given)], self._value(node.value), lineno=node.lineno),
                    _statement_call(site, _load(held), suffix="b"),
                    ast.AugAssign(_store(held), node.op, _load(given)),
                    ast.Assign([put], _load(held), lineno=node.lineno),
                    _statement_call(site, _load(held), suffix="a"),
                    _statement_call(bound, _load(held)),
                ]
        raise AssertionError("no other target is augmented")

    def _in_order(self, node: ast.AugAssign, text: str, operator: str) -> list[ast.stmt]:
        """A subscript that is changed, in Python's order: the right side may itself run what is noted."""
        assert isinstance(node.target, ast.Subscript)
        held = _name("held")
        site, array, holes = self._place(node.target, text, operator)
        names = [_name("array"), *(_name(f"at{number}") for number in range(len(holes)))]
        place = index_of(node.target.slice).rebuilt(list(map(_load, names[1:])))
        looked_up = ast.Subscript(_load(names[0]), place, ast.Load())
        return [
            *(
                ast.Assign([_store(name)], value, lineno=node.lineno)
                for name, value in zip(names, [array, *holes], strict=True)
            ),
            ast.Assign([_store(held)], looked_up, lineno=node.lineno),
            _statement_call(site, *map(_load, names), _load(held), self._value(node.value), suffix="h"),
        ]

    def _place(
        self, target: ast.Subscript, value: str, operator: str
    ) -> tuple[Site, ast.expr, list[ast.expr]]:
        """Where a subscript writes: its site, the array, and what its index leaves open."""
        index = index_of(target.slice)
        site = self._site(
            Kind.WRITE, text=_subscripted(target.value), value=value, operator=operator,
            template=index.template, single=index.single,
        )  # fmt: skip
        array = self._value(target.value, plain=True, through=True)
        return site, array, [self._value(hole, plain=True) for hole in index.holes]

    def _runs_nothing(self, node: ast.AST) -> bool:
        """Whether evaluating it neither sets a variable nor runs anybody's code but NumPy's."""
        if isinstance(node, (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)):
            return False
        return not isinstance(node, ast.Call) or self._purity.runs_nothing(node)

    # loops

    def _loop(self, node: _Loop, names: tuple[str, ...]) -> tuple[LoopSite, Around]:
        assert self._around is not None
        number = len(self.sites.loops)
        innermost = not any(isinstance(one, (ast.For, ast.While)) for one in _own([*node.body]))
        sites = [
            self._site(kind, loop=number, names=names if kind is Kind.TURN else ())
            for kind in (Kind.ENTER, Kind.TURN, Kind.EXIT)
        ]
        loop = LoopSite(number, names, node.lineno, innermost, *(site.number for site in sites))
        self.sites.loops.append(loop)
        around = self._around
        inside = Around(around.function, around.generator, [*around.loops, number], innermost)
        return loop, inside

    def _for(self, node: ast.For) -> list[ast.stmt]:
        target, given = node.target, _name(f"turn_{node.lineno}_{node.col_offset}")
        plain = _only_names(target)
        loop, inside = self._loop(node, tuple(_names(target)) if plain else ())
        # its own line is noted when it is entered, and its variables at every turn
        iterable = self._value(node.iter)
        node.iter = _call(self.sites.sites[loop.enter], iterable)
        first: list[ast.stmt] = [_statement_call(self.sites.sites[loop.turn], *map(_load, loop.names))]
        if not plain:
            first += self._put(target, given, given)
            node.target = _store(given)
        return self._around_body(node, loop, inside, first)

    def _while(self, node: ast.While) -> list[ast.stmt]:
        loop, inside = self._loop(node, ())
        # it gives None, so that what counts is the condition
        looked_at = _call(self._site(Kind.CHECK, loop=loop.number))
        node.test = ast.BoolOp(ast.Or(), [looked_at, self._value(node.test)])
        found = self._around_body(node, loop, inside, [_statement_call(self.sites.sites[loop.turn])])
        return [_statement_call(self.sites.sites[loop.enter], ast.Constant(None)), *found]

    def _around_body(
        self, node: _Loop, loop: LoopSite, inside: Around, first: list[ast.stmt]
    ) -> list[ast.stmt]:
        outer, head = self._around, self._statement
        self._around = inside
        node.body = [*first, *self._block(node.body)]
        self._around = outer
        node.orelse = self._block(node.orelse)
        self._statement = head
        return [node, _statement_call(self.sites.sites[loop.exit])]

    # expressions

    def _value(
        self, node: ast.expr, *, named: bool = False, plain: bool = False, through: bool = False
    ) -> ast.expr:
        """An expression with hooks at its subscripts, and around it if a call in it may change an array.

        Args:
            node: the expression.
            named: whether its value gets a name: a view is no reading then.
            plain: whether it is part of another one, which is compared around if need be.
            through: whether it leads to a subscript only.
        """
        calls = [] if plain else [one for one in _calls(node) if self._purity.changes(one)]
        new = _Expressions(self, through=through, named=named).visit(node)
        assert isinstance(new, ast.expr)
        if not calls:
            return new
        names = tuple(dict.fromkeys(name for call in calls for name in _reachable(call)))
        site = self._site(
            Kind.SCATTERED, text=", ".join(map(ast.unparse, calls)), operator="call", names=names
        )
        begun = _call(site, ast.Call(_load(LOCALS), [], []), suffix="b")
        return _call(site, begun, new, suffix="a")

    def _binds(self, *targets: ast.expr, value: str = "") -> list[ast.stmt]:
        names = dict.fromkeys(name for target in targets for name in _names(target))
        return [_statement_call(self._site(Kind.BIND, text=name, value=value), _load(name)) for name in names]

    def read(self, node: ast.Subscript, *, through: bool, named: bool) -> ast.expr:
        """A subscript that is read."""
        index = index_of(node.slice)
        site = self._site(
            Kind.READ, text=_subscripted(node.value), template=index.template, single=index.single,
            through=through, named=named, value=ast.unparse(node),
        )  # fmt: skip
        array = _Expressions(self, through=True).visit(node.value)
        return _call(site, array, *(_Expressions(self).visit(hole) for hole in index.holes))

    def elements(self, node: Comprehension) -> None:
        """A comprehension turns as a loop does, where it stands in no innermost one."""
        around = self._around
        if around is None or around.innermost or around.generator:
            return
        names = tuple(name for one in node.generators for name in _names(one.target))
        number, first = len(self.sites.loops), node.generators[0]
        enter = self._site(Kind.ENTER, loop=number)
        made = self._site(Kind.ELEMENT, loop=number, names=names)
        self.sites.loops.append(LoopSite(number, names, node.lineno, True, enter.number, made.number, -1))
        alone = len(node.generators) == 1 and not first.ifs
        first.iter = _call(enter, first.iter) if alone else _call(enter, first.iter, suffix="u")
        arguments = list(map(_load, names))
        if isinstance(node, ast.DictComp):
            node.value = _call(made, node.value, *arguments)
        else:
            node.elt = _call(made, node.elt, *arguments)

    def walrus(self, node: ast.NamedExpr) -> ast.expr:
        """`(n := value)`."""
        return _call(self._site(Kind.BIND, text=node.target.id), node)

    def yielded(self, node: ast.Yield) -> ast.expr:
        """What is handed out."""
        handed, resumed = self._site(Kind.YIELD), self._site(Kind.RESUME)
        node.value = _call(handed, _load(CALLED), ast.Constant(None) if node.value is None else node.value)
        return _call(resumed, _load(CALLED), node)

    # what is known beforehand

    def _site(self, kind: Kind, **facts: object) -> Site:
        site = Site(len(self.sites.sites), kind, self._statement, **facts)  # type: ignore[arg-type]
        self.sites.sites.append(site)
        return site

    def _begin(self, node: ast.stmt) -> int:
        """A new statement: its line, its text, what it uses."""
        heads = list(_heads(node))
        last = max((one.end_lineno or node.lineno for one in heads), default=node.lineno)
        written = [line.strip() for line in self._lines[node.lineno - 1 : last]]
        written[0] = self._lines[node.lineno - 1].encode()[node.col_offset :].decode(errors="replace").strip()
        if not isinstance(node, (ast.If, ast.While, ast.For, ast.With, ast.Try, ast.Match)) and heads:
            end = node.end_col_offset
            if end is not None and node.end_lineno == node.lineno:
                line = self._lines[node.lineno - 1].encode()
                written[0] = line[node.col_offset : end].decode(errors="replace")
        loads = tuple(dict.fromkeys(name for head in heads for name in _loads(head)))
        return self._new_statement(node, last, " ".join(written), loads)

    def _new_statement(self, node: ast.stmt, last: int, text: str, loads: tuple[str, ...]) -> int:
        around = self._around
        assert around is not None
        number = len(self.sites.statements)
        self.sites.statements.append(
            StatementSite(
                number, node.lineno, last, text, around.function, tuple(around.loops), loads,
                alone=not (around.innermost or around.generator or isinstance(node, ast.While)),
            )
        )  # fmt: skip
        return number


class _Expressions(ast.NodeTransformer):
    """Hooks at the subscripts of an expression."""

    def __init__(self, rewriter: Rewriter, *, through: bool = False, named: bool = False) -> None:
        self._rewriter, self._through, self._named = rewriter, through, named

    def visit(self, node: ast.AST) -> Any:
        """What is outermost may lead on, or get a name; what is in it is read."""
        through, named, self._through, self._named = self._through, self._named, False, False
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            return self._rewriter.read(node, through=through, named=named)
        if isinstance(node, ast.Attribute) and node.attr in SHAPES:
            self._through = True
        return super().visit(node)

    def _comprehension(self, node: Comprehension) -> ast.AST:
        self.generic_visit(node)
        self._rewriter.elements(node)
        return node

    visit_ListComp = visit_SetComp = _comprehension  # noqa: N815  # the names that ast asks for
    visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        self.generic_visit(node)
        return self._rewriter.walrus(node)

    def visit_Yield(self, node: ast.Yield) -> ast.AST:
        self.generic_visit(node)
        return self._rewriter.yielded(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if (
            isinstance(node.func, ast.Name)
            and node.func.id in ("locals", "vars")
            and not (node.args or node.keywords)
        ):
            return ast.Call(_load(OWN), [node], [])
        return node


# what a tree tells


def _own(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of statements, those of functions and classes defined in them left out."""
    todo = list(body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            todo += ast.iter_child_nodes(node)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Call))


def _heads(node: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement, those of the statements in it left out."""
    for _, value in ast.iter_fields(node):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.expr):
                yield one
            elif isinstance(one, ast.withitem):
                yield one.context_expr


def _loads(node: ast.expr) -> Iterator[str]:
    """The names whose values an expression uses, other than by a subscript, in its order."""
    match node:
        case ast.Name(ctx=ast.Load()):
            yield node.id
        case ast.Attribute(attr=attr, value=inner):
            if attr in SHAPES:
                return
            if isinstance(node.ctx, ast.Load) and _chain(node):
                yield ast.unparse(node)
            yield from _loads(inner)
        case ast.Subscript(value=inner, slice=index):
            if not _chain(inner):
                yield from _loads(inner)
            yield from _loads(index)
        case ast.Call(func=ast.Name(id="len")):
            return
        case ast.Call(func=func):
            if isinstance(func, ast.Attribute):
                yield from _loads(func.value)
            for one in [*node.args, *(keyword.value for keyword in node.keywords)]:
                yield from _loads(one)
        case ast.Lambda():
            return
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield from _loads(child)
                elif isinstance(child, ast.comprehension):
                    yield from _loads(child.iter)


def _reachable(call: ast.Call) -> Iterator[str]:
    """The names by which a call may reach an array: what it is called on, and its arguments."""
    if isinstance(call.func, ast.Name) and call.func.id in ("exec", "eval"):
        yield EVERYTHING
    receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else [call.func]
    for one in [*receiver, *call.args, *(keyword.value for keyword in call.keywords)]:
        for node in ast.walk(one):
            if isinstance(node, ast.Name):
                yield node.id


def _chain(node: ast.expr) -> bool:
    """Whether it is a name, or attributes of one."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _subscripted(node: ast.expr) -> str:
    """What to call what is subscripted: as it is written."""
    return ast.unparse(node)


def _only_names(target: ast.expr) -> bool:
    if isinstance(target, ast.Starred):
        return _only_names(target.value)
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_only_names, target.elts))
    return isinstance(target, ast.Name)


def _names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Starred):
        yield from _names(target.value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for one in target.elts:
            yield from _names(one)


def _captured(pattern: ast.pattern) -> list[ast.expr]:
    found = (getattr(one, "name", None) or getattr(one, "rest", None) for one in ast.walk(pattern))
    return [_store(name) for name in found if isinstance(name, str)]


def _parameters(args: ast.arguments) -> tuple[str, ...]:
    every = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
    return tuple(one.arg for one in every if one is not None)


# pieces of a tree


def _copied(node: Any) -> Any:
    """A tree once more, which `copy.deepcopy` takes eight times as long for."""
    if isinstance(node, ast.AST):
        made = type(node)()
        made.__dict__.update({name: _copied(value) for name, value in node.__dict__.items()})
        return made
    return [_copied(one) for one in node] if isinstance(node, list) else node


def _name(word: str) -> str:
    return f"{PREFIX}{word}"


def _load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _store(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def _call(site: Site, *arguments: ast.expr, suffix: str = "") -> ast.Call:
    return ast.Call(_load(f"{PREFIX}{site.number}{suffix}"), list(arguments), [])


def _statement_call(site: Site, *arguments: ast.expr, suffix: str = "") -> ast.stmt:
    return ast.Expr(_call(site, *arguments, suffix=suffix))
