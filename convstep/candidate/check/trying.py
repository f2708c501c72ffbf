"""Ways of calling a candidate, each tried on two small problems."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from convstep.candidate.call.calling import Call
from convstep.candidate.call.containers import path_of, word_of
from convstep.candidate.call.conventions import CONVENTIONS, convention_of, named
from convstep.candidate.call.layouts import LISTS, Layouts
from convstep.candidate.call.named import LAYOUTS, POINTWISE, SIZED, described, guessed, ways
from convstep.candidate.call.outcome import DIED, HUNG, NAMES, RAISED, REFUSED, RETURNED, Candidate
from convstep.candidate.call.returned import meaning, returned_names
from convstep.candidate.call.words import roles_of
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Case, cases_for, fitted, right_of
from convstep.candidate.check.foreseen import Foreseen
from convstep.candidate.check.grade import RIGHT, SHAPE, WRONG, Result, asked, forward_fits, grade
from convstep.candidate.check.limits import sides_read
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array

LARGEST_BATCH, GUESSES, SQUARES = 256, 8, 60
"""The largest batch size tried, and how many, where a candidate seems to have one hard-coded; and how many
ways with square pictures."""
MISFIT = r"shape|size|out of bounds|broadcast"
"""What is said where sizes do not fit."""
ARRAY = r"numpy\.ndarray|unexpected keyword|not callable|Tensor"
"""What is said where an array was given and a tensor was expected."""
APART = (
    Case((7, 8), (3, 3), channels=2, filters=4, batch=1),
    Case((7, 11), (3, 3), (2, 2), ((1, 1), (1, 1)), 5, 7, 2),
)
"""Problems on which every axis has a length of its own, and stride and padding differ."""
TOLD_APART = Case((8, 10), (7, 7), (2, 2), channels=2, filters=3, batch=1)
"""A problem on which all paddings that candidates make by themselves differ."""
PAIRS = (
    Case((5, 6), (3, 3), (1, 2), ((0, 0), (1, 1)), 2, 2, 1),
    Case((5, 6), (3, 3), channels=2, batch=1, dilation=(1, 2)),
)
"""Problems whose stride and padding, or dilation, differ along the axes."""


@frozen()
class Tried:
    """A way of calling, and the results of its trials."""

    call: Call
    reason: str
    results: tuple[Result, ...]

    @property
    def fit(self) -> tuple[int, int, int]:
        """How well it fits: gradients right, shapes right, calls that returned."""
        judged = [found for result in self.results for found in result.grades]
        return (
            sum(found.kind == RIGHT for found in judged),
            sum(found.kind in (RIGHT, WRONG) for found in judged),
            sum(
                result.outcome.kind == RETURNED
                or (result.outcome.kind == REFUSED and not result.outcome.forward_message)
                for result in self.results
            ),
        )

    @property
    def perfect(self) -> bool:
        """Whether all that came back is right, on every trial."""
        return all(result.ok and result.grades for result in self.results)

    @property
    def believable(self) -> bool:
        """Whether gradients came back, of the right shapes, be it in another order."""
        return any(shapes_of(self.call, result) for result in self.results)

    @property
    def explained(self) -> bool:
        """Whether it is no accident that gradients came back: the names said so, or numbers are right."""
        method = self.call.backward or self.call.forward
        by_name = method is not None and all(
            role.partition(":")[0] in roles_of(word_of(name)) for name, role in method.given
        )
        return self.believable and (self.right or (by_name and self._placed))

    @property
    def _placed(self) -> bool:
        """Whether each array that came back has the shape of a gradient somewhere; else it lies otherwise."""
        orders = [shapes_of(self.call, result) for result in self.results]
        return any(order and "" not in order for order in orders)

    @property
    def right(self) -> bool:
        """Whether a gradient that does not come out right by itself is right somewhere."""
        return any(f.kind == RIGHT and f.name != "db" for result in self.results for f in result.grades)

    @property
    def cropped(self) -> bool:
        """Whether something came back that may be dA_prev, cut to another size."""
        if not self.call.returns or "dA_prev" in self.call.returns:
            return False
        unnamed = [place for place, name in enumerate(self.call.returns) if not name]
        return any(
            _may_be_cropped(self.call, result, result.outcome.returned[place])
            for result in self.results
            if result.outcome.kind == RETURNED
            for place in unnamed
            if place < len(result.outcome.returned)
        )

    @property
    def rights(self) -> float:
        """Gradients that are right, a trial."""
        return self.fit[0] / len(self.results)

    @property
    def hung(self) -> Result | None:
        """The call that hung, if one did."""
        return self.results[-1] if self.results[-1].outcome.kind == HUNG else None


def told_more(way: Tried, found: Sequence[Tried]) -> Tried:
    """A right way, told more of what its names say where that is partly right: a default hides much."""
    method, last = way.call.backward, len(APART) - 1
    for other in found if method is not None else ():
        fuller = other.call.backward
        if fuller is None or other.call.layouts != way.call.layouts or len(other.results) <= last:
            continue
        assert method is not None
        more = {*fuller.given} - {*method.given}
        named = all(roles_of(name) == (role,) and len(name) > 2 for name, role in more)
        grades = other.results[last].grades
        sized = all(each.kind in (RIGHT, WRONG) for each in grades)
        right = any(each.kind == RIGHT and each.name != "db" for each in grades)
        if {*method.given} < {*fuller.given} and named and sized and right:
            return other
    return way


def wants_other_arrays(candidate: Candidate, call: Call, results: Sequence[Result]) -> bool:
    """Whether a call raised, perhaps for being given arrays and not tensors, or tensors.

    Where nothing has imported PyTorch, what an array lacks says so: importing it takes seconds.
    """
    if not candidate.compiles and not any(re.search(ARRAY, each.outcome.message) for each in results):
        return False
    either = call.convention == "torch" or (candidate.tensors and call.convention != "problem")
    untold = either and candidate.kind != "autograd" and call.tensors is None
    return untold and all(result.outcome.kind in (RAISED, REFUSED) for result in results)


def trials(worker: Worker, call: Call, batch: int = 0) -> list[Case]:
    """Two problems that most wrong backwards get right: stride 1, one sample, padding 1 if possible.

    `batch` is the number of samples for a candidate that takes no others.
    """
    convention = convention_of(call)
    if call.convention not in CONVENTIONS:
        told = fitted(TOLD_APART, convention)
        sayable = call.rule and not convention.cannot_say(told.geometry, worker.candidate)
        apart = [*APART, *([TOLD_APART] if sayable else [])]
        apart = [replace(case, batch=batch) for case in apart] if batch else apart
        return [fitted(case, convention) for case in apart]
    cases, _ = cases_for(convention, worker.candidate)
    simple = [
        case
        for case in cases
        if case.stride == (1, 1)
        and case.batch in (None, 1)
        and case.dilation == (1, 1)
        and case.groups == 1
        and case.channels != case.filters
        and case.kernel[0] > 1
    ]
    simple = [replace(case, batch=batch) for case in simple] if batch else simple
    padded = [case for case in simple if case.padding == ((1, 1), (1, 1))]
    return [*padded[:1], *[case for case in simple if case.padding == ((0, 0), (0, 0))][:1]] or cases[:1]


def trial_results(worker: Worker, call: Call) -> Iterator[Result]:
    """The results of the trials, until one hangs."""
    for case in trials(worker, call):
        result = asked(worker, call, case)
        yield result
        if result.outcome.kind == HUNG:
            return


def written_batches(worker: Worker, tried: Sequence[Tried]) -> list[Tried]:
    """Try again, with batch sizes found as numbers in the source, the ways that failed on a size."""
    numbers = dict.fromkeys(int(word) for word in re.findall(r"\b\d{1,3}\b", worker.candidate.source))
    sizes = [number for number in numbers if 2 < number <= LARGEST_BATCH][:3]
    misfits = [way for way in tried if re.search(MISFIT, way.results[0].outcome.message)]
    found = []
    for size, way in itertools.product(sizes, misfits[: 5 * GUESSES]):
        if convention_of(way.call).layouts.batched:
            found.append(_tried(worker, way.call, size))
            if found[-1].perfect:
                return found[-1:]
    return [way for way in found if way.right]


def right_with_two(worker: Worker, way: Tried) -> bool:
    """Whether a way that fails is right where there are two samples."""
    return convention_of(way.call).layouts.batched and _tried(worker, way.call, 2).right


def written_kernels(worker: Worker, tried: Sequence[Tried], in_time: Callable[[], bool]) -> list[Tried]:
    """Try again, with kernels of a size that is a number in the source, the ways that failed on a size."""
    sizes = [
        size for size in (5, 2, 7, 4) if re.search(rf"(?<![\w.]){size}(?![\w.])", worker.candidate.source)
    ]
    found = pointwise(worker, POINTWISE, in_time)
    if any(way.right for way in found):
        return found
    misfits = [way for way in tried if re.search(MISFIT, way.results[0].outcome.message)]
    for size, way in itertools.product(sizes, misfits[: 5 * GUESSES]):
        found.append(_tried(worker, replace(way.call, places=(("kernel", f"{size}x{size}"),))))
        if found[-1].perfect:
            return found[-1:]
    return [way for way in found if way.right]


def pointwise(worker: Worker, said: str, in_time: Callable[[], bool]) -> list[Tried]:
    """Try the ways that names suggest on kernels of one cell, where the source says that it has no others."""
    source = worker.candidate.source
    alone = re.search(said, source) and not re.search(SIZED, source)
    return by_name(worker, in_time, (("kernel", "1x1"),)) if alone else []


def in_lists(worker: Worker, tried: Sequence[Tried], in_time: Callable[[], bool]) -> list[Tried]:
    """Try again, with lists in the place of arrays, the readings that failed on these."""
    readings = dict.fromkeys(
        replace(way.call, layouts=None, rule="", stride=1, returns=(), pairs=None)
        for way in tried
        if way.call.convention == "named"
        and not guessed(way.call)
        and not way.call.with_tensors(worker.candidate)
    )
    found: list[Tried] = []
    for call, held in itertools.product(readings, LISTS):
        by_axes: dict[int, RuledOut] = {}  # with more axes there are lists in lists
        for lying in LAYOUTS:
            each = replace(call, layouts=lying, lists=held)
            ruled_out = by_axes.setdefault(len(lying.A), RuledOut(NO_LIST))
            if ruled_out(each):
                continue
            if not in_time():
                return [way for way in found if way.right]
            found.append(_tried(worker, each))
            if found[-1].perfect:
                return found[-1:]
            ruled_out.learn(found[-1])
    return [way for way in found if way.right]


def square_pictures(worker: Worker, tried: Sequence[Tried]) -> list[Tried]:
    """Try again, with square pictures, the ways whose own forward takes no others.

    Without a forward it is the code that says so: it reads one side of its pictures, or asserts something.
    """
    for way in [way for way in tried if way.call.convention == "named" and not guessed(way.call)][:SQUARES]:
        unseen = all(result.outcome.Z is None for result in way.results)
        one_side = len(set(sides_read(way.call, worker.candidate.source, "A_prev"))) == 1
        asserts = any("AssertionError" in result.outcome.message for result in way.results)
        if any(map(forward_fits, way.results)) or (unseen and not (one_side or asserts)):
            continue
        again = _tried(worker, replace(way.call, square_pictures=True, returns=()))
        if again.perfect or (again.right and (asserts or all(map(forward_fits, again.results)))):
            return [again]
    return []


def by_name(
    worker: Worker, in_time: Callable[[], bool], places: tuple[tuple[str, str], ...] = ()
) -> list[Tried]:
    """Try the ways that the parameters' names suggest, until one fits or time is up.

    `places` are those of `Call` where the way says none.
    """
    tried: list[Tried] = []
    halves: list[Tried] = []
    deaths, foreseen = 0, Foreseen()
    no_backward = tr("{name} is a forward; name its backward", name=worker.candidate.name)
    for group in ways(worker.candidate):
        more: list[tuple[bool | None, bool | None]] = [(None, None)]
        for tensors, pairs in more:
            ruled_out, ended = RuledOut(), list[Tried]()
            for call in group:
                call = replace(call, tensors=tensors, pairs=pairs, places=call.places or places)
                if ruled_out(call) or (halves and not _may_be_whole(call, halves)):
                    continue
                if not in_time() or deaths > 2:
                    return tried
                way = _tried(worker, call, foreseen=foreseen)
                deaths += way.results[-1].outcome.kind == DIED
                tried.append(way)
                ended.append(way)
                whole = way.perfect and not way.cropped
                if way.hung or whole or way.results[0].outcome.message == no_backward:
                    return tried
                ruled_out.learn(way)
            raised = all(way.results[0].outcome.kind in (RAISED, REFUSED) for way in ended)
            numpy = raised and worker.candidate.kind != "autograd" and worker.candidate.tensors
            if numpy and tensors is pairs is None:
                more.append((False, None))
            if pairs is None and any(_wants_pairs(way.results) for way in ended):
                more.append((tensors, True))
        # a guess that is right by halves may be right by accident
        halves = [way for way in tried if way.right and not guessed(way.call)]
        if halves and not (worker.candidate.forward and any(map(_of_a_cache, halves))):
            break
    return tried


NO_LIST = r"AttributeError: 'list'|TypeError: .*'list'|list indices must be"
"""Exceptions of what takes no lists, however these lie."""


def _of_a_cache(way: Tried) -> bool:
    """Whether its cache was made of what its parts are called, of which its own forward knows more."""
    given = () if way.call.own_cache or way.call.backward is None else way.call.backward.given
    return any(path_of(name) for name, _ in given)


def _may_be_whole(call: Call, halves: Sequence[Tried]) -> bool:
    """Whether its own forward's cache may make right what is right by halves: `x` may be padded in it."""
    return call.own_cache and any(way.call.layouts == call.layouts for way in halves)


