"""Which statements of a file run without `--run-all`: those that cannot plot, train or take long."""

from __future__ import annotations

import ast
import copy
import re
import textwrap
from collections.abc import Callable, Iterator

from convstep.candidate.load import names
from convstep.candidate.load.parsing import parse_quietly


def words(text: str) -> frozenset[str]:
    """Those of a text."""
    return frozenset(text.split())


_BUILTINS = words(
    "abs bool bytes callable classmethod complex dict enumerate float frozenset getattr globals hasattr int "
    "isinstance len list locals max min object pow property range reversed round set slice sorted "
    "staticmethod str sum super tuple type xrange zip"
)
_ANYWHERE = words(
    "namedtuple NamedTuple TypedDict NewType TypeVar TypeVarTuple ParamSpec Enum IntEnum defaultdict "
    "OrderedDict Counter deque partial lru_cache cache Path getLogger device Fraction Decimal itemgetter "
    "attrgetter cast getenv is_available SimpleNamespace RandomState default_rng SeedSequence PCG64 Random"
)
"""Calls that only make a value, whatever module they are taken from."""
_OF_ARRAYS = words(
    "array asarray arange linspace zeros ones full empty eye identity zeros_like ones_like tensor finfo "
    "iinfo dtype float16 float32 float64 int8 int16 int32 int64 uint8 bool_ sqrt exp log prod vectorize "
    "deg2rad rot90 flip transpose reshape power outer"
)
_ARRAY_MODULES = frozenset({"np", "numpy", "torch", "onp", "jnp", "cp"})
_METHODS = words(
    "reshape astype copy split join format lower upper strip replace transpose keys values items get flatten "
    "startswith endswith float double long t tolist"
)
"""Methods of strings, dictionaries and arrays that only give another value."""

_PATH_CALLS = words(
    "abspath dirname join realpath normpath expanduser getcwd Path resolve str cwd parent as_posix"
)

_SIMPLE_NODES = tuple(
    getattr(ast, name)
    for name in words(
        "Constant Name Attribute Subscript Slice Starred Tuple List Set Dict BinOp UnaryOp BoolOp Compare "
        "IfExp JoinedStr FormattedValue ListComp SetComp DictComp GeneratorExp comprehension keyword "
        "operator unaryop boolop cmpop expr_context"
    )
)
"""What a value may be written with."""


def is_simple(node: ast.AST, is_record: Callable[[str], bool]) -> bool:
    """Whether evaluating this gives a value and does nothing else.

    `is_record` says whether a name is a class that only holds values: a dataclass, a named tuple.
    """
    if isinstance(node, ast.Lambda):
        return True
    if isinstance(node, ast.Call):
        if not _is_harmless_call(node.func, is_record):
            return False
    elif not isinstance(node, _SIMPLE_NODES):
        return False
    return all(is_simple(child, is_record) for child in ast.iter_child_nodes(node))


def _is_harmless_call(function: ast.expr, is_record: Callable[[str], bool]) -> bool:
    if isinstance(function, ast.Name):
        # Python 2's division is a call of ours
        name = function.id
        return name in _BUILTINS or name in _ANYWHERE or name.startswith("__py2_") or is_record(name)
    if not isinstance(function, ast.Attribute):
        return False
    owner, name = dotted(function.value), function.attr
    if owner is None:
        return name in _METHODS
    return (
        name in _ANYWHERE
        or name in _METHODS
        or (owner in _ARRAY_MODULES and name in _OF_ARRAYS)
        or owner in ("math", "os.path", "operator")
    )


def dotted(node: ast.expr) -> str | None:
    """`os.path` for the expression `os.path`; None for what is more than names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value)) is not None:
        return f"{owner}.{node.attr}"
    return None


def is_path_change(node: ast.stmt) -> bool:
    """`sys.path.append(...)` and its like: the imports that follow need it."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    called = node.value
    if dotted(called.func) not in ("sys.path.append", "sys.path.insert", "sys.path.extend"):
        return False
    inner = [call for argument in called.args for call in ast.walk(argument) if isinstance(call, ast.Call)]
    return all((dotted(call.func) or "").rpartition(".")[2] in _PATH_CALLS for call in inner)


