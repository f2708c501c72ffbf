"""The process in which a function is recorded: it answers calls as a candidate's does, and sends logs."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import itertools
import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call import child
from convstep.candidate.call.call import Call
from convstep.candidate.call.failure import short
from convstep.candidate.call.protocol import HOLD, JUDGE, RECORD
from convstep.candidate.call.served import Served, Ways
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.calling import (
    Ready,
    as_layers,
    by_convention,
    given_call,
)
from convstep.candidate.record.forwards import forward_of
from convstep.candidate.record.guessing import Guess
from convstep.candidate.record.networks import has_loss
from convstep.candidate.record.subject import Subject, failed_words, least_axes
from convstep.candidate.record.varying import (
    left_alone,
    on_axes_of_one,
    on_other_arrays,
    with_other_numbers,
)
from convstep.candidate.verdicts.calls import Called, Pair
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, Held, Verdicts, digest
from convstep.candidate.verdicts.slopes import Clock
from convstep.frozen import frozen
from convstep.language import tr
from convstep.oracle import messages
from convstep.printable import SentenceError, printable
from convstep.recording import transfer
from convstep.recording.limits import Limits
from convstep.recording.recorder import Edited, RecordingError, Run, run
from convstep.recording.recording import Recording
from convstep.recording.source import Source, SourceText

WAYS = 24
"""How many ways of calling a function are held against its forward."""
DRAWS, FEWER = 6, 3
"""How many draws of numbers are tried, and how many of a call like one that agrees."""
SHORT = 1.0
"""Seconds without which no more such calls are tried."""
TRIES = 3
"""How often a function is loaded otherwise because of what it raises."""


Readying = Callable[[Ways, Mapping[str, Any], messages.Message], tuple[Served, Ready]]
"""Makes the call ready that `check` makes on a problem: who is called, and with what."""


def on_convolution(ways: Ways, asked: Mapping[str, Any], question: messages.Message) -> tuple[Served, Ready]:
    """A convolution's."""
    call = Call.read(asked["call"])
    served = ways.used(call)
    return served, by_convention(served, call, messages.read_problem(question))


def recorded(
    ways: Ways, question: messages.Message, readying: Readying = on_convolution
) -> dict[str, npt.ArrayLike]:
    """Record a call of the loaded function, and say what came of it: its log, or why there is none."""
    return _answered(ways, question, RECORD, _sent, readying)


def judged(
    ways: Ways, question: messages.Message, readying: Readying = on_convolution
) -> dict[str, npt.ArrayLike]:
    """Say what its own forward says of a call's run; see `recorded`."""
    return _answered(ways, question, JUDGE, _said, readying)


def held(ways: Ways, question: messages.Message) -> dict[str, npt.ArrayLike]:
    """Say what its own forward says on several draws of numbers of the call that is asked for.

    Where arguments are guessed: of the first way of calling it that agrees, if it differs in none before it;
    that it differs only if it does in every way in which anything can be said, and if its arrays cannot be
    mistaken. Otherwise the error says what is to be told.
    """
    asked = json.loads(str(question[HOLD]))
    try:
        with contextlib.chdir(asked["folder"]):
            if (engine := _engine_held(ways.first, asked)) is not None:
                return {"held": json.dumps([engine.as_plain(), False])}
            found = list(_held(ways.first, Arguments.read(asked["arguments"]), asked["seconds"]))
    except (SentenceError, RecordingError) as error:
        return {"error": str(error)}
    except BaseException as error:
        return {"error": short(f"{type(error).__name__}: {error}")}
    if not found:
        return {"error": tr("no forward is known that belongs to it; write one beside it, named alike")}
    best, ready = next(((one, ready) for one, ready in found if one.agrees), found[0])
    if best.agrees:
        against = [one for one, _ in found if _is_against(one, best, ready)]
        if against:
            said = tr(
                "called as {call} it agrees, and as {other} it does not: {how}; "
                "say which is meant, with --shape or --call",
                call=best.forward,
                other=against[0].forward,
                how=_how(against[0]),
            )
            best = replace(best, asks=said)
    elif any(one.differs for one, _ in found):
        best, ready = next((one, ready) for one, ready in found if one.differs)
        if has_loss(ready.forward) and all(one.mark.kind != AGREES for one in best.ends):
            # a loss that is printed need not be the one that is learned by
            said = tr("none of its gradients is one of {forward}", forward=best.forward.partition("(")[0])
            best = replace(best, asks=said)
        elif ready.guess is not None and not _is_certain(best, ready.guess):
            why = next(one.mark.how for one in best.ends if one.mark.kind == DIFFERS)
            said = tr(
                "called as {call} it differs: {how}; "
                "if that is how it is meant, say so with --shape or --call",
                call=best.forward,
                how=why,
            )
            best = replace(best, asks=said)
    varied = ready.guess is not None and ready.guess.varied
    stepped = (
        best is found[0][0]
        and not varied
        and not (ways.first.candidate.kind == "autograd" or _on_tensors(ways.first))
    )
    return {"held": json.dumps([best.as_plain(), stepped])}


