"""Recorder: runs a function once with hooks in its code, and in that of what it calls of the same file."""

from __future__ import annotations

import ast
import contextlib
import gc
import inspect
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_
from types import MappingProxyType
from typing import Any

from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import error_text
from convstep.recording import trees
from convstep.recording.addresses import root_of
from convstep.recording.hooks import hooks
from convstep.recording.limits import Enough, Limits
from convstep.recording.log import Ended, Log
from convstep.recording.purity import Purity
from convstep.recording.reach import named_arrays
from convstep.recording.registry import Registry
from convstep.recording.rewrite import Rewriter
from convstep.recording.source import Definition, Source
from convstep.recording.trees import PREFIX
from convstep.steps.cells import cell_text, check_index

Edited = Mapping[str, Mapping[tuple[int, ...], Any]]
"""By what the function reaches an array, `cache['W']`, and by index: what a cell shall hold."""


class RecordingError(ValueError):
    """A function cannot be recorded; the message is one sentence."""


@dataclass(slots=True)
class Run:
    """What came of running a function with hooks."""

    source: Source
    name: str
    """What the file calls it: `Conv.backward`."""
    log: Log
    result: Any = None
    """What it returned; of a generator a list of what it yielded, unless it returned something."""
    error: BaseException | None = field(default=None, repr=False)