def is_notebook_call(node: ast.stmt) -> bool:
    """`get_ipython().magic(...)`, as a notebook exports its commands."""
    names = (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
    return isinstance(node, ast.Expr) and "get_ipython" in names


def is_main_guard(node: ast.If) -> bool:
    """`if __name__ == "__main__":`."""
    return any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))


def bound_names(node: ast.AST) -> Iterator[str]:
    """The names that a statement would give a value in its own scope."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
        return
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    for child in ast.iter_child_nodes(node):
        yield from bound_names(child)


def target_roots(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[tuple[str | None, bool]]:
    """For each target the name it starts at, and whether it is that name itself.

    `a.b[0] = ...` starts at `a` and is not `a` itself.
    """
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        yield from _roots(target)


def _roots(target: ast.expr) -> Iterator[tuple[str | None, bool]]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from _roots(part)
    elif isinstance(target, ast.Name):
        yield target.id, True
    elif isinstance(target, ast.Starred):
        yield from _roots(target.value)
    else:
        while isinstance(target, (ast.Attribute, ast.Subscript)):
            target = target.value
        yield (target.id if isinstance(target, ast.Name) else None), False


def is_stub(text: str) -> bool:
    """Whether a function, or every backward of a class, is not written yet.

    It only says so (`pass`, `...`, `raise NotImplementedError`), or returns names that are None until then.
    """
    try:
        (node,) = parse_quietly(textwrap.dedent(text)).body
    except (SyntaxError, ValueError):  # a lambda in the middle of something, or Python 2
        return False
    if isinstance(node, ast.ClassDef):
        methods = [each for each in node.body if names.looks_backward(getattr(each, "name", ""))]
        return bool(methods) and all(map(_is_unwritten, methods))
    return _is_unwritten(node)


def _is_unwritten(node: ast.stmt) -> bool:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    empty: set[str] = set()
    given = {each.arg for each in (*node.args.posonlyargs, *node.args.args)}

    def is_none(value: ast.expr | None) -> bool:
        if isinstance(value, (ast.Tuple, ast.List)):
            return all(map(is_none, value.elts))
        if isinstance(value, ast.Name):
            return value.id in empty
        return value is None or (isinstance(value, ast.Constant) and value.value is None)

    for each in node.body:
        if isinstance(each, ast.Assign) and is_none(each.value):
            empty |= set(bound_names(each))
        elif isinstance(each, ast.Assign):  # `x, w, b, conv_param = cache` is written for the author
            if not (isinstance(each.value, ast.Name) and each.value.id in given):
                return False
            empty -= set(bound_names(each))
        elif isinstance(each, ast.Return):
            if not is_none(each.value):
                return False
        elif isinstance(each, ast.Raise):
            return each.exc is not None and ast.unparse(each.exc).startswith("NotImplemented")
        elif not (isinstance(each, ast.Pass) or isinstance(getattr(each, "value", None), ast.Constant)):
            return False
    return True


_REGISTERS = re.compile(r"_*(register|def(?!ault)|declare|install|bind|attach|connect|hook|add|set|override)")
"""What calls are named that tell a part of the candidate about another."""
_REGISTERS_ALONE = re.compile(r"_*(register|install|bind|attach|hook)")
"""Those of them that need not be given anything: `register_all()`."""
_WRAPS = re.compile(r"wrap|primitive|decorat|regist|vectoriz|jit|compile|differentiable|implement", re.I)
"""What decorators are named that are called as functions: `conv = primitive(conv)`."""
_FILLS = words("append extend update insert setdefault add")
_DECLARES = words("define impl")
"""How a `torch.library.Library` is told of its operators."""
_LISTS = words("vars dir getattr getmembers items keys values import_module signature")
"""Calls that say what there is."""


class Registering:
    """Recognises what tells parts of the candidate about each other: `op.defvjp(...)`, `setattr(Op, ...)`.

    Such calls train, print and plot nothing, and without them its operators do not know their backward.
    """

    def __init__(
        self,
        is_part: Callable[[str], bool],
        is_constant: Callable[[str], bool],
        is_simple: Callable[[ast.expr], bool],
    ) -> None:
        """Be told which names are parts of the candidate or constants, and which expressions values."""
        self._is_part, self._is_constant, self._is_simple = is_part, is_constant, is_simple
        self._looped: set[str] = set()
        """Names that a loop over parts of the candidate gives a value."""

    def runs(self, node: ast.stmt) -> bool:
        """Whether a statement does nothing but that."""
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Call) and self._call(node.value)
        if isinstance(node, ast.For):
            return self._loop(node)
        if isinstance(node, ast.If):
            return self._listed(node.test) and all(map(self.runs, (*node.body, *node.orelse)))
        if isinstance(node, ast.Assign):
            return self._assignment(node)
        return isinstance(node, (ast.Pass, ast.Continue, ast.FunctionDef))

    def _loop(self, node: ast.For) -> bool:
        if not self._listed(node.iter):
            return False
        self._looped |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
        works = any(
            isinstance(each, (ast.Call, ast.Assign)) for inner in node.body for each in ast.walk(inner)
        )
        return works and not node.orelse and all(map(self.runs, node.body))

    def _assignment(self, node: ast.Assign) -> bool:
        """`Op.conv = wrapped(conv)`, `conv = primitive(conv)`, and in a loop any value for a name."""
        roots = list(target_roots(node))
        if self._looped and self._listed(node.value):
            return all(whole or self._owns(root) or self._is_constant(root or "") for root, whole in roots)
        called = node.value
        if not isinstance(called, ast.Call):
            return False
        name = (dotted(called.func) or "").rpartition(".")[2]
        if name == "Library" and self._listed(called.func) and all(map(self._listed, _arguments(called))):
            return all(whole for _, whole in roots)
        if not self._given_own(called):
            return False
        makes = bool(_WRAPS.search(name)) or (name[:1].isupper() and self._owns(name))
        return makes and all(whole or self._owns(root) for root, whole in roots)

    def _call(self, node: ast.Call) -> bool:
        name = dotted(node.func)
        if name is None:
            inner = node.func  # `register("conv")(Conv)`
            return isinstance(inner, ast.Call) and self._call(inner) and self._given_own(node)
        root, last = name.partition(".")[0], name.rpartition(".")[2]
        if not all(map(self._listed, _arguments(node))):
            return False
        if last in _DECLARES and self._is_constant(root):
            return True
        if name != last and last in _FILLS and (self._is_constant(root) or self._owns(root)):
            return True
        if _REGISTERS_ALONE.match(last) and self._owns(root):
            return True
        return _REGISTERS.match(last) is not None and self._given_own(node)

    def _given_own(self, node: ast.Call) -> bool:
        """Whether a part of the candidate, or a function written on the spot, is an argument."""
        for argument in _arguments(node):
            for each in ast.walk(argument):
                if isinstance(each, ast.Lambda) or (isinstance(each, ast.Name) and self._owns(each.id)):
                    return all(map(self._listed, _arguments(node)))
        return False

    def _owns(self, name: str | None) -> bool:
        return name is not None and (name in self._looped or self._is_part(name))

    def _listed(self, node: ast.expr) -> bool:
        """Whether an expression is a value, or says what there is, or makes a part of the candidate."""
        node = _WithoutLambdas().visit(copy.deepcopy(node))
        for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
            name = dotted(call.func) or ""
            last = name.rpartition(".")[2]
            made = last[:1].isupper() and self._owns(name.partition(".")[0])
            of = _WithoutCalls().visit(copy.deepcopy(call.func))  # `vars(ops).copy().items()`
            if not (last in _LISTS or made or self._is_simple(ast.Call(of, [], []))):
                return False
        return self._is_simple(_WithoutCalls().visit(node))


class _WithoutLambdas(ast.NodeTransformer):
    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Nothing in it runs now."""
        return ast.Constant(None)


class _WithoutCalls(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        """What it is given, as a tuple."""
        return ast.Tuple([self.visit(each) for each in _arguments(node)], ast.Load())


def _arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)]
