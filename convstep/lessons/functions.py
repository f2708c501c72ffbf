"""The recorded function of a lesson: an operator's readable backward, or code that stands in the lesson."""

from __future__ import annotations

import ast
import functools
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.lessons.errors import LessonError, wrong
from convstep.lessons.fields import Field, Fields
from convstep.lessons.function_place import MOST_STEPS, Function
from convstep.printable import SentenceError

if TYPE_CHECKING:
    from convstep.operators.operator import Operator, OperatorProblem
    from convstep.recording.recording import Recording

FUNCTION_KEYS = ("operator", "given", "call")
"""The keys that describe a function, in the front matter and in a `problem` block."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The description of a function, in the front matter or a `problem` block."""

    line: int
    """Where it stands."""
    operator: Field | None = None
    """The operator's name."""
    call: Field | None = None
    """How the lesson's own code is called: `relu_backward(dout, x)`."""
    given: tuple[Field, ...] = ()
    """`x = [[1, 2]]`: arrays and options, in place of those of the operator's small problem."""


def wish_of(fields: Fields, before: Wish | None) -> Wish | None:
    """The description of a function in a block; None if it describes none.

    Args:
        fields: the block.
        before: the description so far, whose operator and call stay if the block says nothing of them.
    """
    operator, call, given = fields.get("operator"), fields.get("call"), fields.all("given")
    if operator is None and call is None and not given:
        return None
    wish = Wish(fields.line, operator, call, given)
    if operator is not None or before is None:
        return wish
    return replace(wish, operator=before.operator, call=call or before.call)


def make_function(wish: Wish, source: str = "") -> Function:
    """What a description means.

    Args:
        wish: the description.
        source: the lesson's own code, which its `call` calls; "" steps the operator's own backward.

    Raises:
        LessonError: there is no such operator, or it cannot be called like that.
    """
    values = dict(_given(field) for field in wish.given)
    operator = None if wish.operator is None else _operator(wish.operator)
    problem = None if operator is None else _problem(operator, values, wish)
    if problem is not None:
        values = {**problem.arrays, **problem.upstream, **problem.options}
    told = {} if operator is None or problem is None else _told(operator, problem, wish.line)
    if source:
        recording = _of_code(source, values, wish)
        return Function(_walkable(recording, wish.line), recording.name, told)
    if operator is None:
        raise wrong("this names no operator; add `operator: max-pool`, or `call:` and the code", wish.line)
    return Function(_walkable(operator.record(problem), wish.line), operator.name, told)


def _operator(name: Field) -> Operator:
    from convstep.operators.registry import operator_named

    try:
        return operator_named(name.text)
    except SentenceError as error:
        raise LessonError(str(error), name.line) from error


def _problem(operator: Operator, values: dict[str, Any], wish: Wish) -> OperatorProblem:
    """The operator's small problem with other arrays and options."""
    small = operator.small()
    known = {**small.arrays, **small.upstream, **small.options}
    for field, name in zip(wish.given, values, strict=True):
        if name not in known:
            sentence = "{operator} has no {name}; it has {names}"
            raise wrong(sentence, field.line, operator=operator.name, name=name, names=", ".join(known))
    whole = {name for name, value in {**small.arrays, **small.upstream}.items() if value.dtype.kind in "iu"}
    laid = {name: np.asarray(value, int) if name in whole else value for name, value in values.items()}
    return replace(
        small,
        arrays={name: laid.get(name, value) for name, value in small.arrays.items()},
        upstream={name: laid.get(name, value) for name, value in small.upstream.items()},
        options={name: laid.get(name, value) for name, value in small.options.items()},
        about="",
    )


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


def _given(field: Field) -> tuple[str, Any]:
    """A name and its value; lists are arrays of floats."""
    name, sign, text = (part.strip() for part in field.text.partition("="))
    if not sign or not name.isidentifier():
        raise wrong("{text!r} gives nothing; write it like {example}", field.line, text=field.text,
                    example="x = [[1, 2], [3, 4]]")  # fmt: skip
    try:
        value = ast.literal_eval(text)
        return name, np.array(value, float) if isinstance(value, list) else value
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        sentence = "{text!r} is neither a number nor rows of numbers of the same length"
        raise wrong(sentence, field.line, text=text) from error


def _of_code(source: str, values: dict[str, Any], wish: Wish) -> Recording:
    """The lesson's code, called as it says, in a process of its own."""
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
    try:
        return _recorded(source, name, ast.unparse(_Filled(values).visit(tree)))
    except (CandidateError, OSError) as error:
        raise LessonError(str(error), wish.call.line) from error


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
            return ast.parse(f"np.array({value.tolist()!r}, {value.dtype.str!r})", mode="eval").body
        return ast.parse(repr(value), mode="eval").body


@functools.lru_cache(maxsize=32)
def _recorded(source: str, name: str, call: str) -> Recording:
    """Both languages of a lesson, and its pages, ask for the same."""
    from convstep.candidate.call.worker import SECONDS
    from convstep.candidate.load.target import CandidateError
    from convstep.candidate.record.arguments import Arguments
    from convstep.candidate.record.recorder import Recordable

    with tempfile.TemporaryDirectory(prefix="convstep-") as folder:
        path = Path(folder) / "lesson.py"
        path.write_text(source, encoding="utf-8")
        try:
            found = Recordable(f"{path}:{name}", Arguments(call), timeout=SECONDS).record().recording
        except CandidateError as error:  # to the reader there is no such file
            raise CandidateError(str(error).replace(f"{path}:", "").replace("--call", "call:")) from error
    found.source = replace(found.source, path="lesson.py")
    return found


def _walkable(recording: Recording, line: int) -> Recording:
    if recording.total > MOST_STEPS:
        sentence = "the problem has {count:,} steps; a lesson's may have at most {most:,}"
        raise wrong(sentence, line, count=recording.total, most=MOST_STEPS)
    return recording