def _engine_held(served: Served, asked: Mapping[str, Any]) -> Held | None:
    """What the operations of a class of nodes come to; None if it is none, or its call is given."""
    if not served.candidate.engine or Arguments.read(asked["arguments"]) != Arguments():
        return None
    from convstep.candidate.verdicts.engine import engine_held

    for _ in range(TRIES):
        found, stuck = engine_held(served, asked["seconds"])
        if found is not None or stuck is None:
            return found
        if served.hint(stuck):
            raise CandidateError(failed_words(served, stuck, tr("its operations cannot be tried")))
        other = served.otherwise(f"{type(stuck).__name__}: {stuck}")
        if other is None:
            return None
        served = other
    return None


def _how(one: Held) -> str:
    """How a way of calling differs, a clause."""
    return next((end.mark.how for end in one.ends if end.mark.kind != AGREES), "")


def _is_against(one: Held, best: Held, ready: Ready) -> bool:
    """Whether one way of calling speaks against the best: wrong, unless of fewer axes or another target."""
    if one is best:
        return False
    if ready.guess is not None and ready.guess.kinds:
        return one.differs and max(one.ranks, default=0) > max(best.ranks, default=0)
    fewer = len(one.ranks) == len(best.ranks) and all(map(operator.le, one.ranks, best.ranks))
    if fewer and one.ranks != best.ranks:
        return False
    # of arrays that all have as many axes, sums over the rest do not show
    return one.differs or (one.misfit and len(set(best.ranks)) < 2)


def _is_certain(one: Held, guess: Guess) -> bool:
    """Whether what is guessed proves that a result is wrong: its arrays cannot be mistaken."""
    return guess.sure or guess.kinds or len(one.ranks) < 2 or one.whole


def _held(served: Served, arguments: Arguments, seconds: float) -> Iterator[tuple[Held, Ready]]:
    clock = Clock.of(seconds)
    for number in range(TRIES):
        served = _over_arrays(served)
        said, anything = "", False
        for ready in _calls(served, arguments):
            narrow = ready.guess is not None and ready.guess.narrow
            if (narrow or ready.only_right) and anything:
                return
            one = _on_draws(served, ready, clock)
            if one is None or (ready.only_right and not one.agrees):
                continue
            if (
                one.agrees
                and ready.forward is not None
                and max(one.ranks, default=2) < least_axes(ready.forward)
            ):
                continue  # of one row there is nothing to lay otherwise
            said, anything = said or next(iter(one.notes), ""), anything or bool(one.draws) or one.misfit
            yield _varied(served, ready, one, clock) if one.agrees else (one, ready)
            if one.agrees or clock.left < 0:
                return
        loaded = served.otherwise(said) if said and number + 1 < TRIES else None
        if loaded is None:
            return
        served = loaded


