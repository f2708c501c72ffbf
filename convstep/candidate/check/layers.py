"""Find out how a layer class is to be called: try what its signatures allow until one way fits."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from convstep.candidate.call import layers
from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.conventions import convention_of
from convstep.candidate.call.layouts import Layouts, sides_of
from convstep.candidate.call.likely import of_other_axes
from convstep.candidate.call.outcome import (
    DIED,
    HUNG,
    RETURNED,
    Attempt,
    Candidate,
    CannotCall,
    Outcome,
)
from convstep.candidate.call.rates import OPTIMIZERS
from convstep.candidate.call.used import used_as
from convstep.candidate.call.words import making_roles
from convstep.candidate.check.cases import Case, cases_for, fitted
from convstep.candidate.check.defaults import defaults, told_by_numbers
from convstep.candidate.check.grade import RIGHT, SHAPE, WRONG, Result, makes_it
from convstep.language import tr

TOLD, DEATHS, TRIES = 8, 3, 800
"""Attempts that are told of a layer that cannot be called; processes that may die meanwhile; calls."""
SIZES = r"shape|size|bounds|broadcast|negative"
"""What is said of a forward that does not take the sides of a picture."""
_STAGES = ("make", "plant", "forward", "output", "backward")

Chosen = tuple[Call, str, Result | None]


def detect_layer_call(
    tried: Callable[[Call, Case], Result],
    candidate: Candidate,
    in_time: Callable[[], bool],
    own: Callable[[str], bool] = lambda message: False,
) -> Chosen:
    """How to call a layer, why so, and the call that hung during the trials, if one did.

    `own` tells whether an exception can only be the backward's own mistake. `CannotCall` if the layer cannot
    be made, run forward and back, or read.
    """
    search = _Search(own)
    if (hung := search.through(layers.ways(candidate), tried, in_time)) is not None:
        return hung
    forward, output = map(_STAGES.index, ("forward", "output"))
    misfit = any(
        -stage == output or (-stage >= forward and re.search(SIZES, said))
        for said, (stage, _) in search.attempts.items()
    )
    if search.best is None and not search.over and search.raising is None and misfit:
        squares = _Search(own, tries=TRIES // 2)  # where not even its forward took one that is not square
        ways = ((replace(call, square_pictures=True), reason) for call, reason in layers.ways(candidate))
        if squares.through(ways, tried, in_time) is None and squares.sure is not None:
            search = squares
    if search.best is None and search.raising is not None and own(search.raising[2].message):
        return search.raising[0], search.raising[1], None
    if search.best is None:
        attempts = sorted(search.attempts.values(), key=lambda each: each[0])
        raise _cannot(candidate, [attempt for _, attempt in attempts])
    _, call, reason, result, wrong = search.best
    outcome, changes = result.outcome, layers.changes(result.outcome)
    plain = "optimizer plain" in outcome.places  # the one that it was handed
    memory = not plain and wrong & set(changes) and re.search(OPTIMIZERS, candidate.source, re.I)
    # a rate that is written may not be all that its gradients are multiplied by
    written = any(each.startswith("rate ") for each in outcome.places)
    if memory or (written and any(name in wrong and _multiplied(result, name) for name in changes)):
        # what an optimizer with a memory makes of a gradient is not the gradient
        kept = tuple(each for each in outcome.places if not each.endswith(" change"))
        outcome = replace(outcome, places=kept)
    call, reason = layers.settled(call, reason, outcome)
    call, before = _without_misread(tried, call, candidate), call
    reason = layers.told_more(reason, before, call, candidate)
    if name := _misread(tried, call, outcome, candidate):
        message = tr("what {name} is could not be found out", name=name)
        raise _cannot(candidate, [Attempt(reason, message)])
    more = told_by_numbers(tried, call, candidate)
    reason = layers.told_more(reason, call, more, candidate)
    call = _limited(tried, _with_pairs(tried, with_even_kernels(tried, more)))
    if any(case.kernel[0] != case.kernel[1] for case in cases_for(convention_of(call), candidate)[0]):
        reason = re.sub(r"\bK(, |\*)K\b", r"K\1L", reason)  # of square kernels both sides are K
    return call, reason, None


def _without_misread(tried: Callable[[Call, Case], Result], call: Call, candidate: Candidate) -> Call:
    """The call without a stride or padding that its name does not say, and its forward shows to be none.

    `i * d:i * d + h` may be a window or the place of a tap; what has a default is left at that.
    """
    assert call.maker is not None
    optional = defaults(call.maker, call, candidate)
    for name, role in call.maker.given:
        shown = {"stride": {"stride": (2, 2)}, "padding": {"padding": ((1, 1), (1, 1))}}.get(role, {})
        plain = next(iter(_trials(call, layers.kernel_of(call) or (3, 3), fixed=True)), None)
        if not shown or plain is None or name not in optional or role in making_roles(name):
            continue
        result = tried(call, replace(plain, **shown))  # type: ignore[arg-type]
        if result.outcome.Z is not None and not makes_it(result) and makes_it(tried(call, plain)):
            given = tuple(pair for pair in call.maker.given if pair[0] != name)
            call = replace(call, maker=replace(call.maker, given=given))
    return call


def _misread(
    tried: Callable[[Call, Case], Result], call: Call, outcome: Outcome, candidate: Candidate
) -> str:
    """What a constructor was given for something that it is not, as its forward shows; "" if none is known.

    A stride or padding that no name says changes the output's size; a rate is nothing for a forward.
    """
    assert call.maker is not None
    used = used_as(candidate.source)
    plain = next(iter(_trials(call, layers.kernel_of(call) or (3, 3), fixed=True)), None)
    for name, role in call.maker.given if plain is not None else ():
        assert plain is not None
        case = plain
        if role == "rate" and re.fullmatch(r"(?i)_?alpha", name):  # a slope as often
            fits = makes_it if not layers.changes(outcome) else None
        elif role in ("stride", "padding") and role not in (*making_roles(name), used.get(name)):
            strided = replace(plain, stride=(2, 2))
            case = strided if role == "stride" else replace(plain, padding=((1, 1), (1, 1)))
            fits = _forward_fits
        else:
            fits = None
        if fits is None or convention_of(call).cannot_say(case.geometry):
            continue
        result = tried(call, case)
        if result.outcome.Z is not None and not fits(result):
            return name
    return ""


def _multiplied(result: Result, name: str) -> bool:
    """Whether a gradient is right but for a factor."""
    given, right = result.outcome.gradients.get(name), result.right.gradients[name]
    if given is None or given.shape != right.shape:
        return False
    factor = float((given * right).sum() / (right * right).sum())
    return factor != 0 and np.allclose(given, factor * right, 1e-4, 1e-4 * abs(factor))


def with_even_kernels(tried: Callable[[Call, Case], Result], call: Call) -> Call:
    """The call with the padding of an even kernel, where odd ones get half of it and the forward shows it.

    At stride 1 that is also what ceil(size / stride) places take.
    """
    case = Case((6, 7), (4, 4), channels=2, filters=4, batch=1)
    strided = replace(case, kernel=(3, 3), stride=(2, 2))
    rules = (("tf", strided), ("low", case), ("high", case)) if call.rule == "half" else ()
    for rule, case in rules:
        other, padding = replace(call, rule=rule), layers.padding_of(rule, case.geometry)
        assert padding is not None
        even = fitted(replace(case, padding=padding), convention_of(other))
        same = (even.kernel, even.stride) == (case.kernel, case.stride)
        sayable = same and not convention_of(other).cannot_say(even.geometry)
        if sayable and makes_it(tried(other, even)):
            return other
    return call


def _with_pairs(tried: Callable[[Call, Case], Result], call: Call) -> Call:
    """The call with pairs where they differ, for what was told as a number and may be a pair as well.

    Its forward says so. Where its backward raises for either it may be that it is PyTorch that takes pairs.
    """
    plain = next(iter(_trials(call, layers.kernel_of(call) or (3, 3), fixed=True)), None)
    if plain is None:
        return call
    (p, _), _ = plain.padding
    for role, cases in {
        "stride": [replace(plain, stride=pair) for pair in ((1, 2), (2, 1))],
        "padding": [replace(plain, padding=pair) for pair in (((1, 1), (0, 0)), ((0, 0), (1, 1)))],
        "dilation": [replace(plain, dilation=pair, padding=((p, p),) * 2) for pair in ((1, 2), (2, 1))],
        "kernel_size": [replace(plain, kernel=pair) for pair in ((3, 2), (2, 3))],
    }.items():
        paired = replace(
            call, maker=_either(call.maker, role), forward=_either(call.forward, role), pairs=True
        )
        cases = [case for case in cases if not convention_of(paired).cannot_say(case.geometry)]
        if paired == call:
            continue
        for case in cases:
            result = tried(paired, case)
            if not makes_it(result):
                break
            if result.outcome.kind == RETURNED:
                call = paired
                break
    return call


def _either(method: Method | None, role: str) -> Method | None:
    """The same, told a role's number where it is the same along both axes, else a pair."""
    if method is None:
        return None
    given = tuple((name, f"{its}:either" if its == role else its) for name, its in method.given)
    return replace(method, given=given)


