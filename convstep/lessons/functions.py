"""The recorded function of a lesson: an operator's readable backward, or code that stands in the lesson."""

from __future__ import annotations

import ast
import contextlib
import functools
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.frozen import frozen
from convstep.lessons.errors import LessonError, wrong
from convstep.lessons.fields import Field, Fields
from convstep.lessons.function_place import MOST_STEPS, Function
from convstep.printable import SentenceError

if TYPE_CHECKING:
    from convstep.operators.operator import Operator, OperatorProblem
    from convstep.recording.recording import Recording
    from convstep.replay.edits import Numbers

Given = dict[str, tuple[Any, int]]
"""Values by name, each with its line."""
FUNCTION_KEYS = ("operator", "given", "call")
"""The keys that describe a function, in the front matter and in a `problem` block."""

LARGEST = 1_000
"""Of sizes, strides and paddings: what they make has to stay small."""


@frozen()
class Wish:
    """The description of a function, in the front matter or a `problem` block."""

    line: int
    operator: Field | None = None
    call: Field | None = None
    """How the lesson's own code is called: `relu_backward(dout, x)`."""
    given: tuple[Field, ...] = ()
    """`x = [[1, 2]]`: arrays and options, in place of those of the operator's small problem."""


def wish_of(fields: Fields, before: Wish | None) -> Wish | None:
    """The description of a function in a block, None without one; what it leaves out stays as before."""
    operator, call, given = fields.get("operator"), fields.get("call"), fields.all("given")
    if operator is None and call is None and not given:
        return None
    wish = Wish(fields.line, operator, call, given)
    if operator is not None or before is None:
        return wish
    return replace(wish, operator=before.operator, call=call or before.call)


def make_function(wish: Wish, source: str = "") -> Function:
    """What a description means: a call of the lesson's source, or the operator's backward; or LessonError."""
    values = _all_given(wish.given)
    operator = None if wish.operator is None else _operator(wish.operator)
    problem = None if operator is None else _problem(operator, values)
    if problem is not None:
        values = {name: (value, wish.line) for name, value in _whole(problem).items()}
    if source:
        return _stepping(_code(source, values, wish), operator, problem, wish.line)
    if operator is None or problem is None:
        raise wrong("this names no operator; add `operator: max-pool`, or `call:` and the code", wish.line)
    return _stepping_backward(operator, problem, wish.line)


def _stepping_backward(operator: Operator, problem: OperatorProblem, line: int) -> Function:
    def again(numbers: Numbers) -> Function:
        from convstep.candidate.operators.shown import edited

        return replace(_stepping_backward(operator, edited(problem, numbers), line), again=again)

    recording = _walkable(operator.record(problem), line)
    return Function(recording, operator.name, _told(operator, problem, line), again=again)


def _stepping(
    record: Callable[[Numbers], Recording],
    operator: Operator | None,
    problem: OperatorProblem | None,
    line: int,
    numbers: Numbers = MappingProxyType({}),  # it cannot be changed
) -> Function:
    """The lesson's own code, perhaps an operator's."""
    recording, told = _walkable(record(numbers), line), dict[str, Any]()
    if operator is not None and problem is not None:
        from convstep.candidate.operators.shown import edited
        from convstep.operators.registry import OperatorError

        with contextlib.suppress(OperatorError):  # of an array that the operator does not have
            told = _told(operator, edited(problem, numbers), line)

    def again(numbers: Numbers) -> Function:
        return _stepping(record, operator, problem, line, numbers)

    return Function(recording, recording.name, told, again=again, runs_code=True)


def _operator(name: Field) -> Operator:
    from convstep.operators.registry import operator_named

    try:
        return operator_named(name.text)
    except SentenceError as error:
        raise LessonError(str(error), name.line) from error


def _problem(operator: Operator, values: Given) -> OperatorProblem:
    """The operator's small problem with other arrays and options."""
    small = operator.small()
    known = _whole(small)
    laid: dict[str, Any] = {}
    for name, (value, line) in values.items():
        if name not in known:
            sentence = "{operator} has no {name}; it has {names}"
            raise wrong(sentence, line, operator=operator.name, name=name, names=", ".join(known))
        before = known[name]
        if isinstance(before, np.ndarray):
            numbers, counts = np.asarray(value, float), before.dtype.kind in "iu"
            if counts and not (abs(numbers) <= MOST_STEPS).all():
                raise wrong("{name} has to be small whole numbers", line, name=name)
            laid[name] = numbers.astype(int) if counts else numbers
        elif any(isinstance(one, str) or abs(one) > LARGEST for one in np.ravel(np.array(value, object))):
            sentence = "{name} is {text}; a lesson's sizes are numbers up to {most:,}"
            raise wrong(sentence, line, name=name, text=value, most=LARGEST)
        else:
            laid[name] = value

    def taken(before: Mapping[str, Any]) -> dict[str, Any]:
        return {name: laid.get(name, value) for name, value in before.items()}

    arrays, upstream = taken(small.arrays), taken(small.upstream)
    return replace(small, arrays=arrays, upstream=upstream, options=taken(small.options), about="")


