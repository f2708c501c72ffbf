"""OperatorFile: an operator of somebody's file, whose code runs in a process of its own and never in ours."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from convstep.candidate.operators.so_far import Running, unsound
from convstep.candidate.record.child import Wish
from convstep.candidate.record.recorder import ROOM, Recorded
from convstep.candidate.record.watching import WatchedFile
from convstep.candidate.verdicts.marks import Verdicts
from convstep.frozen import frozen
from convstep.language import spoken, tr
from convstep.operators.mistake import Mistake, Variant
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem
from convstep.operators.registry import OperatorError, added, is_ours
from convstep.oracle import messages, watched
from convstep.oracle.conversation import Ended, Silent, started
from convstep.oracle.messages import prefixed, tuples, without
from convstep.printable import SENTENCE, printable
from convstep.recording import transfer
from convstep.recording.recorder import Edited
from convstep.recording.recording import Recording

SECONDS = 60.0
"""How long the file may run, and each of its functions."""
AT_ONCE = 12
"""Problems that are asked for at once."""

TRIED = 3
"""On how many problems beside the small one an operator is tried before it says what is right."""

Ask = Callable[[Mapping[str, Any], Mapping[str, npt.ArrayLike]], messages.Message]


class OperatorFile:
    """A file's operator, as far as our process can have it: its functions ask the other one."""

    def __init__(self, path: str, name: str, seconds: float = SECONDS) -> None:
        """Run all of the file; blocks until it has run.

        It may take so many seconds, and so may each question. An `OperatorError` says in one sentence that it
        does not run, or has no such operator.
        """
        if not os.path.isfile(path):
            raise OperatorError(
                tr("there is no file {path}; check the name and the folder", path=printable(path))
            )
        self.target, self._path, self._name, self._seconds = f"{path}:{name}", path, name, seconds
        self._one_question, self._closed = threading.Lock(), False
        self._watched = WatchedFile(path)
        self._begin()

    def _begin(self) -> None:
        try:
            self._process, self._conversation = started(
                "convstep.candidate.operators.serving",
                self._path,
                self._name,
                spoken(),
                environment={"OMP_NUM_THREADS": "1"},
            )
        except OSError as error:
            raise OperatorError(
                tr("no process can be started: {reason}", reason=error.strerror or error)
            ) from error
        said = self._heard()
        with self._sense():
            self.operator = _operator(json.loads(messages.text(said, "facts")), self.ask)

    # asking

    def ask(self, asked: Mapping[str, Any], arrays: Mapping[str, npt.ArrayLike]) -> messages.Message:
        """What the other process answers; an `OperatorError` if that raises, hangs, or ends it."""
        with self._one_question:
            told = json.dumps(asked, default=lambda value: np.asarray(value).tolist())
            self._conversation.ask({"asked": told, **arrays}, ROOM)
            return self._heard()

    def _heard(self) -> messages.Message:
        try:
            said = self._conversation.hear(self._seconds)
        except Silent as silent:
            self._end()
            raise OperatorError(
                tr("{target} did not return within {seconds:g} s", target=self._shown, seconds=silent.seconds)
            ) from None
        except Ended:
            self._end()
            raise OperatorError(tr("the process that runs {target} ended", target=self._shown)) from None
        except messages.Malformed:
            self._end()
            raise OperatorError(tr("{target} answered nonsense", target=self._shown)) from None
        if "error" in said:
            raise OperatorError(printable(messages.text(said, "error"), SENTENCE))
        return said

    @property
    def _shown(self) -> str:
        return printable(self.target)

    @contextlib.contextmanager
    def _sense(self) -> Iterator[None]:
        """What fails while an answer is read is the other side's fault."""
        try:
            yield
        except OperatorError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise OperatorError(tr("{target} answered nonsense", target=self._shown)) from error

    # stepping

    def shown(
        self,
        case: str | None = None,
        mistake: str | None = None,
        *,
        forward: bool = False,
        numbers: Edited = MappingProxyType({}),  # it cannot be changed
    ) -> FileShown:
        """Record a pass there; see `shown.shown_of`."""
        asked: dict[str, Any] = {"kind": "shown", "case": case, "mistake": mistake, "forward": forward}
        asked |= {"judged": False, "wish": Wish(numbers=numbers).as_plain()}
        said = self.ask(asked, {})
        with self._sense():
            told = json.loads(messages.text(said, "told"))
            recording = transfer.recording_of(without("log", said))
            recorded = Recorded(recording, self.target, tuple(map(str, told["words"])), str(told["how"]), ())
            return FileShown(self, _problem("", said), recorded, asked)

    def changed(self) -> bool:
        """Whether the file was saved since it was run."""
        return self._watched.changed()

    def run_again(self) -> None:
        """Run the file anew, as it is now; after an `OperatorError` what ran before goes on."""
        if self._closed:
            return
        process, conversation = self._process, self._conversation
        try:
            self._begin()
        except OperatorError:
            self._end()
            self._process, self._conversation = process, conversation
            raise
        watched.end(process)
        conversation.close()
        if self._closed:  # meanwhile
            self._end()

    def close(self) -> None:
        """End the process; whoever waits for it gets an OperatorError."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        watched.end(self._process)
        self._conversation.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(slots=True, eq=False)
class FileShown:
    """A pass of a file's operator, recorded; see `shown.Shown`."""

    file: OperatorFile
    """Where it runs."""
    problem: OperatorProblem
    """What on."""
    recorded: Recorded
    """What can be stepped."""
    _asked: Mapping[str, Any] = field(repr=False)

    @property
    def compares(self) -> bool:
        """Whether it is the backward."""
        return not self._asked["forward"]

    def running(self, recording: Recording) -> Running:
        """What its gradients should be."""
        return Running(self.file.operator, self.problem, recording)

    def judge(self, recording: Recording) -> Verdicts:
        """What its forward says of it; an `OperatorError` if that cannot be found out."""
        said = self.file.ask({**self._asked, "judged": True}, {})
        with self.file._sense():
            return Verdicts.read(json.loads(messages.text(said, "verdicts")))

    def again(self) -> Recording | None:
        """Record it anew if its file was saved, else None; an `OperatorError` says why it cannot be."""
        if not self.file.changed():
            return None
        self.file.run_again()
        return self.with_numbers({})

    def with_numbers(self, numbers: Edited) -> Recording:
        """Record it on the same problem with other numbers; with none, on what there was."""
        case, mistake, forward = (self._asked[name] for name in ("case", "mistake", "forward"))
        found = self.file.shown(case, mistake, forward=forward, numbers=numbers)
        self.problem, self.recorded, self._asked = found.problem, found.recorded, found._asked
        return found.recorded.recording

    def close(self) -> None:
        """End its process."""
        self.file.close()


