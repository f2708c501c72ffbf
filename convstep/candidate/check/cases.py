"""The small problems that a candidate is tried on, and what is right on each.

They are small so that the first failure is easy to look at, and unlike each other so that every
known bug shows on several: stride 1 to 3, padding 0 to 2, sizes that tile and that do not, square
and not, one channel and several, one sample and two. `dZ` is random: ones hide most mistakes.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.random import default_rng

from convstep.brief import brief
from convstep.candidate.call import layers
from convstep.candidate.call.call import Call
from convstep.candidate.call.conventions import Convention
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.outcome import NAMES, Candidate
from convstep.conv.blocks import exact_gradients
from convstep.conv.forward import expected_forward
from convstep.conv.geometry import Geometry, Padding, Pair
from convstep.conv.problem import Problem
from convstep.frozen import frozen
from convstep.oracle.expectation import absolute_problem
from convstep.oracle.tolerance import contributions, factor
from convstep.steps.cells import Array

LOOSE = 4e-6
"""Error, as a share of the largest sum of sizes, from which a cell is wrong: single precision
passes, a mistake does not."""


@frozen()
class Case:
    """The integers of one problem of the sweep."""

    size: Pair
    """Rows and columns of the input."""
    kernel: Pair
    """Rows and columns of the kernels."""
    stride: Pair = (1, 1)
    """Along H and W."""
    padding: Padding = ((0, 0), (0, 0))
    """`((top, bottom), (left, right))`."""
    channels: int = 1
    """Input channels."""
    filters: int = 2
    """Output channels."""
    batch: int | None = None
    """Samples; None is without a batch axis."""
    dilation: Pair = (1, 1)
    """Along H and W."""
    groups: int = 1
    """Channel groups."""
    relu: bool = False
    """Whether dZ is zero where the output is not positive, as it is before a ReLU."""

    __repr__ = brief

    @property
    def geometry(self) -> Geometry:
        """The same integers, with the index arithmetic."""
        return Geometry(
            self.batch,
            (*self.size, self.channels),
            (self.filters, *self.kernel, self.channels // self.groups),
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )

    @property
    def depthwise(self) -> Case:
        """The same with a kernel for each channel."""
        each = max(self.channels, self.filters)
        return replace(self, channels=each, filters=each, groups=each)

    @property
    def work(self) -> tuple[bool, int, int]:
        """The sort key of cases: multiplications of one pass, then cells of the input.

        Those of a single row or column come last: a failure is looked at where there is something to see.
        """
        f_h, f_w = self.kernel
        samples = self.batch or 1
        cells = samples * self.size[0] * self.size[1] * self.channels
        thin = min(*self.size, *self.geometry.output_shape[:2]) == 1
        return thin, self.geometry.total_steps * f_h * f_w * self.channels // self.groups, cells

    @property
    def possible(self) -> bool:
        """Whether the kernel fits and every window sees some of the input."""
        return self.fits and all(
            max(ends) < reach
            for ends, reach in zip(self.padding, self.geometry.reach, strict=True)
            if max(ends) > 0
        )

    @property
    def fits(self) -> bool:
        """Whether the kernel fits."""
        h_out, w_out, _ = self.geometry.output_shape
        return min(h_out, w_out, *self.size) > 0


@frozen(eq=False)
class Right:
    """What is right on one problem."""

    problem: Problem
    """The problem."""
    gradients: dict[str, Array]
    """By name, without "db" where there is no bias."""
    loose: dict[str, float]
    """By name: how far a cell may be off before it counts as wrong."""
    rounding: dict[str, Array]
    """By name: how far each cell may be off by rounding in the problem's own precision."""

    __repr__ = brief

    @classmethod
    def of(cls, problem: Problem) -> Right:
        """Work it out with the exact gradients."""
        found = dict(zip(NAMES, exact_gradients(problem), strict=True))
        sizes = dict(zip(NAMES, exact_gradients(absolute_problem(problem, problem.total_steps)), strict=True))
        most = contributions(problem.geometry)
        eps = float(np.finfo(problem.dtype).eps)
        gradients = {name: array for name, array in found.items() if array is not None}
        rounding = {name: factor(most[name]) * eps * np.asarray(sizes[name]) for name in gradients}
        loose = {
            name: max(LOOSE, factor(most[name]) * eps) * float(np.max(np.asarray(sizes[name]), initial=0.0))
            for name in gradients
        }
        return cls(problem, gradients, loose, rounding)


