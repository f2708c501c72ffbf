"""What a call that agrees is tried with besides: other numbers where it has one by default, other pictures.

A mistake that only shows at a stride of 2 agrees at the default of 1. What cannot be varied is told instead.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.call.words import BESIDES
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.filling import KEPT, NOTHING, Lookup
from convstep.candidate.record.guessing import Guess, small
from convstep.candidate.record.subject import Ready, Subject
from convstep.candidate.verdicts.calls import walked
from convstep.printable import printable
from convstep.steps.cells import Array
from convstep.steps.number_text import shape_text

GEOMETRY = re.compile(
    r"strides?|s|step|pad(ding)?s?|p|dilat\w*|rate|groups?|scale(_?factor)?|factor|axis|dim|k|ksize|\w*kernel\w*"
    r"|(pool_?|window_?|block_?|filter_?)?size|window|n|shift|offset|order|repeats?|upscale\w*",
    re.I,
)
"""Names of numbers that say where cells are taken from: these are varied first."""
SWITCH = re.compile(r"\w*(mode|phase|train|test|flag|debug|verbose|use_|is_|with_|enable)\w*", re.I)
"""Numbers that stand for yes or no, or for one of several functions."""
MOST = 4
"""How many numbers are varied, each by itself."""
EPSILON = re.compile(r"\w*eps(ilon)?", re.I)
"""What a small number is called that keeps a root away from 0."""
ROOT = r"sqrt|\*\* *\(? *-? *(0?\.5|1(\.0)? */ *2)"
LARGE = 0.13
"""What it is told besides: where it is forgotten that is seen, as it is not of 1e-8."""
LARGEST = 7
"""A larger whole number by default is how wide something is, which arrays have to fit."""
GROWN = (3, 4)
"""By how much the axes of a picture grow: not alike, so that none is mistaken for the other."""


@dataclass(frozen=True, slots=True)
class Varied:
    """A call like one that agrees, but for one thing."""

    names: tuple[str, ...]
    """The parameters that are told something else; () if its arrays are others."""
    words: str
    """What is other: `stride=2`."""
    ready: Ready
    """The call."""
    surely: bool = True
    """Whether it is meant to be called so: whoever wrote it may have had fewer axes in mind; and whether its
    backward can know what is other."""


def on_other_arrays(subject: Subject, ready: Ready) -> Iterator[Varied]:
    """The call on larger arrays, with several samples and with sides that are not alike."""
    guess = ready.guess
    if guess is None or ready.others is not None:
        return
    for grown, shape in _grown(guess, subject.asked().inputs):
        made = _made(subject, grown, {}, ready.how)
        if made is not None and _outputs(made) and _sizes(made) != _sizes(ready):
            alike = (
                np.ndim(ready.places[0]) == np.ndim(made.places[0]) if ready.places and made.places else False
            )
            yield Varied((), shape, replace(made, guess=replace(grown, varied=True)), alike)


def with_other_numbers(subject: Subject, ready: Ready) -> Iterator[list[Varied]]:
    """For each number, the calls that have another one, the likeliest to show something first.

    Fractions go together; of how many there are of something each goes by itself, as few fit all.
    """
    guess = ready.guess
    for names, words, make in ready.others() if ready.others is not None else ():
        with contextlib.suppress(Exception, SystemExit):  # whatever somebody's own code raises
            yield [Varied(names, words, make())]
    if guess is None or ready.others is not None:
        return
    lookup = guess.lookup()
    for numbers in _others(subject, ready, lookup):
        found = []
        for told in numbers:
            made = _made(subject, guess, told, ready.how)
            if made is not None and _shows(ready, made):
                words = ", ".join(f"{name}={_word(value)}" for name, value in told.items())
                sure = replace(guess, sure=True, varied=True)
                known = LARGE not in told.values() or _is_handed(made, LARGE)
                found.append(Varied(tuple(told), words, replace(made, guess=sure), known))
        yield found


def on_axes_of_one(subject: Subject, ready: Ready) -> tuple[list[Varied], list[Varied]]:
    """Of a function of two arrays that broadcasts them: other shapes of them, then those with an axis of 1.

    Where it is right for all the first it undoes broadcasting, and is meant to for the others as well.
    """
    guess = ready.guess
    inputs = [] if guess is None else [name.strip("_") for name in subject.asked().inputs]
    arrays = [name for name in inputs if guess is not None and isinstance(guess.values.get(name), np.ndarray)]
    outputs = _outputs(ready)
    if guess is None or len(arrays) != 2 or not outputs or ready.others is not None:
        return [], []
    first, second = (guess.values[name] for name in arrays)
    with contextlib.suppress(ValueError):
        if outputs[0].shape != np.broadcast_shapes(first.shape, second.shape):
            return [], []
        return (
            list(_broadcast(subject, ready, arrays, _SHAPES)),
            list(_broadcast(subject, ready, arrays, _OF_ONE)),
        )
    return [], []


_SHAPES = ((3, 4), (3, 4)), ((3, 4), (4,)), ((4,), (3, 4)), ((2, 3, 4), (4,))
_OF_ONE = ((3, 4), (3, 1)), ((1, 4), (3, 4))


def _broadcast(
    subject: Subject, ready: Ready, names: Sequence[str], shapes: Sequence[tuple[tuple[int, ...], ...]]
) -> Iterator[Varied]:
    guess = ready.guess
    assert guess is not None
    for pair in shapes:
        arrays = {
            name: small(*shape, seed=at + 1) + 0.5
            for at, (name, shape) in enumerate(zip(names, pair, strict=True))
        }
        other = replace(
            guess, values={**guess.values, **arrays}, out=np.broadcast_shapes(*pair), sure=True, varied=True
        )
        words = ", ".join(f"{name} of {shape_text(shape)}" for name, shape in zip(names, pair, strict=True))
        if (made := _made(subject, other, {}, ready.how)) is not None:
            yield Varied((), words, replace(made, guess=other))


def left_alone(subject: Subject, ready: Ready, varied: Sequence[str]) -> list[str]:
    """The parameters that were told the same in all calls, with their values, and what the file fixes."""
    lookup = ready.guess.lookup() if ready.guess is not None else lambda name: NOTHING
    told = {
        name: value
        for name, (value, default) in _settings(subject, lookup).items()
        if name not in varied and (default or GEOMETRY.fullmatch(name)) and not BESIDES.fullmatch(name)
    }
    return [f"{name}={_word(value)}" for name, value in told.items()] + _constants(subject, ready)


def _word(value: Any) -> str:
    return f"{value:g}" if type(value) is float else printable(repr(value), 40)


def _settings(subject: Subject, lookup: Lookup) -> dict[str, tuple[Any, bool]]:
    """What parameters are told that are no arrays, by name, and whether they have that by default."""
    found: dict[str, tuple[Any, bool]] = {}
    for function in (subject.maker, subject.forward, subject.function):
        for each in parameters_of(function) if function is not None else ():
            value = lookup(each.name)
            default = value is NOTHING
            value = each.default if default else value
            if isinstance(value, (bool, int, float, str, type(None))) or _is_pair(value):
                found.setdefault(each.name, (value, default or each.default is not each.empty))
    return found


def _is_pair(value: Any) -> bool:
    return type(value) in (tuple, list) and 0 < len(value) < 4 and all(type(one) is int for one in value)


def _others(subject: Subject, ready: Ready, lookup: Lookup) -> list[list[dict[str, Any]]]:
    """Other numbers for what has one, where its backward can know of it: for each, what may be told."""
    own = [each.name for each in parameters_of(subject.function)]
    settings = _settings(subject, lookup)
    before = [each.name for f in (subject.maker, subject.forward) if f for each in parameters_of(f)]
    kept = any(KEPT.fullmatch(name.lower()) for name in own) or _is_handed_over(ready)
    told = subject.maker is not None or kept
    # `k` of a backward may be the `kernel` of its forward, which it has to be told as well
    alone = [name[:1].lower() for name in settings if name not in before]
    counts: list[tuple[bool, list[dict[str, Any]]]] = []
    fractions: dict[str, float] = {}
    tiny: list[dict[str, Any]] = []
    text = subject.asked().text
    for name, (value, default) in settings.items():
        knows = told or name in own
        if name not in before or not knows or (BESIDES.fullmatch(name) and type(value) is not float):
            continue
        if name not in own and (
            name[:1].lower() in alone or (name in ("axis", "dim") and {*"ad"} & {*alone})
        ):
            continue
        if type(value) is float and default and 1e-4 < abs(value) < 1e4:
            fractions[name] = 0.6 * value if abs(value) > 0.1 else value + 0.25
        elif type(value) is float and default and 0 < value <= 1e-4 and _under_root(name, text):
            tiny.append({name: LARGE})
        elif (
            (default or GEOMETRY.fullmatch(name)) and not SWITCH.fullmatch(name) and (more := _beside(value))
        ):
            counts.append((GEOMETRY.fullmatch(name) is None, [{name: each} for each in more]))
    counts.sort(key=lambda each: each[0])
    listed = [[fractions], *([one] for one in tiny)] if fractions else [[one] for one in tiny]
    return [*listed, *(each for _, each in counts[:MOST])]


def _under_root(name: str, text: str) -> bool:
    """Whether a number is an epsilon of a root: in a logarithm it is often left out on purpose."""
    lines = [line for line in text.splitlines() if re.search(rf"\b{name}\b", line)]
    return EPSILON.fullmatch(name) is not None and any(re.search(ROOT, line) for line in lines)


def _is_handed(ready: Ready, number: float) -> bool:
    """Whether a backward can reach a number: its object has it, or its cache."""
    function = ready.function
    given = {"self": getattr(function, "__self__", None), "": (*ready.places, *ready.named.values())}
    return any(type(value) is float and value == number for _, value in walked(given))


def _is_handed_over(ready: Ready) -> bool:
    """Whether a backward is given something that its forward has made besides its output."""
    out = ready.before[2] if ready.before is not None else None
    made = [id(one) for one in out[1:]] if type(out) is tuple else []
    return any(id(one) in made for one in (*ready.places, *ready.named.values()))


def _beside(value: Any) -> list[Any]:
    """Numbers beside one, or beside one of a pair."""
    if type(value) is int and -1 <= value <= LARGEST:
        return [value + 1, value - 1] if value > 1 else [value + 1]
    if _is_pair(value) and all(0 <= one <= LARGEST for one in value):
        first, *rest = value
        return [type(value)((first + 1, *rest)), type(value)(one + 1 for one in value)]
    return []


def _made(subject: Subject, guess: Guess, numbers: Mapping[str, Any], how: str) -> Ready | None:
    """The call with other numbers; None if it cannot be made."""
    lookup = guess.lookup()

    def other(name: str) -> Any:
        return numbers[name] if name in numbers else lookup(name)

    np.random.seed(0)
    try:
        return subject.ready(other, how, guess.kept(subject.asked().source), guess.out)
    except CandidateError:
        return None


def _grown(guess: Guess, inputs: Sequence[str]) -> Iterator[tuple[Guess, str]]:
    """The guess with a larger first array and all that have its shape, several ways; in words what it is."""
    names = [name.strip("_") for name in inputs if isinstance(guess.values.get(name.strip("_")), np.ndarray)]
    name = next(
        (one for one in names if guess.values[one].ndim and guess.values[one].dtype.kind == "f"), None
    )
    if name is None:
        return
    shape = guess.values[name].shape
    rank = len(shape)
    last = [tuple(range(rank))[-2:], (1, 2), (rank - 1,), (rank - 2,), (0,)]
    if rank == 3:  # x[:, ::stride, ::stride] has rows and columns, and works without
        yield _with_sizes(guess, name, (shape[0], 5, 7, shape[2]))
    for axes in dict.fromkeys(axes for axes in last if all(0 <= axis < rank for axis in axes)):
        more = dict(zip(axes, GROWN, strict=False))
        for samples in (2, shape[0]) if rank > 2 and shape[0] == 1 and 0 not in axes else (shape[0],):
            sizes = [length + more.get(axis, 0) for axis, length in enumerate(shape)]
            sizes[0] = sizes[0] if 0 in axes else samples
            if len({*sizes[-3:]}) < len(sizes[-3:]) and rank > 2:  # 4x5 and 4 channels, say
                sizes = [length + (axis == axes[-1]) for axis, length in enumerate(sizes)]
            yield _with_sizes(guess, name, tuple(sizes))


def _with_sizes(guess: Guess, name: str, sizes: tuple[int, ...]) -> tuple[Guess, str]:
    shape = guess.values[name].shape
    values = {
        each: _resized(array, sizes)
        if isinstance(array, np.ndarray) and array.shape == shape and array.dtype.kind == "f"
        else array
        for each, array in guess.values.items()
    }
    return replace(guess, values=values, out=sizes), f"{name} of {shape_text(sizes)}"


def _resized(array: Array, shape: tuple[int, ...]) -> Array:
    """Numbers like an array's, in another shape; no two alike."""
    rng = np.random.default_rng([41, *shape])
    grown: Array = rng.permutation(np.resize(array, shape).ravel()).reshape(shape)
    return grown * (1 + 0.01 * rng.random(shape))