def run(
    function: Callable[..., Any],
    arguments: Sequence[Any] = (),
    keywords: Mapping[str, Any] | None = None,
    *,
    source: Source | None = None,
    limits: Limits = Limits(),  # noqa: B008  # it cannot be changed
    numbers: Edited = MappingProxyType({}),  # nor can it
) -> Run:
    """Run a function, written in Python, with hooks; what it raises ends the recording, not the caller.

    It is called with these very objects; `source` has other lines than Python knows; `numbers` are what
    cells of its arrays hold when it begins. RecordingError: no source, or no such cell; one sentence.
    """
    target = function_of(function)
    source = source or source_of(target)
    definition = source.definition(target.__code__)
    if definition is None:
        words = "{name} is no `def` in {path}; only functions can be recorded"
        complaint = tr(words, name=target.__name__, path=source.text.path)
        raise RecordingError(complaint)
    followed = _followed(target, source)
    rewritten = _rewritten(target, followed, source)
    log = Log(rewritten.rewriter.sites)
    registry = Registry(log, limits)
    registry.globals = target.__globals__
    run = Run(source, definition.name, log)
    keywords = keywords or {}
    owner, given = _given(function, target, arguments, keywords)
    _put(numbers, given)
    for name, value in given.items():
        # what a method does to its own object is what it is for
        registry.give(name, value, of_caller=name != owner)
    codes = [*zip(followed, rewritten.codes, strict=True)]
    made = hooks(rewritten.rewriter.sites, rewritten.rewriter.sweeps, registry)
    with swapped(codes, made), uncollected():
        try:
            result = function(*arguments, **keywords)
            run.result = _drained(result) if inspect.isgenerator(result) else result
        except Enough as enough:
            log.ended = Ended("budget", str(enough), _line(enough, source.text.path))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and registry.allowance.stopped is None:
                raise
            run.error = error
            log.ended = Ended("raised", error_text(error), _line(error, source.text.path))
    registry.finish()
    log.unseen = registry.unseen()
    if registry.allowance.stopped is not None and (log.ended is None or log.ended.kind != "budget"):
        log.ended = Ended("budget", str(registry.allowance.stopped), 0)  # somebody has caught it
    return run


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """While this lasts, nobody looks for garbage: a log has millions of parts, and none of them is any.

    Nor does anybody after it: what was made meanwhile counts as old. Otherwise the next new object would have
    all of it looked through, which takes a quarter of the time of the run.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if not gc.get_freeze_count():  # else what somebody has put aside would be taken back
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _drained(generator: Any) -> Any:
    """Everything that a generator yields, unless it returns something."""
    found = list[Any]()
    while True:
        try:
            found.append(next(generator))
        except StopIteration as end:
            return found if end.value is None else end.value


def function_of(function: Any) -> types.FunctionType:
    """The function in which a call of something begins; raises RecordingError: none is written in Python."""
    found = inspect.unwrap(function)
    if isinstance(found, type):
        found = getattr(found, "__init__")  # noqa: B009  # of this very class
    elif not isinstance(found, (types.FunctionType, types.MethodType)) and callable(found):
        found = type(found).__call__
    found = inspect.unwrap(getattr(found, "__func__", found))
    if isinstance(found, types.FunctionType):
        return found
    name = getattr(function, "__name__", None) or type(function).__name__
    raise RecordingError(tr("{name} is not written in Python, so its lines cannot be stepped", name=name))


def source_of(function: types.FunctionType) -> Source:
    """The file of a function, as Python knows it. Raises RecordingError: it is not known; one sentence."""
    path = function.__code__.co_filename
    try:
        source = Source.read(path)
    except SyntaxError as error:
        raise RecordingError(
            tr("{path} is no Python any more: {reason}", path=path, reason=error.msg)
        ) from None
    if source is None:
        raise RecordingError(
            tr("the source of {name} is not known; define it in a file or a notebook", name=function.__name__)
        )
    return source


def _followed(target: types.FunctionType, source: Source) -> dict[types.FunctionType, Definition]:
    """The function and what it may call, directly or not, of the same file."""
    offered: dict[str, list[types.FunctionType]] = {}
    for one in _functions(target.__globals__, source.text.path, target.__code__.co_filename):
        offered.setdefault(one.__name__, []).append(one)
    found, todo, seen = dict[types.FunctionType, Definition](), [target], set[str]()
    while todo:
        one = todo.pop()
        where = source.definition(one.__code__)
        if where is None or one in found:
            continue
        found[one] = where
        for name in _mentioned(one.__code__) - seen:
            seen.add(name)
            todo += offered.get(name, [])
            value = target.__globals__.get(name)
            if isinstance(value, type):
                # what an operator calls has no name in the source
                todo += [
                    one for name, those in offered.items() if re.fullmatch("__.*__", name) for one in those
                ]
        todo += [cell.cell_contents for cell in one.__closure__ or () if _is_function(cell)]
    return found


def _is_function(cell: types.CellType) -> bool:
    with contextlib.suppress(ValueError):  # an empty one
        return isinstance(cell.cell_contents, types.FunctionType)
    return False


def _functions(namespace: Mapping[str, Any], *paths: str) -> Iterator[types.FunctionType]:
    """The functions and methods of a namespace that are written in one file."""
    for value in list(namespace.values()):
        members = list(vars(value).values()) if isinstance(value, type) else [value]
        for member in members:
            if isinstance(member, property):
                member = member.fget
            member = getattr(member, "__func__", member)
            with contextlib.suppress(Exception):  # somebody's own object may answer anything
                member = inspect.unwrap(member)
            if isinstance(member, types.FunctionType) and member.__code__.co_filename in paths:
                yield member


def _mentioned(code: types.CodeType) -> set[str]:
    """The names that code, and the functions in it, use."""
    inner = (one for one in code.co_consts if isinstance(one, types.CodeType))
    return {*code.co_names, *code.co_freevars}.union(*map(_mentioned, inner))


def _names(followed: Mapping[types.FunctionType, Definition]) -> frozenset[str]:
    """What the followed functions, and those defined in them, can be called by."""
    names = set[str]()
    for where in followed.values():
        names |= {
            one.name for one in trees.walk(where.node) if isinstance(one, (ast.FunctionDef, ast.ClassDef))
        }
        if where.node.name == "__init__":
            names |= {one.name for one in where.around}
    return frozenset(names)


@frozen()
class _Rewritten:
    """Functions with hooks, kept for the next time that they are recorded."""

    own: tuple[types.CodeType, ...]
    """Their own code."""
    namespace: Mapping[str, Any]
    """Where it finds its names."""
    source: Source
    purity: Purity
    rewriter: Rewriter
    codes: tuple[types.CodeType, ...]
    """Their code with hooks."""


_KEPT: dict[int, _Rewritten] = {}
"""By the `id` of a function's own code."""
MOST_KEPT = 16
"""Of those."""


def _rewritten(
    target: types.FunctionType, followed: Mapping[types.FunctionType, Definition], source: Source
) -> _Rewritten:
    """Functions with hooks; recorded again, they need not be rewritten anew."""
    own, kept = tuple(one.__code__ for one in followed), _KEPT.get(id(target.__code__))
    if (
        kept is not None
        and (kept.namespace is target.__globals__ and kept.source is source)
        and (len(kept.own) == len(own) and all(map(is_, kept.own, own)))
        and kept.purity.still_holds()
    ):
        return kept
    purity = Purity(target.__globals__, _names(followed))
    rewriter = Rewriter(source.text.lines, purity)
    codes = tuple(code_of(one, where, rewriter, source) for one, where in followed.items())
    if len(_KEPT) >= MOST_KEPT:
        _KEPT.clear()
    _KEPT[id(target.__code__)] = made = _Rewritten(own, target.__globals__, source, purity, rewriter, codes)
    return made