# the operator, as our process has it


class _There:
    """A function of the file: called here, it runs there."""

    def __init__(self, which: str, told: list[Any], ask: Ask) -> None:
        self.__name__ = self.__qualname__ = str(told[0])
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter(
                    str(name),
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=... if optional else inspect.Parameter.empty,
                )
                for name, optional in told[1]
            ]
        )
        self._which, self._ask = which, ask
        self.text = str(told[2])
        """Its lines."""

    def __deepcopy__(self, memo: object) -> _There:
        """There is one process."""
        return self

    def __call__(self, *places: Any, **named: Any) -> Any:
        given = self.__signature__.bind(*places, **named).arguments
        arrays = {name: value for name, value in given.items() if isinstance(value, np.ndarray)}
        options = {name: value for name, value in given.items() if name not in arrays}
        said = self._ask(
            {"kind": "call", "which": self._which, "options": options}, prefixed("array", arrays)
        )
        made = tuple(without("made", said).values())
        return made if messages.number(said, "several") else made[0]


@frozen()
class _Way(Variant):
    """A way of making a mistake, whose lines run there."""

    there: Callable[..., Any] = len
    """The backward with the wrong lines."""
    whole: str = ""
    """All of its text."""

    @property
    def backward(self) -> Callable[..., Any]:
        """See `Variant`."""
        return self.there

    @property
    def text(self) -> str:
        """See `Variant`."""
        return self.whole


