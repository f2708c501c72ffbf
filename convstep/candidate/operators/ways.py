"""Ways of calling somebody's operator: which it is, how its arrays lie, what it always has."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.operators.axes import reduced, sizes, told
from convstep.candidate.operators.caller import Handed
from convstep.candidate.operators.parts import taken_apart
from convstep.candidate.operators.telling import OUTPUT as OUTPUT
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.conv.step import quiet
from convstep.frozen import frozen
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem
from convstep.operators.registry import operators

CONV2D = "conv2d"
"""The operator that `check` calls and judges in another way."""
NEUTRAL = {"gamma": 1.0, "beta": 0.0, "b": 0.0}
"""Of arrays without which others write the same operator, the value that changes nothing."""
SIZE = "=size"
"""Of a stride that is always the window's size."""
DRAWN = 40
"""Problems that are looked at for those to try a way on."""


@frozen(eq=False)
class Way:
    """One way of calling somebody's operator."""

    operator: Operator
    """What it is taken to be."""
    convention: Convention | None = None
    """How its arrays lie."""
    pairs: frozenset[str] = frozenset()
    """See `telling.Told`."""
    tensors: bool = False
    """Whether it is given PyTorch's tensors."""
    engine: bool = False
    """Whether PyTorch's engine calls its backward."""
    mode: str = ""
    """What its parameter `mode` is given."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Options that it is not told, and what it always has."""
    hot: bool = False
    """Whether labels are rows of zeros with a one."""
    above: str = ""
    """What it takes the gradient from above to be, where it is not told: "1", "N" where it takes the sum over
    the samples for their mean, or OUTPUT."""

    neutral: frozenset[str] = frozenset()
    """Arrays that it is never told, which then are what changes nothing; see `NEUTRAL`."""

    __repr__ = brief

    @property
    def axes(self) -> Mapping[str, str]:
        """How each array lies."""
        return {**self.operator.axes, **(self.convention.axes if self.convention else {})}

    @property
    def lying(self) -> str:
        """How x lies."""
        return self.axes[next(iter(self.operator.axes))]

    @property
    def whole(self) -> bool:
        """Whether its problems have their samples and channels, as many as they have."""
        first, lying = next(iter(self.operator.axes)), self.lying
        return lying[:1] != "1" and not (set(self.operator.axes[first]) & {*"NC"}) - {*lying}

    @property
    def asked(self) -> dict[str, Any]:
        """What `Caller.ask` is told of it."""
        return {"pairs": self.pairs, "tensors": self.tensors, "mode": self.mode, "above": self.above}

    def handed(self, problem: OperatorProblem) -> tuple[OperatorProblem, Handed] | None:
        """A problem as it can be said in this way, and what is handed over; None if it cannot be said."""
        fitted = self._fitted(problem)
        if fitted is None:
            return None
        problem = fitted
        laid: Callable[[OperatorProblem], dict[str, Array] | None]
        laid = self._laid if self.convention is not None and self.convention.lay else self._lying
        try:
            arrays = laid(problem)
        except (ValueError, IndexError):  # cut to what they have, it is none of the operator's any more
            return None
        options = problem.options
        if "H" in self._dropped:  # along one axis nothing is a pair
            options = {name: v[-1] if isinstance(v, tuple) else v for name, v in options.items()}
        return None if arrays is None else (problem, Handed(arrays, options, self._sizes(problem)))

    def _lying(self, problem: OperatorProblem) -> dict[str, Array] | None:
        """Its arrays and outputs as they have them."""
        arrays = {**problem.arrays, **outputs_of(self.operator, problem)}
        for name, make in self.convention.made.items() if self.convention else ():
            made = make(arrays[name])
            if made is None:
                return None
            arrays[name] = made
        if self.hot:
            arrays |= {name: _one_hot(problem, name) for name in labels(self.operator, problem)}
        found = told(self.operator, replace(problem, arrays=arrays), self.convention, hot=self.hot)
        return found and found | taken_apart(self.operator, self.convention, found)

    def _laid(self, problem: OperatorProblem) -> dict[str, Array]:
        """Its arrays by their names, as a convention makes them."""
        convention = self.convention
        assert convention is not None
        assert convention.lay is not None
        found: dict[str, Array] = {}
        for name, value in convention.lay(dict(problem.arrays)).items():
            inner = value if isinstance(value, dict) else {"": value}
            found |= {
                f"{name}/{key}" if key else f"{name}/": np.asarray(array) for key, array in inner.items()
            }
        for name, array in problem.upstream.items():
            found[f"{convention.upstream.get(name, name)}/"] = array.T
            found[name] = array.T
        return found

    @property
    def _dropped(self) -> str:
        """The axes that theirs do not have."""
        dropped = (
            letter
            for name, lying in self.operator.axes.items()
            if name not in self.operator.outputs
            for letter in lying
            if letter not in self.axes[name] and letter.isalpha()
        )
        return "".join(dict.fromkeys(dropped))

    def _fitted(self, problem: OperatorProblem) -> OperatorProblem | None:
        always = self.convention.options if self.convention else None
        fixed = tuple(self.fixed.items())
        return _fitted(self.operator, problem, self._dropped, self.neutral, fixed, self.above, always)

    def always(self, problem: OperatorProblem) -> Mapping[str, Any]:
        """The options of a problem that its convention says."""
        known = self.convention.options if self.convention else None
        return known(sizes(self.operator, problem), problem.options) if known else {}

    def _sizes(self, problem: OperatorProblem) -> dict[str, int]:
        found = sizes(self.operator, problem)
        return found | {role: found[letter] for role, letter in self.roles.items() if letter in found}

    @property
    def roles(self) -> Mapping[str, str]:
        """The axis letters of what a constructor calls in, out and kernel."""
        axes, outputs = self.operator.axes, self.operator.outputs
        first = next(iter(axes))
        weights = [
            lying
            for name, lying in axes.items()
            if name not in outputs and name != first and "N" not in lying
        ]
        out, x = "".join(axes[name] for name in outputs), axes[first]
        wide = next((lying for lying in weights if len(lying) > 1), None)
        if wide is None:
            letter = weights[0][:1] if weights else ""
            roles = {"in": letter, "out": letter}
        else:
            inner = [letter for letter in wide if letter not in out and letter not in self._dropped]
            shared = [letter for letter in inner if letter in x] or inner[:1]
            kernel = [letter for letter in inner if letter not in shared]
            roles = {"in": shared[0] if shared else "", "kernel": kernel[0] if kernel else ""}
            roles["kernel2"] = kernel[1] if len(kernel) > 1 else ""
            roles["out"] = next((letter for letter in wide if letter in out and letter not in x), out[-1:])
        return roles


