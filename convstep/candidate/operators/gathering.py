"""From what came of a call to the gradients by name: by what their author calls them, by place, by shape."""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.operators.answer import Answer, Judged
from convstep.candidate.operators.axes import in_our_order, ours, sizes, squeezed, theirs
from convstep.candidate.operators.caller import Raw
from convstep.candidate.operators.came import CHANGE
from convstep.candidate.operators.parts import put_together
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.operators.ways import Way, outputs_of
from convstep.conv.step import quiet
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem

Fitting = Mapping[tuple[str, str], float]
_NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
EXACT, SINGLE = 1e-8, 1e-4
"""What is allowed, as a share of the largest number of a gradient: in float64, and in float32."""


def answers(
    way: Way,
    words: Vocabulary,
    told: Sequence[tuple[OperatorProblem, Raw]],
    before: Sequence[tuple[OperatorProblem, Raw]] = (),
) -> list[Answer]:
    """What calls on problems came to; `before` are others that were called like that."""
    told, before = (
        [(problem, put_together(way.operator, way.convention, words, problem, raw)) for problem, raw in each]
        for each in (told, before)
    )
    fits = fitting(way, [*before, *told])
    return [answer(way, words, problem, raw, fits) for problem, raw in told]


def answer(
    way: Way, words: Vocabulary, problem: OperatorProblem, raw: Raw, fits: Fitting | None = None
) -> Answer:
    """What a call came to, in the operator's layout; `fitting` is by default of this problem alone."""
    operator = way.operator
    right = {name: getattr(problem.arrays[name[1:]], "shape", ()) for name in operator.gradients}
    if way.convention is not None and way.convention.lay is not None:
        return _read(way, problem, raw)
    where = _where(way, words, raw, fitting(way, [(problem, raw)]) if fits is None else fits)
    gradients, shapes = {}, {}
    for name, label in where.items():
        came = raw.arrays[label]
        shapes[name] = came.shape
        laid = _ours(way, raw, name[1:], came, right[name])
        if way.convention is not None:
            laid = in_our_order(laid, operator.axes[name[1:]], way.convention.blocks, right[name])
        gradients[name] = _as_from_above(way, problem, laid, right[name])
    outputs, summed = {}, False
    shown = outputs_of(operator, problem) if raw.arrays else {}
    for at, name in enumerate(operator.outputs):
        array: Array | None = _output(way, raw, at, shown.get(name), where)
        own, other = operator.axes.get(name, ""), way.axes.get(name, "")
        if array is not None and (own or not _is_probabilities(array)):  # its loss is another function
            if not own and array.size:
                array, summed = _mean(array, shown[name], sizes(operator, problem).get("N", 1))
            outputs[name] = ours(array, own, other, shown[name].shape) if own else array
    called = {
        name: text
        for name, label in where.items()
        if _NAME.fullmatch(text := raw.names.get(label, "")) and not label.startswith(CHANGE)
    }
    return Answer(
        problem,
        raw.kind,
        outputs,
        gradients if raw.kind == RETURNED else {},
        shapes if raw.kind == RETURNED else {},
        called,
        raw.changed,
        raw.message,
        call=raw.call,
        summed=summed,
        guessed=raw.guessed,
        updated=tuple(name for name, label in where.items() if label.startswith(CHANGE)),
        summed_to_fit=way.engine,
        **raw.place,
    )


def _is_probabilities(array: Array) -> bool:
    """Whether the rows or the columns of a matrix are what a softmax returns, NaN or not, and so no loss."""
    if array.ndim != 2 or (array < 0).any():
        return False
    with quiet():
        sums = [array.sum(axis=axis) for axis in (0, 1) if array.shape[axis] > 1]
    return any(bool((np.isnan(each) | np.isclose(each, 1)).all()) for each in sums)


def _mean(array: Array, right: Array, count: int) -> tuple[Array, bool]:
    """One number of a loss, and whether it came as one a sample, or as their sum."""
    if array.size == count > 1:
        return np.asarray(array.mean()), True
    single = array.reshape(()) if array.size == 1 else array
    if single.ndim or count == 1 or not np.abs(single / count - right) < np.abs(single - right):
        return single, False
    return single / count, True


def _read(way: Way, problem: OperatorProblem, raw: Raw) -> Answer:
    """What came from somebody whose arrays are others than ours: by their names."""
    convention = way.convention
    assert convention is not None
    theirs = {
        raw.names.get(label, label): array for label, array in raw.arrays.items() if label[:4] != "out."
    }
    gradients, called = _together(convention, problem, theirs) if raw.kind == RETURNED else ({}, {})
    outputs = {}
    for at, name in enumerate(way.operator.outputs):
        if (array := raw.arrays.get(f"out.{at}")) is not None:
            outputs[name] = array.T
    shapes = {name: array.shape for name, array in gradients.items()}
    return Answer(
        problem,
        raw.kind,
        outputs,
        gradients,
        shapes,
        called,
        raw.changed,
        raw.message,
        call=raw.call,
        **raw.place,
    )