def _limited(tried: Callable[[Call, Case], Result], call: Call) -> Call:
    """The call without pairs that the layer ignores: many are handed two sides and use the first."""
    plain = next(iter(_trials(call, layers.kernel_of(call) or (3, 3), fixed=True)), None)
    if plain is None:
        return call
    if "hparameters" in call.says:
        plain = replace(plain, padding=((0, 0), (0, 0)))
        told = {"stride": replace(plain, stride=(2, 2)), "padding": replace(plain, padding=((1, 1), (1, 1)))}
        ignored = (role for role, case in told.items() if not _forward_fits(tried(call, case)))
        call = replace(call, untold=tuple(ignored))
    for case in (
        replace(plain, stride=(1, 2)),
        replace(plain, padding=((1, 1), (0, 0))),
        replace(plain, kernel=(3, 2)),
    ):
        if convention_of(call).cannot_say(case.geometry):
            continue
        if not _forward_fits(tried(call, case)):
            same = case.kernel == plain.kernel
            call = replace(call, pairs=False) if same else replace(call, square=True)
    return call


@dataclass(slots=True, eq=False)
class _Search:
    """What the ways tried so far say about those still to be tried."""

    own: Callable[[str], bool]
    best: tuple[tuple[int, ...], Call, str, Result, set[str]] | None = None
    raising: tuple[Call, str, Outcome] | None = None
    attempts: dict[str, tuple[int, Attempt]] = field(default_factory=dict)
    barred: set[object] = field(default_factory=set)
    sure: Call | None = None
    nearly: Call | None = None
    fitting: Layouts | None = None
    running: set[Method | None] = field(default_factory=set)
    over: bool = False
    tries: int = 0
    deaths: int = 0

    def through(
        self,
        ways: Iterable[tuple[Call, str]],
        tried: Callable[[Call, Case], Result],
        in_time: Callable[[], bool],
    ) -> Chosen | None:
        """Try one way after the other until one fits; return the one that hung, if one did.

        A constructor told things with which its forward ran is tried in every layout before another is.
        """
        put_off: list[tuple[Call, str]] = []
        for first, (call, reason) in itertools.chain(
            zip(itertools.repeat(True), ways), ((False, way) for way in put_off)
        ):
            if self.deaths >= DEATHS or self.tries >= TRIES or not in_time():
                break
            if self.skips(call):
                continue
            if first and self.running and call.maker not in self.running:
                put_off.append((call, reason))
                continue
            results = _results(tried, call)
            hung = next((result for result in results if result.outcome.kind == HUNG), None)
            if hung is not None:
                return call, reason, hung
            self.note(call, reason, results)
            if self.over:
                break
        return None

    def skips(self, call: Call) -> bool:
        """Whether a way cannot turn out better than those already tried."""
        if self.sure is not None and replace(call, backward=None) != replace(self.sure, backward=None):
            return True  # its forward was right when called in another way
        near = self.nearly or call
        if call.maker != near.maker and call.layouts != near.layouts:
            return True  # the same forward may be right where the backward needs another shape
        if self.fitting is not None and call.layouts != self.fitting:
            return True  # every axis has a length of its own: no other way of lying fits
        return not self.barred.isdisjoint((_made(call), _run(call), _axes(call)))

    def note(self, call: Call, reason: str, results: list[Result]) -> None:
        """Learn from the results of a way."""
        self.tries += len(results)
        outcomes = [result.outcome for result in results]
        for outcome in outcomes:
            self.deaths += outcome.kind == DIED
            if outcome.kind != RETURNED:
                stage = _stage(outcome)
                attempt = -_STAGES.index(stage), Attempt.of(reason, outcome)
                self.attempts.setdefault(outcome.message, attempt)
                if outcome.message.startswith("NotImplementedError") and stage != "make":
                    self.over = True
        if results and all(map(makes_it, results)) and results[0].right.problem.W.shape[1] > 1:
            if any(map(_is_flat, results)):
                pass  # what takes pictures in any shape may be meant to be given flat ones
            elif any(one.kind == RETURNED or self.own(one.message) for one in outcomes):
                self.sure = call  # a matrix product, too, is a convolution by 1x1
            else:
                self.nearly = self.nearly or call
            self.raising = self.raising or (call, reason, results[0].outcome)
        returned = [result for result in results if result.outcome.kind == RETURNED]
        if results and not returned:
            # rule and backward have no say in what fails before that
            stage, line = _stage(outcomes[-1]), outcomes[-1].line
            sized = "in_channels" in call.says and not line  # its kernels are not made by forward
            if stage == "output":  # its output has another number of axes, whatever the padding and stride
                self.barred.add(_axes(call))
                self.running.add(call.maker)
            elif stage != "backward":
                self.barred.add(
                    _made(call) if stage == "make" or (stage == "plant" and sized) else _run(call)
                )
            return
        made = [result for result in returned if result.outcome.Z is not None]
        if made and not any(map(_forward_fits, made)):  # what it was handed as dZ is none of its own
            said = tr("its forward makes an output of another size than this convolution's")
            self.attempts.setdefault(
                said, (-_STAGES.index("output"), Attempt.of(reason, made[0].outcome, said))
            )
            return
        if "(" in call.layouts.A + call.layouts.Z and not any(map(makes_it, results)):  # type: ignore[union-attr]
            return  # the size of a flat output says little of how it lies
        fit = _fit(results)
        by_itself = call.stride != 1 or (call.rule and not call.worded and "padding" not in call.says)
        if by_itself and not any(map(makes_it, results)) and fit[0] <= len(returned):
            return  # what it does untold is believed of numbers alone; db may be right anyhow
        if returned and (self.best is None or fit > self.best[0]):
            wrong = {found.name for result in results for found in result.grades if found.kind == WRONG}
            self.best = fit, call, reason, returned[0], wrong
            judged = [found.kind != SHAPE for result in results for found in result.grades]
            if len(judged) > 1 and all(judged) and all(map(_forward_fits, results)):
                self.fitting = call.layouts
        self.over |= bool(results) and all(result.ok and result.grades for result in results)


