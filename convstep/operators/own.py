"""`convstep.operator`: an operator of somebody's own, from a forward and a backward."""

from __future__ import annotations

import ast
import inspect
import re
import string
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convstep.language import tr
from convstep.operators.mistake import Mistake, Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem
from convstep.operators.registry import OperatorError, add, is_ours
from convstep.printable import SENTENCE, error_text, printable

Values = Mapping[str, Any]
"""A problem as a person writes it: every argument of forward and backward by its name, and perhaps `about`."""
Problems = Callable[[np.random.Generator], Iterable["Values | OperatorProblem"]] | Sequence[Values]
"""A function that makes them, or a few of them."""
ABOUT = "about"


def operator(
    name: str,
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *,
    small: Values | None = None,
    problems: Problems | None = None,
    title: str = "",
    gradients: Sequence[str] = (),
    outputs: Sequence[str] = (),
    axes: Mapping[str, str] | None = None,
    torch: str = "",
    conventions: Sequence[Convention] = (),
    called: str = r"(?!)",
    words: Mapping[str, str] | None = None,
    mistakes: str = "",
) -> Operator:
    """Make an operator of your own, to be stepped and to check backwards with.

    Args:
        name: what to call it, in lower case: "scale", "my-pool".
        forward: takes arrays, then options; returns its output, or several.
        backward: takes the gradients from above, then what it needs of the forward's arguments, by the same
            names; returns a gradient for each array that has one, called like it with a d before: `dx`.
        small: small whole numbers for the arrays, and the options, by name; the gradients from above too,
            unless any numbers will do. Without it, the first of `problems`.
        problems: a function from a random generator to such problems, the telling ones first, or a list of
            some; without it, random numbers in the shapes of `small`.
        title: what to call it in a sentence; by default its name.
        gradients: what the backward returns; by default the names in its `return`.
        outputs: what the forward returns; by default the gradients from above without their d.
        axes: by array, a letter for each axis; see `Operator.axes`.
        torch: the forward in an expression of PyTorch's; without it, central differences of the forward say
            what is right.
        conventions: how else people lay it.
        called: a pattern of what functions are called that are this operator.
        words: what its parameters are called elsewhere; see `Operator.words`.
        mistakes: what people do wrong, as patches; see `convstep help operators`.

    Returns:
        The operator; `convstep.operators()` has it from now on.

    Raises:
        OperatorError: it cannot be one; one sentence.

    >>> import numpy as np
    >>> def forward(x, k):
    ...     return x * k
    >>> def backward(dout, k):
    ...     dx = dout * k
    ...     return dx
    >>> small = {"x": np.array([1.0, 2.0]), "k": 3.0}
    >>> operator("times", forward, backward, small=small, gradients=["dx"]).gradients
    ('dx',)
    """
    _check_name(name)
    takes, needs = _parameters(name, "forward", forward), _parameters(name, "backward", backward)
    upstream = tuple(each for each in needs if each not in takes)
    if not upstream:
        said = (
            "{name}: all that backward takes, the forward takes as well ({needs}); it needs a gradient from "
            "above, called dout, say"
        )
        raise OperatorError(tr(said, name=name, needs=", ".join(needs)))
    if strange := [each for each in upstream if not each.startswith("d") and "grad" not in each.lower()]:
        said = (
            "{name}: backward takes {strange}, which the forward does not; if it is a gradient from above, "
            "call it d and the name of the output: dout"
        )
        raise OperatorError(tr(said, name=name, strange=strange[0]))
    names = tuple(gradients) or _returned(name, backward)
    made = tuple(outputs) or tuple(each.removeprefix("d") or each for each in upstream)
    reading = _Reading(name, forward, takes, upstream, made)
    shown = reading.problem(small, "small") if small is not None else None
    makes = reading.problems(problems, shown)
    if shown is None:
        shown = next(iter(makes(np.random.default_rng(0))))
    found = Operator(
        name=name,
        title=title or name,
        forward=forward,
        backward=backward,
        gradients=names,
        axes=_letters(shown, reading.outputs(shown)) if axes is None else dict(axes),
        torch=torch,
        small=lambda: shown,
        problems=makes,
        outputs=made,
        conventions=tuple(conventions),
        called=called,
        words=dict(words or {}),
        mistakes=_mistakes(name, mistakes, backward),
    )
    _check(found, shown)
    add(found)
    return found


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        said = (
            "{name} cannot be the name of an operator; write small letters, digits and single dashes: my-pool"
        )
        raise OperatorError(tr(said, name=printable(str(name))))
    if name == "conv2d" or is_ours(name):
        raise OperatorError(
            tr("{name} is one of convstep's own operators; give yours another name", name=name)
        )