def _together(
    convention: Convention, problem: OperatorProblem, came: Mapping[str, Array]
) -> tuple[dict[str, Array], dict[str, str]]:
    """The gradients from theirs; and what each that is transposed is made of that came so."""
    assert convention.lay is not None

    def made(arrays: Mapping[str, Array]) -> dict[str, Array]:
        assert convention.read is not None
        with contextlib.suppress(KeyError, ValueError, IndexError, AttributeError):
            return dict(convention.read(dict(arrays)))
        return {}

    found = made(came)
    if found and all(array.shape == np.shape(problem.arrays[name[1:]]) for name, array in found.items()):
        return found, {}
    laid = convention.lay(dict(problem.arrays))
    held = {
        f"d{name}": each for some in laid.values() if isinstance(some, dict) for name, each in some.items()
    }
    turned = [
        name for name in held if name in came and came[name].shape == held[name].T.shape != held[name].shape
    ]
    right = {**came, **{name: came[name].T for name in turned}}
    if not turned or not (back := made(right)):
        return found, {}
    called: dict[str, str] = {}
    for one in turned:
        lost = made({**right, one: right[one] * np.nan})
        for name in (name for name in back if np.isnan(lost[name]).sum() > np.isnan(back[name]).sum()):
            called[name] = f"{called[name]}, {one}" if name in called else one
    return {name: array.T if name in called else array for name, array in back.items()}, called


def _output(way: Way, raw: Raw, at: int, right: Array | None, where: Mapping[str, str]) -> Array | None:
    """An output of its own forward; of a function that returns all, the number that is no gradient."""
    if right is None:
        return None
    if f"out.{at}" in raw.arrays:
        return raw.arrays[f"out.{at}"]
    if any(label.startswith("out.") for label in raw.arrays) or right.ndim:
        return None
    left = [
        a for label, a in raw.arrays.items() if label.startswith("return") and label not in where.values()
    ]
    return next((array for array in left if array.size == 1), None)


def _ours(way: Way, raw: Raw, source: str, array: Array, shape: tuple[int, ...]) -> Array:
    own, other = way.operator.axes[source], way.axes[source]
    wanted, planted = theirs(np.zeros(shape), own, other).shape, raw.planted.get(source)
    held = planted is not None and array.ndim <= len(planted) and squeezed(array.shape) == squeezed(wanted)
    if held or array.shape == planted:
        array = array.reshape(wanted)
    laid = ours(array, own, other, shape)
    if array.shape == shape != wanted and laid.shape == shape:
        return array[None]  # it would pass for ours, and is not as theirs are
    return laid


def _as_from_above(way: Way, problem: OperatorProblem, array: Array, right: tuple[int, ...]) -> Array:
    """A gradient that has not the shape of its array but of what comes from above, as it lies with us."""
    for above, name in zip(problem.upstream.values(), way.operator.outputs, strict=False):
        own, other = way.operator.axes.get(name, ""), way.axes.get(name, "")
        if array.shape in (right, right[::-1]):
            continue  # it lies like its own array, or is turned
        if own != other and array.shape == theirs(above, own, other).shape:
            return ours(array, own, other, above.shape)
    return array


def fitting(way: Way, told: Iterable[tuple[OperatorProblem, Raw]]) -> Fitting:
    """By gradient and label, on what share of the problems what came there has the gradient's shape.

    What is not named is told apart by this, once for all problems: on square ones several would fit.
    """
    fits, count = Counter[tuple[str, str]](), Counter[str]()
    for problem, raw in told if way.convention is None or way.convention.lay is None else ():
        labels = [label for label in raw.arrays if not label.startswith("out.")]
        count.update(labels)
        for name in way.operator.gradients if raw.kind == RETURNED and labels else ():
            shape = _shape(way, problem, name)
            fits.update((name, label) for label in labels if raw.arrays[label].shape == shape)
    return {(name, label): number / count[label] for (name, label), number in fits.items()}


def _where(way: Way, words: Vocabulary, raw: Raw, fits: Fitting) -> dict[str, str]:
    """By gradient, the label of what it is."""
    returned = [label for label in raw.arrays if label.startswith("return")]
    others = [label for label in raw.arrays if not label.startswith(("return", "out."))]
    gradients = way.operator.gradients
    if len(gradients) == 1 and len(returned) == 1:
        fitting_ones = (label for label in others if (gradients[0], label) in fits)
        kept = [label for label in fitting_ones if words.gradient(raw.names.get(label, label)) in gradients]
        # an embedding layer keeps dw and may return anything: its indices have no gradient
        return {gradients[0]: kept[0] if kept and (gradients[0], returned[0]) not in fits else returned[0]}
    found: dict[str, str] = {}
    named_as = {label: words.gradient(raw.names.get(label, label)) for label in returned}
    for label, named in named_as.items():
        if named and not _of_another(label, named, named_as, gradients, fits):
            found.setdefault(named, label)
    unnamed = [label for label in returned if label not in found.values()]
    handed = [name for name in gradients if name not in found and name[1:] not in raw.planted]
    if raw.planted and len(unnamed) == len(handed) and not _of_others(gradients, handed, unnamed, fits):
        found |= _paired(handed, unnamed, fits)  # what a layer returns is of what it was handed
    named_so_far = set(found)
    for label in others:
        named = words.gradient(raw.names.get(label, label))
        if named and named not in named_so_far and (named not in found or _nearer(label, found[named])):
            found[named] = label
    missing = [name for name in gradients if name not in found]
    listed = [label for label in others if re.search(r"\bd?(grads?|gradients?)\[\d+\]$", label)]
    listed = [label for label in listed if label not in found.values()]
    held = [name for name in missing if not raw.planted or name[1:] in raw.planted]
    found |= _paired(held, listed, fits, fitting_only=True)  # a list of gradients, one a parameter
    missing = [name for name in gradients if name not in found]
    unnamed = [label for label in returned if label not in found.values()]
    found |= _paired(missing, unnamed, fits, fitting_only=True)
    left = [label for label in unnamed if label not in found.values() and raw.arrays[label].ndim]
    return found | _paired([name for name in missing if name not in found], left, fits)