def _stage(outcome: Outcome) -> str:
    """At which stage a layer raised."""
    stage = dict(each.partition(" ")[::2] for each in outcome.places).get("stage", "make")
    return stage if stage in _STAGES else "make"


def _results(tried: Callable[[Call, Case], Result], call: Call) -> list[Result]:
    """Try a problem with padding and one without, with the first kernel size that it takes.

    Where backward raises on both, two samples may be what it was written for.
    """
    results: list[Result] = []
    fixed = not {"kernel_size", "kernel_h", "W"} & {r.partition(":")[0] for r in call.says}
    for kernel in ((3, 3), (5, 5), (2, 2), (1, 1)) if fixed else ((3, 3),):
        results = []
        trials = _trials(call, kernel, fixed=fixed)
        for case in trials:
            result = tried(call, case)
            if result.refused and case.stride != (1, 1) and (once := _unstrided(call, case)):
                result = tried(call, once)
            results.append(result)
            outcome = result.outcome
            if outcome.kind in (HUNG, DIED) or (outcome.kind != RETURNED and _stage(outcome) != "backward"):
                break
        stages = {_stage(r.outcome) if r.outcome.kind != RETURNED else "" for r in results}
        if "plant" in stages or not results:
            continue  # its kernels have another size
        if stages == {"backward"} and trials[-1].batch and all(map(makes_it, results)):
            result = tried(call, replace(trials[-1], batch=2))
            results += [result] if result.ok else []
        break
    return results