def _parameters(name: str, which: str, function: Callable[..., Any]) -> tuple[str, ...]:
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise OperatorError(
            tr("{name}: its {which} is not a function whose parameters are known", name=name, which=which)
        ) from None
    for one in found:
        if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY) or (
            which == "backward" and one.kind is one.KEYWORD_ONLY
        ):
            said = (
                "{name}: the parameter {parameter} of its {which} has no name and place of its own; write "
                "plain parameters"
            )
            raise OperatorError(
                tr(said, name=name, parameter=str(one).partition(":")[0].partition("=")[0], which=which)
            )
    return tuple(one.name for one in found)


def _returned(name: str, backward: Callable[..., Any]) -> tuple[str, ...]:
    """The names in a backward's last `return`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(backward)))
    except (OSError, TypeError, SyntaxError):
        tree = ast.Module([], [])
    returns = [one.value for one in ast.walk(tree) if isinstance(one, ast.Return) and one.value is not None]
    last = returns[-1:]
    parts = [part for one in last for part in (one.elts if isinstance(one, ast.Tuple) else [one])]
    found = tuple(part.id for part in parts if isinstance(part, ast.Name))
    if not parts or len(found) != len(parts):
        said = (
            "{name}: the names of its gradients are not known; end backward with `return dx, dw`, or say "
            "gradients=('dx', 'dw')"
        )
        raise OperatorError(tr(said, name=name))
    return found


def _mistakes(name: str, text: str, backward: Callable[..., Any]) -> tuple[Mistake, ...]:
    if not text.strip():
        return ()
    try:
        return tuple(Mistakes(text, backward))
    except (ValueError, LookupError, OSError, TypeError, SyntaxError) as error:
        said = printable(str(error), SENTENCE)
        raise OperatorError(
            tr("{name}: its mistakes cannot be read: {said}", name=name, said=said)
        ) from error


class _Reading:
    """Makes problems of what a person writes."""

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        takes: tuple[str, ...],
        upstream: tuple[str, ...],
        outputs: tuple[str, ...],
    ) -> None:
        self._name, self._forward, self._takes, self._upstream = name, forward, takes, upstream
        self._outputs = outputs

    def problem(self, given: Values | OperatorProblem, where: str) -> OperatorProblem:
        """A problem, whole; OperatorError if something is missing, or nobody takes it."""
        if isinstance(given, OperatorProblem):
            return given
        if not isinstance(given, Mapping):
            raise OperatorError(
                tr(
                    "{name}: {where} is {kind}; write a dict: {example}",
                    name=self._name,
                    where=where,
                    kind=type(given).__name__,
                    example="{'x': x, 'dout': dout}",
                )
            )
        about = str(given[ABOUT]) if ABOUT in given and ABOUT not in self._takes else ""
        values = {key: value for key, value in given.items() if key != ABOUT or ABOUT in self._takes}
        known = {*self._takes, *self._upstream}
        if strange := [key for key in values if key not in known]:
            raise OperatorError(
                tr(
                    "{name}: {where} has {strange}, which neither forward nor backward takes; they take {known}",
                    name=self._name,
                    where=where,
                    strange=printable(str(strange[0])),
                    known=", ".join([*self._takes, *self._upstream]),
                )
            )
        taken = inspect.signature(self._forward).parameters
        for each in self._takes:
            if each not in values:
                if taken[each].default is taken[each].empty:
                    raise OperatorError(
                        tr("{name}: {where} has no {missing}", name=self._name, where=where, missing=each)
                    )
                values[each] = taken[each].default
        # copies: what is a part of a larger array would be shown as that
        arrays = {key: values[key].copy() for key in self._takes if isinstance(values[key], np.ndarray)}
        options = {key: values[key] for key in self._takes if key not in arrays}
        problem = OperatorProblem(arrays, {}, options, about)
        made = self.outputs(problem)
        above = {}
        for number, each in enumerate(self._upstream):
            right = np.shape(list(made.values())[number]) if number < len(made) else ()
            value = values.get(each, _numbers(right))
            above[each] = value.copy() if isinstance(value, np.ndarray) else np.asarray(value, float)
            if above[each].shape != right:
                said = "{name}: {each} in {where} has the shape {shape}, and the output {right}"
                raise OperatorError(
                    tr(said, name=self._name, each=each, where=where, shape=above[each].shape, right=right)
                )
        return OperatorProblem(arrays, above, options, about)

    def outputs(self, problem: OperatorProblem) -> dict[str, Any]:
        """What the forward makes of copies of a problem's arrays."""
        arrays = {key: value.copy() for key, value in problem.arrays.items()}
        made = _called(self._name, "forward", self._forward, {**arrays, **problem.options})
        values = tuple(made) if len(self._outputs) > 1 and isinstance(made, (tuple, list)) else (made,)
        if len(values) != len(self._outputs) or not all(
            isinstance(one, (np.ndarray, float, int, np.number)) for one in values
        ):
            said = "{name}: its forward has to return {outputs}, numbers all; say outputs=(…) if it returns others"
            raise OperatorError(tr(said, name=self._name, outputs=", ".join(self._outputs)))
        return dict(zip(self._outputs, values, strict=True))

    def problems(
        self, given: Problems | None, small: OperatorProblem | None
    ) -> Callable[[np.random.Generator], Iterator[OperatorProblem]]:
        """What makes problems for ever."""
        if given is None and small is None:
            said = "{name} has no numbers to work on; say small={example}"
            raise OperatorError(tr(said, name=self._name, example="{'x': np.array([[1.0, 2.0]])}"))
        listed: list[OperatorProblem] = []
        if given is not None and not callable(given):
            listed = [self.problem(one, f"problems[{at}]") for at, one in enumerate(given)]
            if not listed and small is None:
                raise OperatorError(tr("{name}: problems is empty", name=self._name))

        def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
            yield from listed
            if callable(given):
                for number, one in enumerate(given(rng)):
                    yield self.problem(one, tr("problem {number}", number=number + 1))
            known = [*listed, *([small] if small is not None else [])]
            while known:
                yield _drawn(rng, known[int(rng.integers(len(known)))])

        return problems