@functools.lru_cache(maxsize=512)
def right_of(case: Case) -> Right:
    """The problem of a case with random arrays, always the same ones, and what is right on it."""
    seed = [case.batch or 0, *case.size, *case.kernel, *case.stride, *sum(case.padding, ())]
    rng = default_rng([*seed, case.channels, case.filters, *case.dilation, case.groups])
    geometry = case.geometry
    lead = () if case.batch is None else (case.batch,)
    problem = Problem(
        rng.standard_normal((*lead, *geometry.input_shape)),
        rng.standard_normal(geometry.kernel_shape),
        rng.standard_normal(case.filters),
        rng.standard_normal((*lead, *geometry.output_shape)),
        case.stride,
        case.padding,
        case.dilation,
        case.groups,
    )
    if case.relu:
        problem = problem.with_arrays(dZ=problem.dZ * (expected_forward(problem) > 0))
    return Right.of(problem)


def cases_for(convention: Convention, candidate: Candidate) -> tuple[list[Case], tuple[str, ...]]:
    """The cases that a convention can express, smallest first, and what it cannot express."""
    every = _all_cases(convention.name)
    told = dict.fromkeys(each for case in every for each in expressed(case, convention))
    cases = [case for case in told if case.possible and not convention.cannot_say(case.geometry, candidate)]
    unsaid = {
        reason: None
        for case in _all_cases("problem")
        if (reason := convention.cannot_say(case.geometry, candidate))
    }
    return sorted(cases, key=lambda case: case.work), tuple(unsaid)


def expressed(case: Case, convention: Convention) -> Iterator[Case]:
    """The case changed so that a call can express it, in one way or several."""
    if convention.told is not None and convention.name == "layer":
        yield from _of_layer(case, convention.told)
    else:
        yield fitted(case, convention)