def _unstrided(call: Call, case: Case) -> Case | None:
    """The same at stride 1, with the padding that the layer makes there."""
    alone = replace(case, stride=(1, 1))
    padding = layers.padding_of(call.rule, alone.geometry) if call.rule else alone.padding
    return None if padding is None else replace(alone, padding=padding)


def _trials(call: Call, kernel: tuple[int, int], *, fixed: bool) -> list[Case]:
    """Problems on which every axis has a length of its own: padded, and not, at stride 1 if possible.

    Where a layer pads by itself, stride 2 tells its rule.
    """
    found: dict[str, Case] = {}
    wanted = {"padded", "plain", *(("strided",) if call.rule else ())}
    strides = dict.fromkeys((1, 2, call.stride))
    channels = ((call.channels, 4),) if call.channels else ((2, 4), (1, 4), (1, 1))
    # (1, H, W) may be one picture or one channel; of two pictures two outputs must come
    batches = (2, 1) if (call.layouts or Layouts()).A == "NHW" else (1, None)
    for s, batch, (c, f), p in itertools.product(strides, batches, channels, (1, 0)):
        size = (7, 7) if call.square_pictures or "input_shape:side" in call.says else (6, 7)
        case = Case(size, kernel, (s, s), ((p, p), (p, p)), c, f, batch)
        case = case.depthwise if call.depthwise else case
        if call.rule and p:
            own = layers.padding_of(call.rule, case.geometry)
            case = case if own is None else replace(case, padding=own)
        kind = "padded" if case.padding != ((0, 0), (0, 0)) else "plain"
        strided = kind == "padded" and s == 2 and "strided" not in found
        if (
            (kind in found and not strided)
            or not case.possible
            or convention_of(call).cannot_say(case.geometry)
        ):
            continue
        found.setdefault(kind, case)
        if strided:
            found["strided"] = case
        if wanted <= found.keys():
            break
    first = found.get("strided") if call.rule else None
    trials = [case for case in (first or found.get("padded"), found.get("plain")) if case is not None]
    if trials and call.rule and not fixed:  # half a kernel, or one?
        larger = replace(trials[0], kernel=(5, 5))
        padding = layers.padding_of(call.rule, larger.geometry)
        trials += [] if padding is None else [replace(larger, padding=padding)]
    return trials