def _operator(told: Mapping[str, Any], ask: Ask) -> Operator:
    forward = _There("forward", told["forward"], ask)
    backward = _There("backward", told["backward"], ask)

    def mistake(
        id: str, title: str, explanation: str, sources: list[str], ways: list[tuple[Any, str, str]]
    ) -> Mistake:
        variants = tuple(
            _Way(
                backward,
                tuple((str(right), str(wrong)) for right, wrong in hunks),
                str(label),
                _There(f"{id}:{number}", told["backward"], ask),
                str(text),
            )
            for number, (hunks, label, text) in enumerate(ways)
        )
        return Mistake(str(id), str(title), str(explanation), tuple(map(str, sources)), variants)

    def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
        seed = int(rng.integers(2**32))
        for first in itertools.count(0, AT_ONCE):
            said = ask({"kind": "problems", "seed": seed, "first": first, "count": AT_ONCE}, {})
            count = messages.number(said, "count")
            yield from (_problem(f"{number}.", said) for number in range(count))
            if count < AT_ONCE:
                return

    @functools.cache
    def small() -> OperatorProblem:
        return _problem("", ask({"kind": "small"}, {}))

    return Operator(
        name=str(told["name"]),
        title=str(told["title"]),
        forward=forward,
        backward=backward,
        gradients=tuple(map(str, told["gradients"])),
        axes={str(name): str(axes) for name, axes in told["axes"].items()},
        torch=str(told["torch"]),
        small=small,
        problems=problems,
        outputs=tuple(map(str, told["outputs"])),
        conventions=tuple(
            Convention(str(name), dict(axes), dict(divided)) for name, axes, divided in told["conventions"]
        ),
        called=str(told["called"]),
        words={str(name): str(words) for name, words in told["words"].items()},
        mistakes=tuple(mistake(*one) for one in told["mistakes"]),
    )


def _problem(word: str, said: messages.Message) -> OperatorProblem:
    plain = json.loads(messages.text(said, f"{word}plain"))
    arrays: dict[str, Array] = without(f"{word}array", said)
    options = {str(name): tuples(value) for name, value in plain["options"].items()}
    return OperatorProblem(arrays, without(f"{word}upstream", said), options, str(plain["about"]))


@contextlib.contextmanager
def known(operator: str | Operator | None) -> Iterator[str | None]:
    """The name by which an operator is known while this lasts.

    A name of `convstep.operators()` stays as it is. One of a file, `scale.py:SCALE`, runs in a process of its
    own as long as this lasts. An `OperatorError` says that it does not run, or is wrong itself.
    """
    if isinstance(operator, str):
        path, colon, name = operator.rpartition(":")
        if not colon:
            yield operator
            return
        with OperatorFile(path, name) as file, _trusted(file.operator):
            yield file.operator.name
    elif isinstance(operator, Operator):
        with _trusted(operator):
            yield operator.name
    else:
        yield None


@contextlib.contextmanager
def _trusted(operator: Operator) -> Iterator[None]:
    """Known while this lasts, if its backward is the gradient of its forward, as it says what is right."""
    if not is_ours(operator.name):
        problems = (operator.small(), *itertools.islice(operator.problems(np.random.default_rng(0)), TRIED))
        if said := unsound(operator, problems):
            raise OperatorError(
                tr(
                    "{name}: its backward is not the gradient of its own forward, so that nothing is checked "
                    "with it: {said}; `convstep open` shows where",
                    name=operator.name,
                    said=said,
                )
            )
    with added(operator):
        yield