class RuledOut:
    """The ways of one reading that earlier trials have shown to be hopeless."""

    READING = r"KeyError|AttributeError|indices must be|only integers, slices|not (subscriptable|callable)"
    """Exceptions of something that was given in the place of something else, however it lies."""

    def __init__(self, reading: str = READING) -> None:
        self._reading, self._told = False, reading
        self._seen: set[tuple[object, ...]] = set()
        self._out: set[tuple[object, ...]] = set()

    def __call__(self, call: Call) -> bool:
        """Whether a way need not be tried."""
        lying = call.layouts or Layouts()
        axes, pictures = (len(lying.A), len(lying.W), len(lying.Z)), (lying.A, lying.W, lying.Z)
        known = {axes, (*pictures, lying.b), (*pictures, "rule", call.rule)}
        return self._reading or not self._out.isdisjoint(known)

    def learn(self, way: Tried) -> None:
        """Take in what came of a way.

        The same exception at the same place rules out: in two layouts, all of this reading if something is
        not what it was taken for, and those with as many axes if it cannot be unpacked; with two paddings,
        the others. Where what came back does not fit, no other bias helps.
        """
        outcome, lying, rule = way.results[0].outcome, way.call.layouts or Layouts(), way.call.rule
        said, pictures = (outcome.line, outcome.message), (lying.A, lying.W, lying.Z)
        axes = len(lying.A), len(lying.W), len(lying.Z)
        unpacking, other = "unpack" in outcome.message, re.search(self._told, outcome.message)
        if outcome.not_begun or (other and said in self._seen):
            self._reading = True
        if outcome.kind == RETURNED and not way.fit[0]:
            self._out.add((*pictures, "rule", rule))
        if outcome.kind in (RAISED, REFUSED):
            if unpacking and (*axes, *said) in self._seen:
                self._out.add(axes)
            if (*pictures, lying.b, *said) in self._seen:
                self._out.add((*pictures, lying.b))
            self._seen |= {said, (*axes, *said), (*pictures, lying.b, *said)}