def _is_flat(result: Result) -> bool:
    """Whether the gradient of the pictures came back with fewer axes, and as many numbers."""
    given, right = result.outcome.gradients.get("dA_prev"), result.right.gradients["dA_prev"]
    return given is not None and given.ndim < right.ndim and given.size == right.size


def _forward_fits(result: Result) -> bool:
    """Whether its forward gave an output of the right size."""
    Z = result.outcome.Z
    return Z is not None and Z.shape == result.right.problem.dZ.shape


def _fit(results: list[Result]) -> tuple[int, ...]:
    """How well a way fits: forwards and gradients right, shapes right, calls that returned."""
    judged = [found for result in results for found in result.grades]
    return (
        sum(map(makes_it, results)) + sum(found.kind == RIGHT for found in judged),
        sum(found.kind != SHAPE for found in judged),
        sum(result.outcome.kind == RETURNED for result in results),
    )


def _made(call: Call) -> tuple[object, ...]:
    """What is handed to the constructor: its parameters' roles, and what of the layouts shows in these."""
    assert call.maker is not None
    assert call.layouts is not None
    said: list[object] = [call.maker]
    for _, role in call.maker.given:
        base, _, form = role.partition(":")
        if base == "W":
            said.append(call.layouts.W)
        elif base == "hparameters" or form == "full":
            said.append(call.layouts.A)
        elif base in ("input_shape", "format") or form == "shape":
            said.append(call.layouts.A.replace("N", ""))
    return tuple(said)


def _run(call: Call) -> tuple[object, ...]:
    """The same, and what its forward is handed."""
    layouts = call.layouts or Layouts()
    return *_made(call), layouts.A, layouts.W, call.channels


def _axes(call: Call) -> tuple[object, ...]:
    """The same, and how many axes its output is to have."""
    layouts = call.layouts or Layouts()
    return "axes", *_run(call), len(sides_of(layouts.Z or layouts.A))


def _cannot(candidate: Candidate, attempts: list[Attempt]) -> CannotCall:
    """Why a layer cannot be called, in a sentence, and what was tried."""
    name = candidate.name.partition(".")[0]
    likeliest = attempts[0] if attempts else Attempt("", tr("nothing could be tried"))
    place = f" ({likeliest.place}: {likeliest.line_text})" if likeliest.line else ""
    sentence = tr(
        "{name} is not written yet: {message}{place}"
        if likeliest.message.startswith("NotImplementedError")
        else "{name} cannot be called: {how}: {message}{place}",
        name=name,
        how=likeliest.how,
        message=likeliest.message,
        place=place,
    )
    return CannotCall(of_other_axes(candidate, name) or sentence, candidate, attempts[:TOLD])