@functools.lru_cache(512)
def outputs_of(operator: Operator, problem: OperatorProblem) -> Mapping[str, Array]:
    """The outputs of an operator's forward; every way of calling somebody asks for them again."""
    with quiet():
        return operator.run(problem)


@functools.lru_cache(512)
def _fitted(
    operator: Operator,
    problem: OperatorProblem,
    dropped: str,
    neutral: frozenset[str],
    fixed: tuple[tuple[str, Any], ...],
    above: str,
    always: Callable[[Mapping[str, int], Mapping[str, Any]], Mapping[str, Any]] | None,
) -> OperatorProblem | None:
    """A problem without some axes, with what is neutral, fixed, and taken to come from above."""
    problem = reduced(operator, problem, dropped)
    if always is not None:
        fixed = (*fixed, *always(sizes(operator, problem), problem.options).items())
    if neutral:
        plain = {name: np.full_like(problem.arrays[name], NEUTRAL[name]) for name in neutral}
        problem = replace(problem, arrays={**problem.arrays, **plain})
    if fixed:
        options = {**problem.options}
        for name, value in fixed:
            options[name] = options.get("size") if value == SIZE else value
        same = options == dict(problem.options)
        problem = replace(problem, options=options, about=problem.about if same else "")
        drawn = _drawn(operator, problem)
        if drawn is None:
            return None
        problem = drawn
    if above:
        count = sizes(operator, problem)["N"] if above == "N" else 1
        ones = {name: np.full_like(array, count) for name, array in problem.upstream.items()}
        problem = replace(problem, upstream=ones)
    return problem


def _drawn(operator: Operator, problem: OperatorProblem) -> OperatorProblem | None:
    """The same with gradients from above in the shapes that its outputs have now; None if it has none."""
    try:
        outputs = outputs_of(operator, problem)
    except (ValueError, IndexError):
        return None
    if any(0 in array.shape for array in outputs.values()):
        return None
    upstream = {}
    for (name, array), output in zip(problem.upstream.items(), outputs.values(), strict=True):
        shape = output.shape
        if array.shape != shape:
            array = np.random.default_rng([3, *shape]).standard_normal(shape)
        upstream[name] = array
    return replace(problem, upstream=upstream)


def labels(operator: Operator, problem: OperatorProblem) -> list[str]:
    """The arrays that hold classes: whole numbers, one a sample, without a gradient."""
    return [
        name
        for name, array in problem.arrays.items()
        if array.dtype.kind in "iu"
        and f"d{name}" not in operator.gradients
        and operator.axes.get(name) == "N"
    ]