def code_of(
    function: types.FunctionType, where: Definition, rewriter: Rewriter, source: Source
) -> types.CodeType:
    """The code of a function with hooks, in the place of its own."""
    node = rewriter.function(where.node, where.name)
    node.decorator_list = []
    body: ast.stmt = node
    for outer in reversed([one for one in where.around if isinstance(one, ast.ClassDef)][-1:]):
        # a class around it gives private names their long form, and super() its cell
        body = ast.ClassDef(outer.name, [], [], [body], [])
    free = [name for name in function.__code__.co_freevars if name != "__class__"]
    arguments = ast.arguments([], [ast.arg(name) for name in free], None, [], [], None, [])
    # what is defined here is no variable of ours: the name means what it meant
    own = {one.name for one in (node, body) if isinstance(one, (ast.FunctionDef, ast.ClassDef))} - set(free)
    outside: list[ast.stmt] = [ast.Global(sorted(own))] if own else []
    outermost = ast.FunctionDef(f"{PREFIX}around", arguments, [*outside, body], [])
    trees.placed(outermost, where.node)
    module = ast.Module([outermost], [])
    flags = function.__code__.co_flags & _FUTURES
    made = compile(module, function.__code__.co_filename, "exec", flags=flags, dont_inherit=True)
    found = _inner(made, function.__code__.co_name)
    if found.co_freevars != function.__code__.co_freevars:
        raise RecordingError(
            tr("{name} uses variables around it in a way that cannot be recorded", name=where.name)
        )
    return found


_FUTURES = 0xFF_E0000
"""The flags by which `from __future__ import` changes how code is compiled."""


def _inner(code: types.CodeType, name: str) -> types.CodeType:
    """The outermost code of this name in another one."""
    todo = [code]
    while todo:
        inner = [one for one in todo.pop(0).co_consts if isinstance(one, types.CodeType)]
        for one in inner:
            if one.co_name == name:
                return one
        todo += inner
    raise AssertionError(name)


@contextlib.contextmanager
def swapped(
    codes: Sequence[tuple[types.FunctionType, types.CodeType]], made: Mapping[str, Any]
) -> Iterator[None]:
    """While this lasts, the functions run with hooks."""
    before = [(function, function.__code__) for function, _ in codes]
    namespaces = {id(function.__globals__): function.__globals__ for function, _ in codes}.values()
    try:
        for namespace in namespaces:
            namespace.update(made)
        for function, code in codes:
            function.__code__ = code
        yield
    finally:
        for function, own in before:
            function.__code__ = own
        for namespace in namespaces:
            for name in made:
                namespace.pop(name, None)


def _given(
    function: Any, target: types.FunctionType, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """The parameter that takes the object of a method, "" for none; and the arguments by their parameters."""
    owner = None if inspect.isfunction(function) else getattr(function, "__self__", function)
    first = [] if owner is None else [owner]
    try:
        bound = inspect.signature(target).bind(*first, *arguments, **keywords).arguments
    except (TypeError, ValueError):
        return "", {}
    return next(iter(bound), "") if first else "", bound


def _put(numbers: Edited, given: Mapping[str, Any]) -> None:
    """Let cells of the arguments hold other numbers."""
    if not numbers:
        return
    arrays: dict[str, Any] = {}
    for name, value in given.items():
        for path, array in named_arrays(value, name):
            arrays.setdefault(path, array)
    for path, cells in numbers.items():
        for index, number in cells.items():
            try:
                check_index(path, index, arrays[path].shape)
                with _writeable(arrays[path]):
                    arrays[path][index] = number
            except (KeyError, ValueError) as error:
                cell = cell_text(path, index)
                raise RecordingError(
                    tr("{cell} cannot be changed: it is not there, or read-only", cell=cell)
                ) from error


@contextlib.contextmanager
def _writeable(array: Any) -> Iterator[None]:
    """While this lasts, an array can be written that the caller protects from the function."""
    locked = [one for one in (root_of(array), array) if not one.flags.writeable]
    for one in locked:
        one.flags.writeable = True
    try:
        yield
    finally:
        for one in reversed(locked):
            one.flags.writeable = False


def _line(error: BaseException, path: str) -> int:
    """The innermost line of the file at which something was raised; 0 if it is none of its lines."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