def _varied(served: Served, ready: Ready, held: Held, clock: Clock) -> tuple[Held, Ready]:
    """What agrees, with what else it agrees with; or the first thing with which it does not, and that call.

    What differs only on larger arrays differs whatever it is told.
    """
    subject, basis = Subject.of(served), ready
    also, names, notes = list[str](), list[str](), list[str]()

    def tried(other: Ready) -> Held | None:
        return _on_draws(served, other, clock, FEWER) if clock.left > SHORT else None

    for each in on_other_arrays(subject, ready):
        again = tried(each.ready)
        if again is not None and again.differs and each.surely:
            note = tr("that is with {other}; on smaller arrays it agrees", other=each.words)
            return replace(again, notes=(note, *again.notes)), each.ready
        if again is not None and again.agrees:
            basis = each.ready
            break
    for others in with_other_numbers(subject, basis):
        for each in others:
            again = tried(each.ready)
            if again is not None and again.differs and each.surely:
                note = tr("that is with {other}; without that it agrees", other=each.words)
                return replace(again, notes=(note, *again.notes)), each.ready
            if again is not None and again.differs:
                notes.append(
                    tr("with {numbers} it differs: its backward is not handed that", numbers=each.words)
                )
            if again is not None and again.agrees:
                also.append(each.words)
                names += each.names
                break
            if again is not None and again.notes and not again.ends:
                notes.append(tr("with {other}, {why}", other=each.words, why=again.notes[0]))
    shapes, of_one = on_axes_of_one(subject, ready)
    undone = len(shapes) > 3 and all((one := tried(each.ready)) is not None and one.agrees for each in shapes)
    for each in of_one if undone else ():
        again = tried(each.ready)
        if again is not None and again.differs:
            note = tr("that is with {other}; without an axis of length 1 it agrees", other=each.words)
            return replace(again, notes=(note, *again.notes)), each.ready
        if again is not None and again.agrees:
            also.append(each.words)
    kept = tuple(left_alone(subject, ready, names))
    return replace(held, also=tuple(also), kept=kept, notes=(*held.notes, *notes)), ready


def _calls(served: Served, arguments: Arguments) -> Iterator[Ready]:
    """The calls that are held against the forward: those asked for, or guessed; then those of a layer."""
    failed: CandidateError | None = None
    try:
        yield from itertools.islice(given_call(served, arguments), WAYS)
    except CandidateError as error:
        failed = error
    none = True
    for ready in as_layers(served) if arguments == Arguments() else ():
        none = False
        yield ready
    if failed is not None and none:
        raise failed


def _on_tensors(served: Served) -> bool:
    """Whether a function, which is no Function, takes PyTorch's tensors, as it or its forward shows."""
    candidate = served.candidate
    if candidate.kind != "function" or not candidate.tensors:
        return False
    both = served.function, forward_of(candidate.name, served.namespace)
    codes = [getattr(inspect.unwrap(one), "__code__", None) for one in both if one is not None]
    named = {name for code in codes if code is not None for name in code.co_names}
    # what turns arrays into tensors itself, or tensors into arrays, takes arrays
    return not named & {"numpy", "from_numpy"} and any(map(_of_torch, map(served.namespace.get, named)))


def _of_torch(value: Any) -> bool:
    name = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "")
    return str(name).partition(".")[0] == "torch"


def _over_arrays(served: Served) -> Served:
    """The same with functions over NumPy arrays, where they are over tensors."""
    if not _on_tensors(served):
        return served
    from convstep.candidate.record.autograd import over_arrays

    functions = {name: over_arrays(one) for name, one in served.namespace.items() if inspect.isfunction(one)}
    return replace(served, function=over_arrays(served.function), namespace={**served.namespace, **functions})


def _on_draws(served: Served, ready: Ready, clock: Clock, draws: int = DRAWS) -> Held | None:
    """What its own forward says of a call on several draws of numbers; None if it has none."""
    from convstep.candidate.verdicts.deliberate import left_open
    from convstep.candidate.verdicts.derivative import derivative
    from convstep.candidate.verdicts.draws import held

    on_draws = functools.partial(held, draws=draws)
    pair = _pair(served, ready)
    if pair is None:
        return None
    sources = source_in(served, pair.forward.function), source_in(served, pair.backward.function)
    share = Clock.of(max(clock.left / 2, 1.0))
    # of one that agreed before, another shape is no guess
    guessed = ready.guess is not None and not ready.guess.varied
    if served.candidate.kind == "autograd":  # PyTorch's engine runs its lines, which nobody sees
        found = on_draws(pair, (None, None), share, guessed=guessed, lines=False)
        return left_open(found, pair, served.candidate.source)
    if _on_tensors(served):
        return on_draws(pair, (None, None), share, guessed=guessed, lines=False)
    if (alone := derivative(pair, sources)) is not None:
        return alone
    found = on_draws(pair, sources, share, guessed=guessed)
    if found.differs and (other := pair.otherwise()) is not None:  # as `1 - a ** 2` is meant
        again = on_draws(other, sources, share, guessed=guessed)
        return replace(again, of_output=("",) in other.links.values()) if again.agrees else found
    if ready.guess is not None and not found.agrees and (above := pair.from_above()) is not None:
        again = on_draws(above, sources, share, guessed=True)
        if again.agrees:
            return again
        said = tr(
            "it is not known whether what {backward} is given is a gradient from above",
            backward=found.backward,
        )
        return replace(found, ends=(), notes=(said,))
    return found