def _one_hot(problem: OperatorProblem, name: str) -> Array:
    count = next(iter(problem.arrays.values())).shape[-1]
    return np.eye(count)[problem.arrays[name]]


def vocabulary(operator: Operator) -> Vocabulary:
    """An operator's words."""
    return Vocabulary.of(operator, tuple(operator.small().options))


def likely(candidate: Candidate, everything: bool = False) -> list[Operator]:
    """The operators that a candidate can be by what it is called, the likeliest first; or all the others."""
    name = candidate.name.rpartition("<locals>.")[2]  # what makes it has a name of another thing
    owner, _, last = name.rpartition(".")
    handed = f"{last}({', '.join(candidate.parameters)})"
    texts = [text for text in (last, owner, name, candidate.forward, handed) if text]
    listed = [one for one in operators() if one.name != CONV2D]
    found: list[Operator] = []
    for text in texts:
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text).lower()
        found = [one for one in listed if re.match(one.called, snake) or re.match(one.called, text.lower())]
        if found:
            break
    found += [one for one in listed if found and one not in found and any(modes(one, candidate, only=True))]
    if not everything:
        return found
    said = candidate.source.lower()
    others = [one for one in listed if one not in found]
    return sorted(others, key=lambda one: (-sum(word in said for word in one.name.split("-")), _options(one)))


def _options(operator: Operator) -> int:
    return len(operator.small().options)


def modes(operator: Operator, candidate: Candidate, *, only: bool = False) -> list[str]:
    """What a parameter `mode` can be given that means this operator, or `only` what its text compares with.

    "" stands for none.
    """
    if "pool" not in operator.name:
        return [] if only else [""]
    average = operator.name.startswith("av")
    words = re.findall(r"==\s*[\"']([A-Za-z_]+)[\"']", candidate.source)
    words += re.findall(r"case\s+[\"']([A-Za-z_]+)[\"']", candidate.source)
    fits = [word for word in dict.fromkeys(words) if re.match("av|mean" if average else "max", word.lower())]
    return fits if only else [*fits, ""]


@functools.lru_cache(64)
def trials(operator: Operator, seed: int) -> tuple[OperatorProblem, ...]:
    """Problems on which layouts can be told apart, and which most functions can be told."""
    drawn = itertools.islice(operator.problems(np.random.default_rng(seed)), DRAWN)

    def rank(problem: OperatorProblem) -> tuple[Any, ...]:
        pairs = [value for value in problem.options.values() if isinstance(value, tuple)]
        lengths = [n for array in problem.arrays.values() for n in array.shape]
        first = next(iter(problem.arrays.values())).shape
        padded = any(np.any(value) for name, value in problem.options.items() if "pad" in name)
        deep = len(first) if "*" in next(iter(operator.axes.values())) else 0
        small = 1 in lengths
        return sum(len(set(p)) > 1 for p in pairs), deep, padded, small, len(first) - len(set(first))

    return tuple(sorted(drawn, key=rank))


def choices(operator: Operator, option: str, problems: Sequence[OperatorProblem], text: str) -> Iterator[Any]:
    """What an option can be that a function is not told."""
    values = [problem.options[option] for problem in problems if option in problem.options]
    if isinstance(values[0], float):
        written = re.findall(r"(?<![\w.])(\d+(?:\.\d*)?e-\d+|0?\.0\d*)(?!\w)", text)
        yield from dict.fromkeys(
            [*(float(each) for each in written if float(each) < 0.1), 1e-5, 1e-8, 1e-7, 1e-12, 0.0]
        )
        return
    if "pad" in option and isinstance(values[0], tuple):
        yield (0,) * len(values[0])
        yield from (value for value in dict.fromkeys(values) if len(set(value)) == 1 and any(value))
        return
    if option == "stride" and "size" in problems[0].options:
        yield SIZE
    pairs = [value for value in dict.fromkeys(values) if not isinstance(value, tuple) or len(set(value)) == 1]
    if option == "size":  # with windows of one cell a pool is nothing, and whoever returns dout is right
        pairs = [value for value in pairs if value not in (1, (1, 1))]
    yield from sorted(pairs, key=str)[:4]


def written_sizes(text: str) -> set[int]:
    """The numbers of a text that may be a window's side; what stands for axes, or is a power, is none."""
    axes = r"(axis|dim)\s*=\s*\S+|\[[-\d:, ]*\]|\((\d),\s*(?!\2)\d\)|\.\w+\(-?\d\)|\*\*\s*\d"
    code = re.sub(rf"(?s)#[^\n]*|\"\"\".*?\"\"\"|'''.*?'''|{axes}", " ", text)
    return {int(each) for each in re.findall(r"(?<![\w.])\d+(?![\w.])", code)}