def _numbers(shape: tuple[int, ...]) -> Array:
    """Small whole numbers, none of them 0."""
    return np.resize(np.array([1.0, 2.0, -1.0, 3.0, -2.0]), shape).copy()


def _drawn(rng: np.random.Generator, like: OperatorProblem) -> OperatorProblem:
    """Random numbers in the shapes of a problem; where all are above 0 they stay so, and whole ones stay."""

    def drawn(array: Array) -> Array:
        if array.dtype.kind != "f":
            return array
        made = rng.standard_normal(array.shape).astype(array.dtype)
        return np.abs(made) + array.dtype.type(0.1) if array.size and (array > 0).all() else made

    arrays = {key: drawn(value) for key, value in like.arrays.items()}
    above = {key: rng.standard_normal(value.shape) for key, value in like.upstream.items()}
    return OperatorProblem(arrays, above, like.options)


def _letters(problem: OperatorProblem, outputs: Mapping[str, Any]) -> dict[str, str]:
    """A letter of its own for each axis: nothing is known of which are alike."""
    free = iter(string.ascii_uppercase + string.ascii_lowercase)
    every = {**problem.arrays, **outputs}
    return {key: "".join(next(free, "Z") for _ in np.shape(value)) for key, value in every.items()}


def _called(name: str, which: str, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    try:
        with np.errstate(all="ignore"):
            return function(**values)
    except Exception as error:  # whatever somebody's own code raises
        said = printable(error_text(error), SENTENCE)
        raise OperatorError(
            tr("{name}: its {which} does not run: {said}", name=name, which=which, said=said)
        ) from error


def _check(found: Operator, problem: OperatorProblem) -> None:
    """Refuse with an OperatorError what returns other than a gradient for each array."""
    name = found.name
    for gradient in found.gradients:
        if not gradient.startswith("d") or gradient[1:] not in problem.arrays:
            said = (
                "{name}: {gradient} belongs to no array of the forward ({arrays}); a gradient is called like "
                "its array with a d before"
            )
            raise OperatorError(
                tr(said, name=name, gradient=printable(gradient), arrays=", ".join(problem.arrays))
            )
    known = {**problem.upstream, **problem.arrays, **problem.options}
    values = {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in known.items()}
    made = _called(name, "backward", found.backward, {key: values[key] for key in found.parameters})
    several = len(found.gradients) > 1
    parts = (tuple(made) if isinstance(made, (tuple, list)) else (made,)) if several else (made,)
    if len(parts) != len(found.gradients):
        raise OperatorError(
            tr(
                "{name}: its backward returns {count} values, and {gradients} are {wanted}",
                name=name,
                count=len(parts),
                gradients=", ".join(found.gradients),
                wanted=len(found.gradients),
            )
        )
    for gradient, value in zip(found.gradients, parts, strict=True):
        right = problem.arrays[gradient[1:]].shape
        if not isinstance(value, (np.ndarray, float, int, np.number)) or np.shape(value) != right:
            raise OperatorError(
                tr(
                    "{name}: {gradient} has the shape {shape}, and {array} has {right}"
                    if isinstance(value, np.ndarray)
                    else "{name}: {gradient} is not an array",
                    name=name,
                    gradient=gradient,
                    shape=np.shape(value) if isinstance(value, np.ndarray) else (),
                    array=gradient[1:],
                    right=right,
                )
            )