def fitted(case: Case, convention: Convention) -> Case:
    """The case changed so that a call found from names can express it."""
    if convention.told is None:
        return case
    says, lying = convention.told.says, convention.layouts
    if not lying.batched:
        case = replace(case, batch=None)
    if convention.told.square_pictures:
        case = replace(case, size=(case.size[0],) * 2)
    if convention.told.maker is None and (kernel := layers.kernel_of(convention.told)) is not None:
        case = replace(case, kernel=kernel)
    if "stride" not in says:
        case = replace(case, stride=(convention.told.stride,) * 2)
    rule, padded = convention.told.rule, case.padding != ((0, 0), (0, 0))
    if "padding:word" in says and padded and not rule:
        k = case.kernel[0] | 1
        case = replace(case, kernel=(k, k), stride=(1, 1), padding=((k // 2,) * 2,) * 2)
    elif "padding" not in says and (padded or "padding:word" not in says):
        if rule == "half":
            case = replace(case, kernel=(case.kernel[0] | 1, case.kernel[1] | 1))
        own = layers.padding_of(rule, case.geometry) if rule else None
        case = replace(case, padding=own or ((0, 0), (0, 0)))
    if convention.told.depthwise:
        return case.depthwise
    if "I" not in lying.W or "C" not in lying.A:
        case = replace(case, channels=1, groups=1)
    return replace(case, filters=1) if "O" not in lying.W or "C" not in (lying.Z or lying.A) else case


def _of_layer(case: Case, call: Call) -> Iterator[Case]:
    """The case changed so that a layer can be told it, and with the padding that the layer chooses itself."""
    lying, kinds = call.layouts or Layouts(), {role.partition(":")[0] for role in call.says}
    if "N" not in lying.A:
        case = replace(case, batch=None)
    if "C" not in lying.A:
        case = replace(case, channels=1, groups=1, filters=case.filters if lying.Z else 1)
    if call.square_pictures or "input_shape:side" in call.says:
        case = replace(case, size=(case.size[0],) * 2)
    if call.depthwise:
        case = case.depthwise
    if call.channels:
        case = replace(case, channels=call.channels, groups=1)
    if "stride" not in kinds:
        case = replace(case, stride=(call.stride,) * 2)
    if not kinds & {"kernel_size", "kernel_h", "W", "hparameters"}:
        case = replace(case, kernel=layers.kernel_of(call) or (3, 3))
    told = call.worded
    for kernel in dict.fromkeys((case.kernel, (case.kernel[0],) * 2, (case.kernel[0] | 1,) * 2)):
        shaped = replace(case, kernel=kernel)
        if not call.rule or told:
            yield shaped
        if call.rule and (padding := layers.padding_of(call.rule, shaped.geometry)) is not None:
            yield replace(shaped, padding=padding)


@functools.cache
def _all_cases(convention: str) -> tuple[Case, ...]:
    batches: tuple[int | None, ...] = (1, 2)
    if convention == "article":
        batches = (None,)
    elif convention == "problem":
        batches = (None, 2)
    found = dict.fromkeys(_shared(batches))
    if convention == "alx":
        found |= dict.fromkeys(_same_by_alx())
    if convention in ("alx", "torch", "problem", "named", "layer"):
        found |= dict.fromkeys(_along_one_axis())
    if convention in ("torch", "problem", "article", "named", "layer"):
        found |= dict.fromkeys(_dilated_and_grouped(batches))
    if convention in ("problem", "named"):
        found |= dict.fromkeys(_one_sided(batches))
    return tuple(case for case in found if case.possible)


def _shared(batches: tuple[int | None, ...]) -> Iterator[Case]:
    """Cases that every convention can express: strides, paddings, tilings, channels, samples."""
    turn = itertools.cycle(batches)
    for kernel, s, p in itertools.product([(2, 2), (3, 3), (2, 3), (3, 2)], (1, 2, 3), (0, 1, 2)):
        if p > 1 and kernel != (3, 3):
            continue
        for rest in ((0, 0), (1, s - 1))[: 1 if s == 1 else 2]:
            channels = (1, 2) if kernel == (2, 2) else (2, 3)
            wide_and_high = kernel[0] == kernel[1] and rest == (0, 0) and s < 3
            for outputs in ((2, 3), (3, 2)) if wide_and_high else ((2, 3) if s == 2 else (3, 2),):
                batch = next(turn)
                yield _sized(kernel, s, p, outputs, rest, channels, batch)
                channels = channels[::-1] if batch is None else channels
    for s, p in itertools.product((1, 2), (0, 1)):
        yield _sized((3, 3), s, p, (3, 3), (0, 0), (2, 3), next(turn))  # a square input
        # larger than it need be, so that the first failure is one where windows have an inside
        yield _sized((1, 1), s, p if s == 1 else 0, (5, 4), (0, 0), (3, 2), next(turn))
    yield _sized((3, 3), 1, 0, (2, 3), (0, 0), (1, 1), batches[0])
    yield _sized((3, 3), 1, 0, (1, 3), (0, 0), (2, 1), batches[-1])  # a row of outputs
    yield _sized((5, 5), 1, 2, (3, 2), (0, 0), (2, 2), batches[0])
    yield Case((1, 4), (3, 3), (1, 1), ((1, 1), (1, 1)), 2, 2, batches[0])  # a row of inputs
    yield Case((1, 4), (1, 1), channels=2, filters=3, batch=batches[-1])
    for batch in batches:
        yield _sized((3, 3), 2, 1, (2, 3), (0, 0), (1, 1), batch)
        yield _sized((3, 3), 1, 1, (3, 4), (0, 0), (3, 4), batch)


def _sized(
    kernel: Pair, s: int, p: int, outputs: Pair, rest: Pair, channels: Pair, batch: int | None
) -> Case:
    """The case with a given output size: `(outputs - 1) * s + kernel - 2p + rest` is the input's."""
    rows, columns = (
        (out - 1) * s + f - 2 * p + extra for out, f, extra in zip(outputs, kernel, rest, strict=True)
    )
    while rows < 2 or columns < 2:
        rows, columns = rows + s, columns + s
    return Case((rows, columns), kernel, (s, s), ((p, p), (p, p)), *channels, batch)


def _same_by_alx() -> Iterator[Case]:
    """ALX's own "same": the size is kept at any stride, with a padding that grows with it."""
    kernels = [(3, 3), (3, 5), (1, 3), (3, 1), (5, 5), (2, 2), (2, 3)]
    sizes = [(3, 5), (5, 5), (5, 3), (7, 5), (2, 3), (3, 2), (2, 2), (2, 4), (3, 3)]
    strides = [(kernel, (s, s)) for kernel, s in itertools.product(kernels, (1, 2, 3))]
    for kernel, stride in (*strides, ((3, 3), (1, 2)), ((3, 5), (2, 1))):
        free = [Case(size, kernel, stride) for size in sizes]
        padded = [
            replace(case, padding=padding)
            for case in free
            if (padding := layers.padding_of("alx", case.geometry)) is not None
        ]
        for number, case in enumerate([case for case in padded if case.possible][:4]):
            channels, filters = (2, 3) if number % 2 else (1, 2)
            yield replace(case, channels=channels, filters=filters, batch=2 if number == 0 else 1)


def _along_one_axis() -> Iterator[Case]:
    """Strides and paddings that differ along H and W."""
    for stride, (p_h, p_w) in itertools.product([(1, 2), (2, 1)], [(0, 0), (1, 1), (0, 1), (1, 0)]):
        yield Case((5, 6), (3, 2), stride, ((p_h, p_h), (p_w, p_w)), 2, 2, 1)
    yield Case((5, 4), (3, 3), (1, 1), ((0, 0), (1, 1)), 1, 2, 1)
    yield Case((4, 5), (3, 3), (1, 1), ((1, 1), (0, 0)), 1, 2, 2)


def _dilated_and_grouped(batches: tuple[int | None, ...]) -> Iterator[Case]:
    turn = itertools.cycle(batches)
    dilated = ((2, 2), 1, 0), ((2, 2), 1, 1), ((2, 2), 2, 2), ((3, 3), 1, 2), ((1, 2), 1, 1), ((2, 1), 2, 0)
    for dilation, s, p in dilated:
        yield Case((6, 7), (3, 2), (s, s), ((p, p), (p, p)), 2, 2, next(turn), dilation)
        yield Case((5, 6), (2, 2), (s, s), ((p, p), (p, p)), 1, 2, next(turn), dilation)
    by_two = (2, (2, 2), 1, 0), (2, (4, 2), 1, 1), (2, (2, 4), 2, 1)
    for groups, channels, s, p in (*by_two, (3, (3, 3), 1, 1), (3, (3, 6), 2, 0), (2, (4, 6), 1, 0)):
        yield Case((5, 4), (3, 2), (s, s), ((p, p), (p, p)), *channels, next(turn), (1, 1), groups)
        yield Case((4, 5), (2, 2), (s, s), ((p, p), (p, p)), *channels, next(turn), (1, 1), groups)
    yield Case((7, 6), (2, 2), (2, 2), ((1, 1), (1, 1)), 4, 4, next(turn), (2, 2), 2)


def _one_sided(batches: tuple[int | None, ...]) -> Iterator[Case]:
    """Padding that differs between opposite sides."""
    for padding in [((1, 0), (0, 1)), ((0, 1), (1, 0)), ((2, 1), (0, 2))]:
        yield Case((4, 5), (3, 3), (1, 1), padding, 2, 2, batches[0])
        yield Case((5, 4), (3, 3), (2, 2), padding, 1, 2, 2)