def _tried(worker: Worker, call: Call, batch: int = 0, foreseen: Foreseen | None = None) -> Tried:
    """Try a way found from names; the order of what it returns is found on the problem that tells most.

    A crop by padding 0 leaves an empty array, which by its shape is nothing's gradient. What is `foreseen`
    is not called.
    """
    cases = trials(worker, call, batch)
    known = [None if foreseen is None else foreseen(call, case) for case in cases]
    asked_for = [case for case, outcome in zip(cases, known, strict=True) if outcome is None]
    came = iter(worker.calls(call, [right_of(case).problem for case in asked_for]))
    results: list[Result] = []
    for case, outcome in zip(cases, known, strict=True):
        if outcome is None:
            if (outcome := next(came, None)) is None:
                break  # it hung before, or did not even begin
            if foreseen is not None:
                foreseen.learn(call, case, outcome)
        results.append(grade(case, right_of(case), outcome))
    orders = [shapes_of(call, result) for result in results if not result.outcome.labels]
    if not call.returns and any(orders):
        order = max(orders, key=lambda order: sum(map(bool, order)))
        call = replace(call, returns=_with_bias(order, worker.candidate, results))
        results = [_in_order(call, result) for result in results]
    return Tried(call, described(call, worker.candidate), tuple(results))