@frozen()
class Wish:
    """That a call which was recorded is to be recorded with other numbers."""

    guess: int | None = None
    """Which of the calls that were tried it was; None for the first that fits."""
    numbers: Edited = field(default_factory=dict)
    """What cells of its arguments shall hold; see `recorder.run`."""

    def as_plain(self) -> list[Any]:
        """As lists, texts and numbers."""
        cells = [
            [path, list(index), np.asarray(number).item()]
            for path, own in self.numbers.items()
            for index, number in own.items()
        ]
        return [self.guess, cells]

    @classmethod
    def read(cls, plain: list[Any] | None) -> Wish:
        """From what `as_plain` makes; None for no wish."""
        guess, cells = plain or (None, [])
        numbers: dict[str, dict[tuple[int, ...], Any]] = {}
        for path, index, number in cells:
            numbers.setdefault(path, {})[tuple(index)] = number
        return cls(guess, numbers)


@frozen(eq=False)
class _Done:
    """A call that was recorded."""

    served: Served
    ready: Ready
    """The call; what it holds may have changed."""
    pair: Pair | None
    """The same with its forward, where that is asked and known."""
    backward: Called | None
    """The call as it was before it was made, where that is asked."""
    run: Run
    guess: int = 0
    """Which of the calls it is that were tried."""


Answer = Callable[[_Done, float], dict[str, npt.ArrayLike]]


def _answered(
    ways: Ways, question: messages.Message, kind: str, answer: Answer, readying: Readying
) -> dict[str, npt.ArrayLike]:
    asked = json.loads(str(question[kind]))
    limits, wish = Limits(seconds=asked["seconds"]), Wish.read(asked.get("wish"))
    paired = kind == JUDGE
    candidate = ways.first.candidate
    try:
        if candidate.kind == "autograd":
            raise CandidateError(
                tr(
                    "{name} is a torch.autograd.Function; only functions over NumPy arrays can be stepped",
                    name=candidate.name,
                )
            )
        if asked["arguments"] is None:
            served, ready = readying(ways, asked, question)
            done = _done(served, ready, limits, paired, wish.numbers)
        else:
            # a path was typed where the command was; the file's own code may have gone elsewhere
            with contextlib.chdir(asked["folder"]):
                done = _first_that_fits(ways.first, Arguments.read(asked["arguments"]), limits, paired, wish)
        return answer(done, asked["seconds"])
    except (SentenceError, RecordingError) as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": tr("there is not enough memory for its arguments; use smaller ones")}
    except BaseException as error:
        said = short(f"{type(error).__name__}: {error}")
        return {"error": tr("recording it ended with {said}", said=said)}


def _sent(done: _Done, seconds: float) -> dict[str, npt.ArrayLike]:
    facts = {"how": done.ready.how, "guess": done.guess, "notes": list(done.served.candidate.notes)}
    return {**messages.prefixed("log", transfer.arrays_of(done.run)), "facts": json.dumps(facts)}