def _outputs(ready: Ready) -> list[Array]:
    """The arrays that its forward has made, or left in its object."""
    if ready.before is None:
        return []
    _, ran, out = ready.before
    held = out if out is not None else ran.owner
    return [value for _, value in walked({"": held}) if isinstance(value, np.ndarray)][:8]


def _sizes(ready: Ready) -> list[tuple[int, ...]]:
    return [one.shape for one in _outputs(ready)]


def _shows(ready: Ready, other: Ready) -> bool:
    """Whether another number makes another output, which has several cells wherever its size is another."""
    first, then = _outputs(ready)[:1], _outputs(other)[:1]
    if not (first or then):
        return True  # its forward is run later
    if not (first and then) or first[0].ndim != then[0].ndim:
        return bool(first and then)
    sizes = list(zip(first[0].shape, then[0].shape, strict=True))
    if all(a == b for a, b in sizes):
        return not np.array_equal(first[0], then[0], equal_nan=True)
    return all(b > 1 for a, b in sizes if a != b)


def _constants(subject: Subject, ready: Ready) -> list[str]:
    """The numbers that its file fixes by a name, and that it reads: `STRIDE = 2`, a class's `stride`."""
    functions = [one for one in (subject.function, subject.forward) if one is not None]
    functions += [subject.maker.__init__] if subject.maker is not None else []  # type: ignore[misc]
    codes = [
        code for one in functions if (code := getattr(inspect.unwrap(one), "__code__", None)) is not None
    ]
    read = [name for code in codes for name in code.co_names]
    names = subject.served.namespace
    found = {name: names[name] for name in read if name in names and _is_fixed(names[name])}
    given = {each.name for each in parameters_of(subject.maker)} if subject.maker is not None else set()
    for kind in (subject.maker.__mro__ if subject.maker is not None else ())[:-1]:
        for name, value in vars(kind).items():
            if name in read and name not in given and name[:2] != "__" and _is_fixed(value):
                found.setdefault(f"{subject.maker.__name__}.{name}", value)  # type: ignore[union-attr]
    held = ready.before[1].owner if ready.before is not None else None
    for name in _set_by_hand(subject.maker) if held is not None else ():
        if name in read and name not in given and GEOMETRY.fullmatch(name.strip("_")):
            value = getattr(held, name, None)
            if _is_fixed(value):
                found.setdefault(f"self.{name}", value)
    return [f"{name}={_word(value)}" for name, value in found.items()]


def _is_fixed(value: Any) -> bool:
    return type(value) in (int, float) or _is_pair(value)


def _set_by_hand(maker: type | None) -> list[str]:
    """The attributes that a constructor sets to a number as it is written: `self.stride = 1`."""
    try:
        text = inspect.getsource(maker.__init__)  # type: ignore[misc]
    except (TypeError, OSError):
        return []
    return re.findall(r"^\s*self\.(\w+)\s*=\s*[\d(][\d., ()]*(?:#.*)?$", text, re.M)