def _with_bias(order: tuple[str, ...], candidate: Candidate, results: Sequence[Result]) -> tuple[str, ...]:
    """The order, with db where its author returns one: a row of numbers may be as many as of nothing."""
    names = returned_names(candidate.source)
    for place, name in enumerate(order):
        lying = [r.outcome.returned[place].ndim for r in results if len(r.outcome.returned) == len(order)]
        called = len(names) == len(order) and meaning(names[place]) == "db"
        if not name and "db" not in order and called and {*lying} == {1}:
            return (*order[:place], "db", *order[place + 1 :])
    return order


def _in_order(call: Call, result: Result) -> Result:
    """A result graded anew, now that the order of what came back is known."""
    outcome = result.outcome
    if outcome.kind != RETURNED or outcome.labels:
        return result
    gradients = named(convention_of(call), outcome.returned, (), result.right.problem)
    return grade(result.case, result.right, replace(outcome, gradients=gradients))


def shapes_of(call: Call, result: Result) -> tuple[str, ...]:
    """Name what came back by its shapes, and by its numbers where shapes leave it open.

    "" is what is no gradient; nothing is returned unless two have their shapes, or all there are.
    """
    outcome, convention = result.outcome, convention_of(call)
    if outcome.kind != RETURNED:
        return ()
    if outcome.labels:
        alike = [found for found in result.grades if found.kind != SHAPE]
        return outcome.labels if alike else ()
    worth: dict[tuple[str, int], int] = {}
    arrays = outcome.returned[:5]
    for name, (place, array) in itertools.product(_computable(call), enumerate(arrays)):
        gradients = {name: convention.ours(name, array, result.right.problem)}
        found = grade(result.case, result.right, replace(outcome, gradients=gradients)).grades
        worth[name, place] = sum(1000 if each.kind == RIGHT else each.kind == WRONG for each in found)
    best: tuple[str, ...] = ()
    most = 0
    for order in itertools.permutations((*NAMES, *[""] * max(0, len(arrays) - 1)), len(arrays)):
        value = sum(worth.get((name, place), 0) for place, name in enumerate(order))
        if value > most:
            best, most = tuple(n if worth.get((n, p)) else "" for p, n in enumerate(order)), value
    return best if sum(map(bool, best)) >= min(2, len(arrays)) else ()