def _whole(problem: OperatorProblem) -> dict[str, Any]:
    """All that an operator's forward and backward are given, by name."""
    return {**problem.arrays, **problem.upstream, **problem.options}


def _told(operator: Operator, problem: OperatorProblem, line: int) -> dict[str, Any]:
    """What the forward gives, and what the gradients should be."""
    try:
        with np.errstate(all="ignore"):
            right = {f"right.{name}": value for name, value in operator.right(problem).items()}
            return operator.run(problem) | right
    except Exception as error:  # whatever NumPy says of arrays that do not fit
        reason = str(error).split("\n", 1)[0] or type(error).__name__
        sentence = "{operator} cannot be computed from these arrays: {reason}"
        raise wrong(sentence, line, operator=operator.name, reason=reason) from error


def _all_given(fields: tuple[Field, ...]) -> Given:
    found: Given = {}
    for field in fields:
        name, value = _given(field)
        if name in found:
            raise wrong("{name} is given twice; remove one", field.line, name=name)
        found[name] = value, field.line
    return found


def _given(field: Field) -> tuple[str, Any]:
    """A name and its value: a number, numbers in parentheses, or a list, which is an array of floats."""
    name, sign, text = (part.strip() for part in field.text.partition("="))
    if not sign or not name.isidentifier():
        sentence, example = "{text!r} gives nothing; write it like {example}", "x = [[1, 2], [3, 4]]"
        raise wrong(sentence, field.line, text=field.text, example=example)
    try:
        value = ast.literal_eval(text)
        numbers = np.array(value, float)  # the same for all: it says whether they are
        return name, numbers if isinstance(value, list) else value
    except (ValueError, TypeError, SyntaxError, OverflowError, RecursionError, MemoryError) as error:
        sentence = "{text!r} is neither a number nor rows of numbers of the same length"
        raise wrong(sentence, field.line, text=text) from error


def _code(source: str, values: Given, wish: Wish) -> Callable[[Numbers], Recording]:
    """What records the lesson's code, called as it says, in a process of its own."""
    from convstep.candidate.load.target import CandidateError

    if wish.call is None:
        sentence = "the code has to be called; write `call: backward(dout, x)` where the operator is named"
        raise wrong(sentence, wish.line)
    try:
        tree = ast.parse(wish.call.text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise wrong("{text!r} is not a call", wish.call.line, text=wish.call.text) from error
    if not (isinstance(tree.body, ast.Call) and isinstance(tree.body.func, ast.Name)):
        raise wrong("{text!r} is not a call", wish.call.line, text=wish.call.text)
    name = tree.body.func.id
    filled = _Filled({given: value for given, (value, _) in values.items()})
    call, line = ast.unparse(filled.visit(tree)), wish.call.line

    def record(numbers: Numbers) -> Recording:
        try:
            return _run(source, name, call, numbers) if numbers else _recorded(source, name, call)
        except (CandidateError, OSError) as error:
            raise LessonError(str(error), line) from error

    return record


class _Filled(ast.NodeTransformer):
    """Puts values in the place of names."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(each) for each in node.args]
        node.keywords = [self.visit(each) for each in node.keywords]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self._values:
            return node
        value = self._values[node.id]
        if isinstance(value, np.ndarray):
            numbers = re.sub(r"\b(inf|nan)\b", r"np.\1", repr(value.tolist()))
            return ast.parse(f"np.array({numbers}, {value.dtype.str!r})", mode="eval").body
        return ast.parse(repr(value), mode="eval").body


@functools.lru_cache(maxsize=32)
def _recorded(source: str, name: str, call: str) -> Recording:
    """Both languages of a lesson, and its pages, ask for the same."""
    return _run(source, name, call)


def _run(source: str, name: str, call: str, numbers: Numbers = MappingProxyType({})) -> Recording:
    """Record a call of code, with other numbers in what it is handed."""
    from convstep.candidate.call.worker import SECONDS
    from convstep.candidate.load.target import CandidateError
    from convstep.candidate.record.arguments import Arguments
    from convstep.candidate.recordable import Recordable

    with tempfile.TemporaryDirectory(prefix="convstep-") as folder:
        path = Path(folder) / "lesson.py"
        path.write_text(source, encoding="utf-8")
        try:
            function = Recordable(f"{path}:{name}", Arguments(call), timeout=SECONDS)
            found = function.record().recording
            found = function.with_numbers(numbers) if numbers else found
        except CandidateError as error:  # to the reader there is no such file
            raise CandidateError(str(error).replace(f"{path}:", "").replace("--call", "call:")) from error
    found.source = replace(found.source, path="lesson.py")
    return found


def _walkable(recording: Recording, line: int) -> Recording:
    if recording.total > MOST_STEPS:
        sentence = "the problem has {count:,} steps; a lesson's may have at most {most:,}"
        raise wrong(sentence, line, count=recording.total, most=MOST_STEPS)
    return recording