def _of_another(
    label: str, named: str, named_as: Mapping[str, str], gradients: Sequence[str], fits: Fitting
) -> bool:
    """Whether a label's name misleads, as `dz` for the gradient from above, handed on as b's.

    It always has the shape of a gradient that nothing is called, and something without a name has that of
    its own more often.
    """
    nameless = [name for name in gradients if name not in named_as.values()]
    own = fits.get((named, label), 0)
    better = any(not other and fits.get((named, each), 0) > own for each, other in named_as.items())
    return better and any(fits.get((name, label)) == 1 for name in nameless)


def _of_others(gradients: Sequence[str], names: Sequence[str], labels: Sequence[str], fits: Fitting) -> bool:
    """Whether what came at the labels has never the shapes of these gradients, and always those of others."""
    own = any((name, label) in fits for name in names for label in labels)
    return not own and any(fits.get((name, label)) == 1 for name in gradients for label in labels)


def _paired(
    names: Sequence[str], labels: Sequence[str], fits: Fitting, *, fitting_only: bool = False
) -> dict[str, str]:
    """Names with labels: those that fit most often first, then in their order."""
    found: dict[str, str] = {}
    pairs = itertools.product(names, labels)
    for name, label in sorted(pairs, key=lambda pair: -fits.get(pair, 0)):
        if fits.get((name, label)) and name not in found and label not in found.values():
            found[name] = label
    if not fitting_only:
        left = [label for label in labels if label not in found.values()]
        found |= dict(zip([name for name in names if name not in found], left, strict=False))
    return found


def _nearer(label: str, other: str) -> bool:
    return label.count(".") + label.count("[") < other.count(".") + other.count("[")


def _shape(way: Way, problem: OperatorProblem, gradient: str) -> tuple[int, ...]:
    source = gradient[1:]
    return theirs(np.asarray(problem.arrays[source]), way.operator.axes[source], way.axes[source]).shape


def judged(way: Way, answer: Answer, divided: Mapping[str, str]) -> Judged:
    """An answer beside what is right; `divided` as `Convention.divided`."""
    operator, problem = way.operator, answer.problem
    lengths = sizes(operator, problem)
    right = {}
    for name, array in _right_of(operator, problem).items():
        count = 1
        for letter in divided.get(name, ""):
            count *= lengths[letter]
        right[name] = array / count
    off = {name: how_far(array, right[name]) for name, array in answer.gradients.items()}
    return Judged(answer, right, outputs_of(operator, problem), off)


@functools.lru_cache(512)
def _right_of(operator: Operator, problem: OperatorProblem) -> Mapping[str, Array]:
    with quiet():
        return operator.right(problem)


def how_far(array: Array, right: Array) -> float:
    """How far an array is off, as a share of what is allowed; inf for another shape."""
    if array.shape != right.shape:
        return float("inf")
    if not array.size:
        return 0.0
    single = array.dtype.kind == "f" and array.dtype.itemsize < 8
    scale = float(np.max(np.abs(right), initial=0.0, where=np.isfinite(right)))
    allowed = (SINGLE if single else EXACT) * max(scale, 1e-3)
    with np.errstate(all="ignore"):
        same = (array == right) | ((array != array) & (right != right))
        gaps = np.where(same, 0.0, np.abs(np.asarray(array, float) - right))
    worst = float(np.max(np.where(np.isnan(gaps), np.inf, gaps)))
    return worst / allowed


NEARLY = 1e4
"""How many times what is allowed a forward may be off that has a constant of its own, as in log(p + 1e-7)."""


def forward_fits(judged: Judged, times: float = 1) -> bool | None:
    """Whether its own forward agrees with the operator's, within so many times what is allowed.

    None where none was run.
    """
    outputs = judged.answer.outputs
    if not outputs:
        return None
    return all(how_far(array, judged.outputs[name]) <= times for name, array in outputs.items())


def renamed(judged: Judged, kind: str, message: str) -> Judged:
    """The same, ended in another way."""
    without = replace(judged.answer, kind=kind, message=message, gradients={}, shapes={})
    return replace(judged, answer=without, off={})