def _said(done: _Done, seconds: float) -> dict[str, npt.ArrayLike]:
    from convstep.candidate.verdicts.judging import judge, judge_alone  # recordings begin sooner without

    name, run = done.served.candidate.name, done.run
    found = Verdicts(note=tr("no forward is known that belongs to {backward}", backward=name))
    if run.log.ended is not None:
        reason = printable(run.log.ended.sentence)
        found = Verdicts(note=tr("{backward} does not return: {reason}", backward=run.name, reason=reason))
    else:
        total = Recording(run.log, run.source.text, run.name).total
        if done.pair is not None:
            sources = source_in(done.served, done.pair.forward.function), run.source
            found = judge(done.pair, sources, total, seconds)
        if not found.end and done.backward is not None:
            found = judge_alone(done.backward, run.source, found.note, total, seconds)
    return {"verdicts": json.dumps(found.as_plain()), "digest": digest(done.run.source.text)}


def _first_that_fits(served: Served, arguments: Arguments, limits: Limits, paired: bool, wish: Wish) -> _Done:
    """The first call that does not raise and whose loops turn, or came furthest; of a wish, that again."""
    best: _Done | None = None
    idle: _Done | None = None
    tried = -1
    for _ in range(TRIES):
        said = ""
        for ready in given_call(served, arguments):
            tried += 1
            meant = tried == wish.guess
            done = _done(served, ready, limits, paired, wish.numbers if meant else {}, tried)
            ended = done.run.log.ended
            if meant:
                return done
            if ended is None or ended.kind != "raised":
                if wish.guess is None and not _idle(done):
                    return done
                idle = idle or done
                continue
            said = said or ended.sentence
            if best is None or len(done.run.log.order) > len(best.run.log.order):
                best = done
        other = served.otherwise(said) if said else None
        if other is None:
            break
        served = other
    if idle is not None and wish.guess is None:
        return idle
    assert best is not None
    ended = best.run.log.ended
    assert ended is not None
    if best.ready.asks and not _turned(best.run):
        # it has not even come to a loop: what is wrong is the guess, for all that is known
        sentence = tr(
            "the arguments that are guessed do not fit {name} (line {line}: {said}); {how}",
            name=best.served.candidate.name,
            line=ended.line,
            said=ended.sentence,
            how=best.ready.asks,
        )
        raise CandidateError(sentence)
    return best


def _idle(done: _Done) -> bool:
    """Whether its arguments are guessed, and no loop had anything to do with them."""
    log = done.run.log
    turns = [len(log.payloads[loop.turn]) for loop in log.sites.loops]
    return bool(done.ready.asks and turns) and not any(turns)


def _turned(done: Run) -> bool:
    """Whether a loop of a run has begun its second turn."""
    return any(len(done.log.payloads[loop.turn]) > 1 for loop in done.log.sites.loops)


def _done(
    served: Served, ready: Ready, limits: Limits, paired: bool, numbers: Edited, guess: int = 0
) -> _Done:
    """Run a call with hooks; its lines are those that were loaded, whatever became of the file."""
    pair = _pair(served, ready) if paired else None
    backward = None
    if paired:
        with contextlib.suppress(Exception):  # a lock, a generator: it cannot be made again
            backward = Called.kept(ready.function, *ready.places, **ready.named)
    source = source_in(served, ready.function)
    done = run(ready.function, ready.places, ready.named, source=source, limits=limits, numbers=numbers)
    return _Done(served, ready, pair, backward, done, guess)


def _pair(served: Served, ready: Ready) -> Pair | None:
    """A call with the one that was made before it, or that makes what it is given."""
    backward = Called(ready.function, ready.places, ready.named)
    try:
        if ready.before is not None:
            return Pair.of(*ready.before, backward)
    except Exception:  # a lock, a generator: it cannot be made again
        return None
    if ready.forward is None:
        return None
    from convstep.candidate.verdicts.finding import reconstructed

    names = {**served.namespace, **ready.known}
    return reconstructed(backward, ready.forward, names, source_in(served, ready.function))


def source_in(served: Served, function: Callable[..., Any]) -> Source | None:
    """The text of a function's file as it was loaded; None if Python knows it."""
    function = inspect.unwrap(function)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    part = served.part(code.co_filename) if code is not None else None
    if part is None:
        return None
    text = SourceText(part.filename, tuple(part.text.split("\n")), part.cell)
    return Source(text, ast.Module(part.statements, []))


def main(arguments: Sequence[str]) -> None:
    """Serve a target; see `convstep.candidate.call.child.main`."""
    child.main(arguments, {RECORD: recorded, JUDGE: judged, HOLD: held})