def _may_be_cropped(call: Call, result: Result, array: Array) -> bool:
    """Whether an array lies like a gradient of the pictures, with other rows and columns."""
    lying, problem = call.layouts or Layouts(), result.right.problem
    shape = lying.theirs("A_prev", problem.A_prev).shape
    if len(lying.A) < 3 or array.ndim != len(shape):
        return False
    sizes = zip(lying.A, array.shape, shape, strict=True)
    return all(axis in "HW" or size == whole for axis, size, whole in sizes)


def _computable(call: Call) -> list[str]:
    """The gradients that can be computed from what a call is given: no dA_prev without kernels."""
    says = call.says
    if call.convention in CONVENTIONS or call.forward is not None or says & {"node", "node:two"}:
        return [*NAMES]
    made_of = {"dA_prev": {"W"}, "dW": {"A_prev", "A_prev_pad"}}
    return [name for name in NAMES if name not in made_of or says & made_of[name]]


def _wants_pairs(results: Sequence[Result]) -> bool:
    """Whether it failed because it wants a pair where it was given an int."""
    said = r"TypeError: .*(non-iterable int|'int' object is not (subscri|itera)|of type 'int' has no len)"
    said += r"|expected a value of type 'List\[int\]'"
    return any(re.search(said, result.outcome.message, re.I) for result in results)
