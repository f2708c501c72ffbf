"""Rewriting: a syntax tree with hooks; every expression is evaluated once, in Python's order."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from convstep.recording import trees
from convstep.recording.expressions import Comprehension, hooked
from convstep.recording.indices import index_of
from convstep.recording.purity import Purity
from convstep.recording.sites import FunctionSite, Kind, LoopSite, Site, Sites, StatementSite
from convstep.recording.source import head_end, on_one_line
from convstep.recording.sweeps import Sweep, makers, noted_at, sweep_of, swept
from convstep.recording.trees import CALLED, FORGET, LOCALS, PREFIX, SHAPES, load, statement_call, store

PARTS = frozenset({"flat", "real", "imag"})
"""Attributes of an array that set its cells."""
OPERATORS = {
    ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/=", ast.FloorDiv: "//=", ast.Mod: "%=",
    ast.Pow: "**=", ast.MatMult: "@=", ast.BitAnd: "&=", ast.BitOr: "|=", ast.BitXor: "^=",
    ast.LShift: "<<=", ast.RShift: ">>=",
}  # fmt: skip
"""How they are written."""
_Loop = ast.For | ast.While


@dataclass(slots=True)
class Around:
    """What a statement stands in."""

    function: int
    generator: bool
    loops: list[int] = field(default_factory=list)
    """The loops around it, outermost first."""
    innermost: bool = False
    """Whether the last of them has no loop in it."""
    swept: bool = False
    """Whether hooks are called there only where something is unusual."""


class Rewriter:
    """Rewrites functions of one source; what it found stands in `sites`."""

    def __init__(self, lines: Sequence[str], purity: Purity) -> None:
        """Nothing is rewritten yet; the first of the lines is line 1 of the trees."""
        self.sites = Sites()
        """What was found."""
        self.sweeps: list[Sweep] = []
        """The loops in it that need no hooks in their turns."""
        self._lines, self._purity = lines, purity
        self._around: Around | None = None
        self._statement = -1

    def function(self, node: ast.FunctionDef, name: str) -> ast.FunctionDef:
        """The function with hooks, called `Conv.backward`; decorators and defaults stay as they are."""
        node = trees.copied(node)
        outer, outer_statement = self._around, self._statement
        generator = any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in trees.own(node.body))
        number = len(self.sites.functions)
        self.sites.functions.append(
            FunctionSite(number, name, node.lineno, node.end_lineno or node.lineno, (), -1, -1, generator)
        )
        self._around = Around(number, generator)
        self._statement = self._new_statement(node, node.lineno, f"def {node.name}", ())
        names = trees.parameters(node.args)
        call = self._site(Kind.CALL, names=names, function=number)
        leave = self._site(Kind.RETURN, function=number)
        self.sites.functions[number] = replace(
            self.sites.functions[number], parameters=names, call=call.number, leave=leave.number
        )
        docstring = node.body[:1] if ast.get_docstring(node, clean=False) is not None else []
        scopes = [one for one in node.body if isinstance(one, (ast.Global, ast.Nonlocal))]
        body = self._block([one for one in node.body[len(docstring) :] if one not in scopes])
        begun = statement_call(call, *map(load, names))
        token = list[ast.expr]()
        if generator:  # several may be under way at once
            begun = ast.Assign([store(CALLED)], trees.call(call, *map(load, names)), lineno=node.lineno)
            token = [load(CALLED)]
        left = ast.Try([*body] or [ast.Pass()], [], [], [statement_call(leave, *token)])
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
                given = trees.name(f"given_{node.lineno}")
                handed = ast.Expr(ast.Yield(load(given)))
                loop = ast.For(store(given), inner, [handed], [], lineno=node.lineno)
                for one in (handed, handed.value, loop):
                    ast.copy_location(one, node)
                return self._rewritten(ast.fix_missing_locations(loop))
            case ast.Expr(value=ast.Await()) | ast.Pass() | ast.Break() | ast.Continue():
                return [node]
        self._statement = self._begin(node)
        match node:
            case ast.Expr(value=ast.Call()) if self.sites.statements[self._statement].loads:
                return [*self._compound(node), statement_call(self._site(Kind.USE))]
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
                site = self._site(Kind.BIND, text="return", value=trees.text(value))
                node.value = trees.call(site, self._value(value))
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
                    binds = self._binds(*trees.captured(case.pattern))
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
        text = trees.text(value)
        named = all(isinstance(target, ast.Name) for target in targets)
        new = self._value(value, named=named)
        if all(trees.only_names(target) for target in targets):
            return [ast.Assign([*targets], new, lineno=node.lineno), *self._binds(*targets, value=text)]
        if len(targets) == 1 and isinstance(targets[0], ast.Subscript):
            site, array, holes = self._place(targets[0], text, "=")
            return [statement_call(site, new, array, *holes)]
        given = trees.name("value")
        found: list[ast.stmt] = [ast.Assign([store(given)], new, lineno=node.lineno)]
        for target in targets:
            found += self._put(target, given, text)
        return found

    def _put(self, target: ast.expr, given: str, text: str) -> list[ast.stmt]:
        """A value, which has a name of ours, to one target."""
        match target:
            case ast.Subscript():
                site, array, holes = self._place(target, text, "=")
                return [statement_call(site, load(given), array, *holes)]
            case ast.Attribute(attr=attr) if attr in PARTS:
                return self._compared(target, ast.Assign([target], load(given), lineno=target.lineno))
            case ast.Attribute() if trees.chain(target):
                put = ast.Assign([target], load(given), lineno=target.lineno)
                if target.attr in SHAPES:
                    return self._reshaped(target, put, text)
                bound = self._site(Kind.BIND, text=trees.text(target), value=text)
                target.value = self._value(target.value, plain=True)
                return [put, statement_call(bound, load(given))]
            case ast.Tuple() | ast.List() if not trees.only_names(target):
                inner = [
                    trees.name(f"item{number}_{target.lineno}_{target.col_offset}")
                    for number in range(len(target.elts))
                ]
                stores: list[ast.expr] = [
                    ast.Starred(store(name), ast.Store()) if isinstance(one, ast.Starred) else store(name)
                    for name, one in zip(inner, target.elts, strict=True)
                ]
                found: list[ast.stmt] = [
                    ast.Assign([ast.Tuple(stores, ast.Store())], load(given), lineno=target.lineno)
                ]
                for name, one in zip(inner, target.elts, strict=True):
                    found += self._put(one.value if isinstance(one, ast.Starred) else one, name, text)
                return found
        return [ast.Assign([target], load(given), lineno=target.lineno), *self._binds(target)]

    def _reshaped(self, target: ast.Attribute, put: ast.stmt, text: str) -> list[ast.stmt]:
        """A statement that lets an array look at its memory otherwise: `x.shape = 2, 3`."""
        owner, bound = trees.name("owner"), self._site(Kind.BIND, text=trees.text(target.value), value=text)
        kept = ast.Assign([store(owner)], target.value, lineno=target.lineno)
        target.value = load(owner)
        memory = ast.keyword("memory", ast.Constant(target.attr not in ("shape", "strides")))
        told = ast.Expr(ast.Call(load(FORGET), [load(owner)], [memory]))
        return [kept, told, put, statement_call(bound, load(owner))]

    def _compared(self, target: ast.Attribute, put: ast.stmt) -> list[ast.stmt]:
        """A statement that sets cells by an attribute of an array: `x.flat = 0`."""
        names = tuple(one.id for one in trees.walk(target) if isinstance(one, ast.Name))
        site = self._site(Kind.SCATTERED, text=trees.text(target), operator="=", names=names)
        begun = trees.call(site, ast.Call(load(LOCALS), [], []), suffix="b")
        kept = trees.name("contents")
        after = statement_call(site, load(kept), ast.Constant(None), suffix="a")
        return [ast.Assign([store(kept)], begun, lineno=target.lineno), put, after]

    def _augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        text, operator = trees.text(node.value), OPERATORS[type(node.op)]
        given, held = trees.name("value"), trees.name("held")
        match node.target:
            case ast.Subscript():
                assert self._around is not None
                known = isinstance(node.target.value, ast.Name) and not self._around.swept
                if known and all(map(self._runs_nothing, trees.walk(node.value))):
                    other = trees.copied(node)
                    site, array, holes = self._place(node.target, text, operator)
                    # looking at cells of an array has no effect that somebody could miss
                    kind = ast.Call(load(f"{PREFIX}type"), [trees.copied(node.target.value)], [])
                    is_array = ast.Compare(kind, [ast.Is()], [load(f"{PREFIX}ndarray")])
                    change = statement_call(site, array, *holes, self._value(node.value))
                    return [ast.If(is_array, [change], self._in_order(other, text, operator))]
                return self._in_order(node, text, operator)
            case ast.Name() | ast.Attribute():
                target = node.target
                prepared = []
                if isinstance(target, ast.Attribute):
                    if not trees.chain(target):
                        node.value = self._value(node.value)
                        return [node]
                    owner = trees.name("owner")
                    prepared = [
                        ast.Assign([store(owner)], self._value(target.value, plain=True), lineno=node.lineno)
                    ]
                    get: ast.expr = ast.Attribute(load(owner), target.attr, ast.Load())
                    put: ast.expr = ast.Attribute(load(owner), target.attr, ast.Store())
                else:
                    get, put = load(target.id), target
                name = trees.text(target)
                site = self._site(Kind.WHOLE, text=name, value=text, operator=operator)
                bound = self._site(Kind.BIND, text=name, value=text)
                return [
                    *prepared,
                    ast.Assign([store(held)], get, lineno=node.lineno),
                    ast.Assign([store(given)], self._value(node.value), lineno=node.lineno),
                    statement_call(site, load(held), suffix="b"),
                    ast.AugAssign(store(held), node.op, load(given)),
                    ast.Assign([put], load(held), lineno=node.lineno),
                    statement_call(site, load(held), suffix="a"),
                    statement_call(bound, load(held)),
                ]
        raise AssertionError("no other target is augmented")

    def _in_order(self, node: ast.AugAssign, text: str, operator: str) -> list[ast.stmt]:
        """A subscript that is changed, in Python's order: the right side may itself run what is noted."""
        assert isinstance(node.target, ast.Subscript)
        held = trees.name("held")
        site, array, holes = self._place(node.target, text, operator)
        names = [trees.name("array"), *(trees.name(f"at{number}") for number in range(len(holes)))]
        place = index_of(node.target.slice).rebuilt(list(map(load, names[1:])))
        looked_up = ast.Subscript(load(names[0]), place, ast.Load())
        return [
            *(
                ast.Assign([store(name)], value, lineno=node.lineno)
                for name, value in zip(names, [array, *holes], strict=True)
            ),
            ast.Assign([store(held)], looked_up, lineno=node.lineno),
            statement_call(site, *map(load, names), load(held), self._value(node.value), suffix="h"),
        ]

    def _place(
        self, target: ast.Subscript, value: str, operator: str
    ) -> tuple[Site, ast.expr, list[ast.expr]]:
        """Where a subscript writes: its site, the array, and what its index leaves open."""
        index = index_of(target.slice)
        site = self._site(
            Kind.WRITE, text=trees.text(target.value), value=value, operator=operator,
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
        innermost = not any(isinstance(one, (ast.For, ast.While)) for one in trees.own([*node.body]))
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
        target, given = node.target, trees.name(f"turn_{node.lineno}_{node.col_offset}")
        plain = trees.only_names(target)
        sweep = sweep_of(node)
        before = node if sweep is None else trees.copied(node)
        loop, inside = self._loop(node, tuple(trees.names(target)) if plain else ())
        inside.swept = sweep is not None
        # its own line is noted when it is entered, and its variables at every turn
        iterable = self._value(node.iter)
        node.iter = trees.call(self.sites.sites[loop.enter], iterable)
        first: list[ast.stmt] = [statement_call(self.sites.sites[loop.turn], *map(load, loop.names))]
        if not plain:
            first += self._put(target, given, given)
            node.target = store(given)
        made, ended = self._around_body(node, loop, inside, first)
        if sweep is None:
            return [made, ended]
        sweep.turn, first_statement = loop.turn, self._statement + 1
        for number, cells in enumerate(sweep.cells, first_statement):
            own = [site for site in self.sites.sites[loop.exit :] if site.statement == number]
            sweep.sites.append(noted_at(own, cells))
        sweep.makers = makers(sweep)
        self.sweeps.append(sweep)
        return [*swept(sweep, before, node), ended]

    def _while(self, node: ast.While) -> list[ast.stmt]:
        loop, inside = self._loop(node, ())
        # it gives None, so that what counts is the condition
        looked_at = trees.call(self._site(Kind.CHECK, loop=loop.number))
        node.test = ast.BoolOp(ast.Or(), [looked_at, self._value(node.test)])
        found = self._around_body(node, loop, inside, [statement_call(self.sites.sites[loop.turn])])
        return [statement_call(self.sites.sites[loop.enter], ast.Constant(None)), *found]

    def _around_body(
        self, node: _Loop, loop: LoopSite, inside: Around, first: list[ast.stmt]
    ) -> list[ast.stmt]:
        outer, head = self._around, self._statement
        self._around = inside
        node.body = [*first, *self._block(node.body)]
        self._around = outer
        node.orelse = self._block(node.orelse)
        self._statement = head
        return [node, statement_call(self.sites.sites[loop.exit])]

    # expressions

    def _value(
        self, node: ast.expr, *, named: bool = False, plain: bool = False, through: bool = False
    ) -> ast.expr:
        """An expression with hooks at its subscripts, and around it if a call in it may change an array.

        If it is `named`, a view is no reading; a `plain` one is part of another, which is compared around if
        need be; one that leads `through` leads to a subscript only.
        """
        calls = [] if plain else [one for one in trees.calls(node) if self._purity.changes(one)]
        new = hooked(self, node, through=through, named=named)
        if not calls:
            return new
        names = tuple(dict.fromkeys(name for call in calls for name in trees.reachable(call)))
        site = self._site(
            Kind.SCATTERED, text=", ".join(map(ast.unparse, calls)), operator="call", names=names
        )
        begun = trees.call(site, ast.Call(load(LOCALS), [], []), suffix="b")
        return trees.call(site, begun, new, suffix="a")

    def _binds(self, *targets: ast.expr, value: str = "") -> list[ast.stmt]:
        names = dict.fromkeys(name for target in targets for name in trees.names(target))
        return [statement_call(self._site(Kind.BIND, text=name, value=value), load(name)) for name in names]

    def read(self, node: ast.Subscript, *, through: bool, named: bool) -> ast.expr:
        """A subscript that is read."""
        index = index_of(node.slice)
        site = self._site(
            Kind.READ, text=trees.text(node.value), template=index.template, single=index.single,
            through=through, named=named, value=trees.text(node),
        )  # fmt: skip
        array = hooked(self, node.value, through=True)
        return trees.call(site, array, *(hooked(self, hole) for hole in index.holes))

    def elements(self, node: Comprehension) -> None:
        """A comprehension turns as a loop does, where it stands in no innermost one."""
        around = self._around
        if around is None or around.innermost or around.generator:
            return
        names = tuple(name for one in node.generators for name in trees.names(one.target))
        number, first = len(self.sites.loops), node.generators[0]
        enter = self._site(Kind.ENTER, loop=number)
        made = self._site(Kind.ELEMENT, loop=number, names=names)
        self.sites.loops.append(LoopSite(number, names, node.lineno, True, enter.number, made.number, -1))
        alone = len(node.generators) == 1 and not first.ifs
        first.iter = trees.call(enter, first.iter) if alone else trees.call(enter, first.iter, suffix="u")
        arguments = list(map(load, names))
        if isinstance(node, ast.DictComp):
            node.value = trees.call(made, node.value, *arguments)
        else:
            node.elt = trees.call(made, node.elt, *arguments)

    def walrus(self, node: ast.NamedExpr) -> ast.expr:
        """`(n := value)`."""
        return trees.call(self._site(Kind.BIND, text=node.target.id), node)

    def yielded(self, node: ast.Yield) -> ast.expr:
        """What is handed out."""
        handed, resumed = self._site(Kind.YIELD), self._site(Kind.RESUME)
        node.value = trees.call(
            handed, load(CALLED), ast.Constant(None) if node.value is None else node.value
        )
        return trees.call(resumed, load(CALLED), node)

    # what is known beforehand

    def _site(self, kind: Kind, **facts: object) -> Site:
        site = Site(len(self.sites.sites), kind, self._statement, **facts)  # type: ignore[arg-type]
        self.sites.sites.append(site)
        return site

    def _begin(self, node: ast.stmt) -> int:
        """A new statement: its line, its text, what it uses."""
        heads, last = list(trees.heads(node)), head_end(node)
        written = [line.encode() for line in self._lines[node.lineno - 1 : last]]
        if last == node.end_lineno and not hasattr(node, "body"):
            written[-1] = written[-1][: node.end_col_offset]
        written[0] = written[0][node.col_offset :]
        text = on_one_line([line.decode(errors="replace") for line in written])
        loads = tuple(dict.fromkeys(name for head in heads for name in trees.loads(head)))
        return self._new_statement(node, last, text, loads)

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
